"""Batches: run many tasks from a file, with a journal from which a stopped batch is resumed."""

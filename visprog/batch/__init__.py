"""Many tasks from a file, with a journal: what is done stays done, whatever ends the process."""

"""Results of steps that are kept: in memory, and on disk for other processes."""

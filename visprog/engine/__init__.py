"""From a checked program to a record of its run."""

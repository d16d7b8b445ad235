"""The commands, a file each. Their docstrings and options are what `--help` shows."""

"""One file for each command. `--help` shows their docstrings and options."""

"""Trains the models of the profile `mini`: `python -m training --help`. It is not installed with VisProg."""

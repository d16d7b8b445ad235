"""The backends that come with VisProg: a package each, with one record called `BACKEND`."""

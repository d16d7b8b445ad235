"""The profiles that come with VisProg, as TOML files."""

"""Profiles: which model fills each role, as TOML that anyone can edit."""

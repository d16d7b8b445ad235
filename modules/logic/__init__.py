"""Arithmetic and logic: tools that compute with values."""

"""Runs checked programs."""

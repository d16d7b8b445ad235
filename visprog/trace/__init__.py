"""The record of a run, and its views: HTML, JSON, terminal."""

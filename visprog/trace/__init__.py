"""The record of a run and its views: a page, JSON, and a terminal."""

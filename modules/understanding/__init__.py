"""Image understanding: tools that find, tell apart and answer."""

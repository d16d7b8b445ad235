"""Image understanding: tools that find objects, classify them and answer questions."""

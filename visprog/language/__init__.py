"""The language of programs: parse text into a `Program`, and check it.

This package has no models, no input or output, and no third-party imports.
"""

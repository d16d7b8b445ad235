"""The language of programs: text to `Program`, and what is wrong with it.

No models, no input or output, no third-party imports.
"""

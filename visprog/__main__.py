"""`python -m visprog` is the command line."""

from __future__ import annotations

from visprog.cli import main

main()

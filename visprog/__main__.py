"""Run the command line with `python -m visprog`."""

from __future__ import annotations

from visprog.cli import main

main()

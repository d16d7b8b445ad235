"""`visprog doctor`: show what works on this machine."""

from __future__ import annotations

import typer

from visprog.cli.options import Json, Models
from visprog.cli.reporting import print_json, reporting
from visprog.cli.sessions import make_session


def doctor(models: Models = "base", as_json: Json = False) -> None:
    """Show what works on this machine, what is missing, and how to install it."""
    with reporting(as_json):
        from visprog.doctor import diagnose, show

        findings = diagnose(make_session("auto", models, None))
        if as_json:
            print_json([finding._asdict() for finding in findings])
        else:
            show(findings)
        if any(finding.state == "broken" for finding in findings):
            raise typer.Exit(1)

"""`visprog check`: find the faults of program files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from visprog.arguments import read_given_program
from visprog.cli.options import Json, Tools
from visprog.cli.reporting import colored, note, print_json, reporting
from visprog.cli.sessions import make_session
from visprog.errors import UsageError
from visprog.printable import printable

if TYPE_CHECKING:
    from visprog.language.diagnostics import Diagnostic


def check(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE", help="Programs (.vp) or banks of examples; `-` is standard input."),
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input", metavar="NAME", help="A picture's name beside IMAGE, LEFT and RIGHT; may be repeated."
        ),
    ] = None,
    tools: Tools = None,
    as_json: Json = False,
) -> None:
    """Find every fault of programs before anything runs."""
    with reporting(as_json):
        from visprog.language import diagnostics
        from visprog.language.types import Type
        from visprog.planner.bank import check_bank, is_bank

        session = make_session("examples", "base", tools)
        known = ("IMAGE", "LEFT", "RIGHT", *(inputs or ()))
        found: list[tuple[str, Diagnostic, str]] = []
        unread = 0
        for file in files:
            try:
                name, text = read_given_program(file)
            except UsageError as error:  # the other files are looked at all the same
                note(f"error: {printable(error.message)}")
                unread += 1
                continue
            bank = is_bank(text)
            pictures = dict.fromkeys(known, Type.IMAGE)
            faults = (
                check_bank(text, session.tools, pictures) if bank else session.check(text, known).diagnostics
            )
            found += [(name, fault, text) for fault in faults]
        errors = sum(fault.is_error for _, fault, _ in found)
        if as_json:
            print_json([{"file": name, **diagnostics.to_json(fault)} for name, fault, _ in found])
        else:
            for name, fault, text in found:
                typer.echo(diagnostics.render([fault], text, name=name, color=colored(sys.stdout)) + "\n")
            missed = f"; {_counted(unread, 'file')} could not be read" if unread else ""
            note(f"{_counted(len(files) - unread, 'file')}: {_counted(errors, 'error')}, "
                  f"{_counted(len(found) - errors, 'warning')}{missed}")  # fmt: skip
        if errors or unread:
            raise typer.Exit(2 if unread else 1)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

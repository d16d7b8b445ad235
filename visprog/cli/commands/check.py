"""`visprog check`: find the faults of program files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from visprog.cli.arguments import read_given_program
from visprog.cli.options import Json, Tools
from visprog.cli.reporting import colored, note, print_json, reporting
from visprog.cli.sessions import make_session, refuse_foreign
from visprog.errors import UsageError

if TYPE_CHECKING:
    from visprog.language.diagnostics import Diagnostic
    from visprog.session import VisProg


class _Checked(NamedTuple):
    name: str
    text: str
    faults: tuple[Diagnostic, ...]


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
        session = make_session("examples", "base", tools)
        known = ("IMAGE", "LEFT", "RIGHT", *(inputs or ()))
        found: list[_Checked] = []
        for file in files:
            try:
                found.append(_check_file(session, file, known))
            except UsageError as error:  # the other files are looked at all the same
                note(f"error: {error.message}")
        _report(found, len(files) - len(found), as_json)


def _check_file(session: VisProg, file: Path, known: tuple[str, ...]) -> _Checked:
    from visprog.language.types import Type
    from visprog.planner.bank import check_bank, is_bank

    name, text = read_given_program(file)
    if is_bank(text):
        pictures = dict.fromkeys(known, Type.IMAGE)
        return _Checked(name, text, tuple(check_bank(text, session.tools, pictures)))
    checked = session.check(text, known)
    if not checked.ok:
        refuse_foreign(name, text)
    return _Checked(name, text, checked.diagnostics)


def _report(found: list[_Checked], unread: int, as_json: bool) -> None:
    from visprog.language import diagnostics
    from visprog.language.summary import render_summary

    faults = [(name, fault) for name, _, each in found for fault in each]
    errors = sum(fault.is_error for _, fault in faults)
    if as_json:
        print_json([{"file": name, **diagnostics.to_json(fault)} for name, fault in faults])
    else:
        for name, text, each in found:
            if each:
                typer.echo(render_summary(each, text, name=name, color=colored(sys.stdout)) + "\n")
        missed = f"; {_counted(unread, 'file')} could not be read" if unread else ""
        note(f"{_counted(len(found), 'file')}: {_counted(errors, 'error')}, "
              f"{_counted(len(faults) - errors, 'warning')}{missed}")  # fmt: skip
    if errors or unread:
        raise typer.Exit(2 if unread else 1)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

"""`visprog check`: find the errors of program files."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from visprog.cli.options import Json, Tools
from visprog.cli.programs import read_source, reject_other_kinds
from visprog.cli.reporting import note, print_json, reporting, use_color
from visprog.cli.sessions import make_session
from visprog.errors import UsageError

if TYPE_CHECKING:
    from visprog.language.diagnostics import Diagnostic
    from visprog.session import VisProg

Files = Annotated[
    list[Path],
    typer.Argument(
        metavar="FILE", help="Programs (.vp), banks of examples, or patterns. `-` is standard input."
    ),
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="NAME",
        help="The name of another picture, besides IMAGE, LEFT and RIGHT. May be repeated.",
    ),
]


class _CheckedFile(NamedTuple):
    name: str
    text: str
    faults: tuple[Diagnostic, ...]


def check(files: Files, inputs: Inputs = None, tools: Tools = None, as_json: Json = False) -> None:
    """Find all errors of programs without running them."""
    with reporting(as_json):
        session = make_session("examples", "base", tools)
        known = ("IMAGE", "LEFT", "RIGHT", *(inputs or ()))
        checked: list[_CheckedFile] = []
        for file in files:
            try:
                checked.append(_check_file(session, file, known))
            except UsageError as error:  # the other files are still checked
                note(f"error: {error.message}")
        _report(checked, len(files) - len(checked), as_json)


def _check_file(session: VisProg, file: Path, known: tuple[str, ...]) -> _CheckedFile:
    from visprog.language.types import Type
    from visprog.planner.bank import check_bank, is_bank
    from visprog.planner.pattern_check import check_patterns
    from visprog.planner.patterns.grammar import is_pattern_file
    from visprog.prompts import pattern_files

    name, text = read_source(file)
    if is_bank(text):
        pictures = dict.fromkeys(known, Type.IMAGE)
        return _CheckedFile(name, text, check_bank(text, session.tools, pictures))
    if is_pattern_file(text):
        return _CheckedFile(name, text, check_patterns(file.name, text, pattern_files(), session.tools))
    checked = session.check(text, known)
    if not checked.ok:
        reject_other_kinds(name, text)
    return _CheckedFile(name, text, checked.diagnostics)


def _report(files: list[_CheckedFile], unread: int, as_json: bool) -> None:
    from visprog.language import diagnostics

    faults = [(file.name, fault) for file in files for fault in file.faults]
    errors = sum(fault.is_error for _, fault in faults)
    if as_json:
        print_json([{"file": name, **diagnostics.to_json(fault)} for name, fault in faults])
    else:
        _print_faults(files)
        read = f"{_counted(len(files), 'file')}: {_counted(errors, 'error')}, "
        read += _counted(len(faults) - errors, "warning")
        missed = f"{_counted(unread, 'file')} could not be read"
        note("; ".join([read] * bool(files) + [missed] * bool(unread)))
    if errors or unread:
        raise typer.Exit(2 if unread else 1)


def _print_faults(files: list[_CheckedFile]) -> None:
    from visprog.language.summary import render_summary

    for file in files:
        if file.faults:
            shown = render_summary(file.faults, file.text, name=file.name, color=use_color(sys.stdout))
            typer.echo(shown + "\n")


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"

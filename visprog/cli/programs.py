"""Reads and checks the program files that the command line names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from visprog.cli.reporting import note, use_color
from visprog.errors import ProgramError, UsageError
from visprog.files import decode_text, read_stream
from visprog.inputs import PROGRAM, read_program

if TYPE_CHECKING:
    from visprog.language.checked import Checked
    from visprog.session import VisProg


def read_source(file: Path) -> tuple[str, str]:
    """Return the name and text of a program; `-` is standard input. Raises UsageError."""
    return ("standard input", _standard_input()) if str(file) == "-" else (str(file), read_program(file))


def _standard_input() -> str:
    """Return all of standard input, decoded as UTF-8 in any locale."""
    if sys.stdin is None:
        raise UsageError("standard input is closed", help="name a program's file, or pipe a program in")
    content = read_stream(sys.stdin.buffer, "standard input", PROGRAM)
    return decode_text(content, "standard input", UsageError)


def check_program_file(session: VisProg, file: Path, names: tuple[str, ...]) -> Checked:
    """Read and check a program for pictures of these names, and show its faults.

    Raises ProgramError if it has errors, and UsageError if the file contains something else.
    """
    name, text = read_source(file)
    checked = session.check(text, names)
    if not checked.ok:
        reject_other_kinds(name, text)
    if checked.diagnostics:
        show_diagnostics(checked, text, name)
        note("")
    if not checked.ok:
        raise ProgramError(f"{name} has errors, so it was not run", checked.diagnostics)
    return checked


def reject_other_kinds(name: str, text: str) -> None:
    """Raise UsageError if a text with errors looks like another kind of file, such as a JSON record."""
    from visprog.language.recognition import guess_format
    from visprog.planner.bank import is_bank

    kind = "a bank of examples" if is_bank(text) else guess_format(text)
    if kind is not None:
        raise UsageError(
            f"{name} is not a program: it looks like {kind}",
            help="a program has one statement on each line, such as RESULT=Caption(image=IMAGE)",
        )


def show_diagnostics(checked: Checked, source: str, name: str = "") -> None:
    """Print the errors and warnings of a program, with the lines that they are about."""
    from visprog.language.summary import render_summary

    if checked.diagnostics:
        summary = render_summary(checked.diagnostics, source, name=name, color=use_color(sys.stderr))
        note(summary, styled=True)

"""The session that a command asks for, and a program file checked in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from visprog.cli.arguments import make_zoo, read_given_program
from visprog.cli.reporting import colored, note
from visprog.errors import ProgramError, UsageError

if TYPE_CHECKING:
    from visprog.engine.cache.disk import DiskMemo
    from visprog.language.checker import Checked
    from visprog.session import VisProg


def make_session(
    planner: str,
    models: str,
    tools: list[Path] | None,
    filled: list[str] | None = None,
    device: str = "auto",
    cache: Path | None = None,
    deadline: float | None = None,
) -> VisProg:
    """Return the session that options of the command line describe. Raises UsageError."""
    from visprog.session import VisProg
    from visprog.tool_sources import load_tools

    added = [each for path in tools or () for each in load_tools(path)]
    kept = _disk_memo(cache) if cache is not None else None
    zoo = make_zoo(models, filled, device)
    return VisProg(planner=planner, models=zoo, tools=added, cache=kept, deadline=deadline)


def _disk_memo(folder: Path) -> DiskMemo:
    from visprog.engine.cache.disk import DiskMemo

    return DiskMemo(folder, tell=lambda words: note(f"warning: {words}"))


def read_checked(session: VisProg, file: Path, names: tuple[str, ...]) -> Checked:
    """Read and check a program, and show its faults. Raises ProgramError if it cannot run.

    Raises UsageError if the file holds something else than a program.
    """
    from visprog.language.summary import render_summary

    name, text = read_given_program(file)
    checked = session.check(text, names)
    if not checked.ok:
        refuse_foreign(name, text)
    shown = render_summary(checked.diagnostics, text, name=name, color=colored(sys.stderr))
    if shown:
        note(shown + "\n", styled=True)
    if not checked.ok:
        raise ProgramError(f"{name} has errors; nothing was run", checked.diagnostics)
    return checked


def refuse_foreign(name: str, text: str) -> None:
    """Raise UsageError if a text with errors is not a program at all."""
    from visprog.language.recognition import guess_format

    kind = guess_format(text)
    if kind is not None:
        raise UsageError(
            f"{name} is not a program: it looks like {kind}",
            help="a program has one statement on each line, such as RESULT=Caption(image=IMAGE)",
        )

"""The session that a command asks for, and a program file checked in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from visprog.arguments import make_zoo, read_given_program
from visprog.cli.reporting import colored, note
from visprog.errors import ProgramError
from visprog.printable import printable

if TYPE_CHECKING:
    from visprog.engine.disk_memo import DiskMemo
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
    from visprog.tools import load_tools

    added = [each for path in tools or () for each in load_tools(path)]
    kept = _disk_memo(cache) if cache is not None else None
    zoo = make_zoo(models, filled, device)
    return VisProg(planner=planner, models=zoo, tools=added, cache=kept, deadline=deadline)


def _disk_memo(folder: Path) -> DiskMemo:
    from visprog.engine.disk_memo import DiskMemo

    return DiskMemo(folder, tell=lambda words: note(f"warning: {printable(words)}"))


def read_checked(session: VisProg, file: Path, names: tuple[str, ...]) -> Checked:
    """Read and check a program, and show its faults. Raises ProgramError where it cannot run."""
    from visprog.language.diagnostics import render

    name, text = read_given_program(file)
    checked = session.check(text, names)
    shown = render(checked.diagnostics, text, name=name, color=colored(sys.stderr))
    if shown:
        note(shown + "\n")
    if not checked.ok:
        raise ProgramError(f"{name} has errors; nothing was run", checked.diagnostics)
    return checked

"""Shows on a terminal how far a planner has come: a model on this machine may take minutes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from visprog.models.progress import listening


@contextmanager
def planning_shown(console: Console | None = None) -> Iterator[None]:
    """Show a line on standard error for as long as the block takes, if that is a terminal."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status("planning") as status:

        def show(done: int, total: int) -> None:
            status.update(f"planning: {done} of at most {total} tokens")

        with listening(show):
            yield

"""Plans a program for an instruction, and shows the plan."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from visprog.cli.programs import show_diagnostics
from visprog.cli.reporting import note

if TYPE_CHECKING:
    from rich.console import Console

    from visprog.planner.plan import Plan
    from visprog.session import VisProg


def plan_instruction(session: VisProg, instruction: str, names: tuple[str, ...], task: str) -> Plan:
    """Return a plan for pictures of these names. A terminal shows the planner's progress."""
    with show_progress():
        return session.plan(instruction, names, task=task)


@contextmanager
def show_progress(console: Console | None = None) -> Iterator[None]:
    """Show a status line on standard error while the block runs, if that is a terminal.

    Planning with a local model may take minutes.
    """
    from rich.console import Console

    from visprog.models.progress import listening

    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status("planning") as status:

        def show(done: int, total: int) -> None:
            status.update(f"planning: {done} of at most {total} tokens")

        with listening(show):
            yield


def show_origin(plan: Plan) -> None:
    """Print the planner and the bank of a plan, the planner's remarks, and the warnings of the checker."""
    note("\n".join([f"planned by {plan.planner} with the bank {plan.task}", *plan.remarks]))
    show_diagnostics(plan.checked, plan.checked.program.source)


def show_plan(plan: Plan) -> None:
    """Print where a plan comes from, and its program."""
    if not plan.is_given:
        show_origin(plan)
    note("\n" + "\n".join(f"  {line}" for line in str(plan).splitlines()) + "\n")

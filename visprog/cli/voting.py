"""Shows on standard error the programs that vote."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count

from visprog.cli.reporting import note
from visprog.images import Images
from visprog.planner.plan import Plan
from visprog.printable import one_line
from visprog.session import VisProg
from visprog.trace.run import Run
from visprog.trace.terminal import LiveSteps
from visprog.trace.value_view import describe


def shown(session: VisProg, images: Images) -> Callable[[Plan], Run]:
    """Return what runs a program over the pictures, and says which one it is and what it comes to."""
    numbers = count(1)

    def execute(plan: Plan) -> Run:
        name = f"program {next(numbers)}"
        note(f"{name}: {one_line('; '.join(str(plan).splitlines()))}")
        with LiveSteps(plan.checked.steps) as live:
            run = session.execute(plan, images, observer=live)
        came_to = describe(run.result).summary if run.ok else "nothing, as a step failed"
        note(f"{name} came to {one_line(came_to)}\n")
        return run

    return execute

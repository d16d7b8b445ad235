"""A session that shows on standard error the programs that vote."""

from __future__ import annotations

from pathlib import Path

from visprog.cli.reporting import note
from visprog.engine.interpreter import Observer
from visprog.language.checker import Checked
from visprog.language.parser import Parsed
from visprog.language.program import Program
from visprog.planner.plan import Plan
from visprog.printable import one_line
from visprog.session import Images, VisProg
from visprog.trace.rendering import describe
from visprog.trace.run import Run
from visprog.trace.terminal import LiveSteps


class Voters(VisProg):
    """Says of each program that it runs which one it is and what it comes to, and shows its steps between."""

    _number = 0

    def execute(
        self,
        program: str | Path | Program | Parsed | Checked | Plan,
        images: Images = (),
        *,
        observer: Observer | None = None,
    ) -> Run:
        """Run a program, as VisProg does."""
        if not isinstance(program, Plan) or observer is not None:
            return super().execute(program, images, observer=observer)
        self._number += 1
        note(f"program {self._number}: {one_line('; '.join(str(program).splitlines()))}")
        with LiveSteps(program.checked.steps) as live:
            finished = super().execute(program, images, observer=live)
        came_to = describe(finished.result).summary if finished.ok else "nothing, as a step failed"
        note(f"program {self._number} came to {one_line(came_to)}\n")
        return finished

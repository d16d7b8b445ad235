"""`visprog plan`: print the program for an instruction."""

from __future__ import annotations

from visprog.cli.arguments import named_pictures
from visprog.cli.options import (
    Device,
    Instruction,
    Json,
    Model,
    Models,
    Named,
    Pictures,
    Planner,
    Task,
    Tools,
)
from visprog.cli.planning import planning_shown
from visprog.cli.reporting import note, print_json, print_result, reporting
from visprog.cli.running import origin, show_diagnostics
from visprog.cli.sessions import make_session


def plan(
    instruction: Instruction,
    images: Pictures = None,
    image: Named = None,
    task: Task = "auto",
    planner: Planner = "auto",
    models: Models = "base",
    model: Model = None,
    device: Device = "auto",
    tools: Tools = None,
    as_json: Json = False,
) -> None:
    """Print the program for an instruction. No picture is opened: only their number and names count."""
    with reporting(as_json):
        session = make_session(planner, models, tools, model, device)
        names = tuple(named_pictures(images, image))
        with planning_shown():
            planned = session.plan(instruction, names, task=task)
        note(origin(planned))
        show_diagnostics(planned.checked, planned.checked.program.source)
        if as_json:
            facts = {"instruction": planned.instruction, "task": planned.task, "planner": planned.planner}
            print_json({**facts, "program": str(planned.checked.program), "remarks": list(planned.remarks)})
        else:
            print_result(str(planned.checked.program))

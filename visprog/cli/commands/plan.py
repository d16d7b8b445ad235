"""`visprog plan`: print the program for an instruction."""

from __future__ import annotations

from visprog.cli.arguments import read_pictures
from visprog.cli.options import (
    Device,
    Instruction,
    Json,
    ModelOverrides,
    Models,
    NamedPictures,
    Pictures,
    Planner,
    Task,
    Tools,
)
from visprog.cli.planning import plan_instruction, show_origin
from visprog.cli.reporting import print_json, print_result, reporting
from visprog.cli.sessions import make_session


def plan(
    instruction: Instruction,
    images: Pictures = None,
    image: NamedPictures = None,
    task: Task = "auto",
    planner: Planner = "auto",
    models: Models = "base",
    model: ModelOverrides = None,
    device: Device = "auto",
    tools: Tools = None,
    as_json: Json = False,
) -> None:
    """Print the program for an instruction. The pictures are not opened: only their names matter."""
    with reporting(as_json):
        session = make_session(planner, models, tools, model, device)
        plan = plan_instruction(session, instruction, tuple(read_pictures(images, image)), task)
        show_origin(plan)
        if as_json:
            facts = {"instruction": plan.instruction, "task": plan.task, "planner": plan.planner}
            print_json({**facts, "program": str(plan), "remarks": list(plan.remarks)})
        else:
            print_result(str(plan))

"""The demo: runs the paper's tasks on drawn pictures, offline, and writes a page with the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from visprog.errors import ModelUnavailable, VisProgError
from visprog.files import write_atomically
from visprog.language.program import Call
from visprog.miniworld.demo_page import DemoResult, render
from visprog.miniworld.demo_tasks import DEMO_TASKS, DemoTask
from visprog.miniworld.drawing import draw
from visprog.models.zoo import Zoo
from visprog.planner.plan import Plan
from visprog.session import VisProg

PLANNER = "transformers:visprog-mini/t5"
"""The planner of the demo. If it fails, the planner `examples` writes the program."""


def run_demo(
    out: Path,
    *,
    models: str | Mapping[str, object] | Zoo = "mini",
    planner: str = PLANNER,
    tasks: Sequence[DemoTask] = DEMO_TASKS,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Run the tasks and write the page to `out`. `progress` is called with the name of each stage.

    Tasks that need a role without a model are skipped. The demo does not use the network. Raise
    ModelUnavailable if a model cannot be loaded, and OutputError if the page cannot be written.
    """
    started = perf_counter()
    zoo = (
        models if isinstance(models, Zoo) else Zoo(models) if isinstance(models, str) else Zoo(models=models)
    )
    results = []
    with VisProg(planner=planner, models=zoo) as first, VisProg(planner="examples", models=zoo) as second:
        roles = {task.title: _roles(task, first) for task in tasks}
        possible = [task for task in tasks if all(map(zoo.has, roles[task.title]))]
        if not possible:
            raise ModelUnavailable(
                f"the profile {zoo.profile.name} has no models for the demo", help="use the profile `mini`"
            )
        progress("loading the models")
        for role in sorted(set().union(*(roles[task.title] for task in possible))):
            zoo.get(role)
        for task in possible:
            progress(task.title)
            results.append(_run(task, first, second))
    page = render(results, profile=zoo.profile.name, seconds=perf_counter() - started)
    write_atomically(out, page.encode())
    return out


def _roles(task: DemoTask, session: VisProg) -> set[str]:
    """Return the roles that the task's reference program needs."""
    checked = session.check(task.program, tuple(task.scenes))
    called = [step.value.tool for step in checked.program if isinstance(step.value, Call)]
    tools = filter(None, map(session.tools.get, called))
    return {need.role for tool in tools for need in tool.needs.values() if not need.optional}


def _run(task: DemoTask, *sessions: VisProg) -> DemoResult:
    pictures = {name: draw(scene).image for name, scene in task.scenes.items()}
    plan = _plan(task, tuple(pictures), sessions)
    return DemoResult(task, sessions[0].execute(plan, pictures))


def _plan(task: DemoTask, names: tuple[str, ...], sessions: tuple[VisProg, ...]) -> Plan:
    """Return the plan of the first session whose planner finds one, or the task's reference program.

    The errors of the other planners are added to the remarks.
    """
    failures: list[str] = []
    for session in sessions:
        try:
            plan = session.plan(task.instruction, names, task=task.bank)
        except VisProgError as error:
            failures += error.message.splitlines()[:1]
        else:
            return replace(plan, remarks=(*failures, *plan.remarks))
    checked = sessions[0].check(task.program, names)
    author = "hand, because no planner found one"
    return Plan(task.instruction, task.bank, checked, author, remarks=tuple(failures))

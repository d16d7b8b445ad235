"""The demo: the paper's pictures in miniature, run on this machine and shown on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from visprog.errors import ModelUnavailable, VisProgError
from visprog.files import write_atomically
from visprog.language.program import Call
from visprog.miniworld.demo_page import Shown, render
from visprog.miniworld.drawing import draw
from visprog.miniworld.exhibits import EXHIBITS, Exhibit
from visprog.models.zoo import Zoo
from visprog.planner.plan import Plan
from visprog.session import VisProg

PLANNER = "transformers:visprog-mini/t5"
"""Who writes the programs. What it cannot write, the planner `examples` may."""


def run_demo(
    out: Path,
    *,
    models: str | Mapping[str, object] | Zoo = "mini",
    planner: str = PLANNER,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Run the exhibits, and write the page to `out`; `progress` is told what comes next.

    One that asks for a role which nothing fills is left out. Nothing is fetched and no service is asked.
    Raises ModelUnavailable where a model cannot be loaded, and OutputError where the page cannot be written.
    """
    started = perf_counter()
    zoo = (
        models if isinstance(models, Zoo) else Zoo(models) if isinstance(models, str) else Zoo(models=models)
    )
    shown = []
    with VisProg(planner=planner, models=zoo) as first, VisProg(planner="examples", models=zoo) as second:
        roles = {exhibit.title: _roles(exhibit, first) for exhibit in EXHIBITS}
        exhibits = [exhibit for exhibit in EXHIBITS if all(map(zoo.has, roles[exhibit.title]))]
        if not exhibits:
            raise ModelUnavailable(
                f"the profile {zoo.profile.name} fills the roles of no exhibit", help="use the profile `mini`"
            )
        progress("loading the models")
        for role in sorted(set().union(*(roles[exhibit.title] for exhibit in exhibits))):
            zoo.get(role)
        for exhibit in exhibits:
            progress(exhibit.title)
            shown.append(_show(exhibit, first, second))
    page = render(shown, profile=zoo.profile.name, seconds=perf_counter() - started)
    write_atomically(out, page.encode())
    return out


def _roles(exhibit: Exhibit, session: VisProg) -> set[str]:
    """Return the roles that the exhibit's own program cannot do without."""
    checked = session.check(exhibit.program, tuple(exhibit.scenes))
    called = [step.value.tool for step in checked.program if isinstance(step.value, Call)]
    tools = filter(None, map(session.tools.get, called))
    return {need.role for tool in tools for need in tool.needs.values() if not need.optional}


def _show(exhibit: Exhibit, *sessions: VisProg) -> Shown:
    pictures = {name: draw(scene).image for name, scene in exhibit.scenes.items()}
    plan = _plan(exhibit, tuple(pictures), sessions)
    return Shown(exhibit, sessions[0].execute(plan, pictures))


def _plan(exhibit: Exhibit, names: tuple[str, ...], sessions: tuple[VisProg, ...]) -> Plan:
    """Return a plan of the first session whose planner finds one; the exhibit's own program without any.

    What the planners before it had to say stands among its remarks.
    """
    failures: list[str] = []
    for session in sessions:
        try:
            plan = session.plan(exhibit.instruction, names, task=exhibit.task)
        except VisProgError as error:
            failures += error.message.splitlines()[:1]
        else:
            return replace(plan, remarks=(*failures, *plan.remarks))
    checked = sessions[0].check(exhibit.program, names)
    author = "hand, as no planner found one"
    return Plan(exhibit.instruction, exhibit.task, checked, author, remarks=tuple(failures))

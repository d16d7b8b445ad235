"""The demo: the paper's pictures in miniature, run on this machine and shown on one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from time import perf_counter

from visprog.errors import VisProgError
from visprog.images import write_atomically
from visprog.miniworld.demo_page import Shown, render
from visprog.miniworld.drawing import draw
from visprog.miniworld.exhibits import EXHIBITS, Exhibit
from visprog.models.zoo import Zoo
from visprog.planner.plan import Plan
from visprog.session import VisProg

PLANNER = "transformers:visprog-mini/t5"
"""Who writes the programs. What it cannot write, the planner `examples` may."""

_NEEDED = ("detector", "face_detector", "segmenter", "image_text_scorer", "visual_qa", "inpainter")


def run_demo(
    out: Path,
    *,
    models: str | Mapping[str, object] | Zoo = "mini",
    planner: str = PLANNER,
    progress: Callable[[str], None] = lambda _: None,
) -> Path:
    """Run every exhibit, and write the page to `out`; `progress` is told what comes next.

    Nothing is fetched and no service is asked. Raises ModelUnavailable where a model cannot be loaded, and
    OutputError where the page cannot be written.
    """
    started = perf_counter()
    zoo = (
        models if isinstance(models, Zoo) else Zoo(models) if isinstance(models, str) else Zoo(models=models)
    )
    progress("loading the models")
    for role in _NEEDED:
        zoo.get(role)
    shown = []
    with VisProg(planner=planner, models=zoo) as first, VisProg(planner="examples", models=zoo) as second:
        for exhibit in EXHIBITS:
            progress(exhibit.title)
            shown.append(_show(exhibit, first, second))
    page = render(shown, profile=zoo.profile.name, seconds=perf_counter() - started)
    write_atomically(out, page.encode())
    return out


def _show(exhibit: Exhibit, *sessions: VisProg) -> Shown:
    pictures = {name: draw(scene).image for name, scene in exhibit.scenes.items()}
    plan = _plan(exhibit, tuple(pictures), sessions)
    return Shown(exhibit, sessions[0].execute(plan, pictures))


def _plan(exhibit: Exhibit, names: tuple[str, ...], sessions: tuple[VisProg, ...]) -> Plan:
    """Return a plan of the first session whose planner finds one; the exhibit's own program without any.

    What the planners before it had to say stands among its remarks.
    """
    failures: list[str] = []
    for session in () if exhibit.quoted else sessions:
        try:
            plan = session.plan(exhibit.instruction, names, task=exhibit.task)
        except VisProgError as error:
            failures += error.message.splitlines()[:1]
        else:
            return replace(plan, remarks=(*failures, *plan.remarks))
    author = "the lecture, word for word" if exhibit.quoted else "hand, as no planner found one"
    checked = sessions[0].check(exhibit.program, names)
    return Plan(exhibit.instruction, exhibit.task, checked, author, remarks=tuple(failures))

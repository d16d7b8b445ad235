from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from visprog.engine.events import StepFinished
from visprog.errors import StepError
from visprog.trace.folders import without_folders
from visprog.trace.html import render_html
from visprog.trace.run import Run
from visprog.trace.terminal import render
from visprog.values import Image

HOME = str(Path.home())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("transformers:/srv/models/owl-v2 threshold=0.2", "transformers:owl-v2 threshold=0.2"),
        ("the file /srv/My-Pictures/a.jpg does not exist", "the file a.jpg does not exist"),
        ("'/srv/a/b.py' and \"/srv/c/d.py\"", "'b.py' and \"d.py\""),
        ('File "/srv/tools/mine.py", line 3', 'File "mine.py", line 3'),
        (r"C:\Users\ada\models\owl cannot be read", "owl cannot be read"),
        ("C:/Users/ada/owl", "owl"),
        (r"\\server\share\owl", "owl"),
        ("file:///srv/ada/owl", "owl"),
        ("~/models/owl", "owl"),
        ("/srv/models/owl/", "owl/"),
        (f"{HOME}/my models/owl", "my models/owl"),
        ("path=/srv/x/y, z", "path=y, z"),
        ("none: the program is /srv/x/y.vp", "none: the program is y.vp"),
        ("transformers:google/owlv2-base", "transformers:google/owlv2-base"),
        ("https://example.org/a/b/c?d=/e/f", "https://example.org/a/b/c?d=f"),
        ("http://127.0.0.1:8000/v1/chat/completions", "http://127.0.0.1:8000/v1/chat/completions"),
        ("/v1/chat/completions answered 404", "/v1/chat/completions answered 404"),
        ("yes/no, 3/4, and/or, 1 / 2 / 3", "yes/no, 3/4, and/or, 1 / 2 / 3"),
        ("/dev", "/dev"),
        ("", ""),
    ],
)
def test_absolute_paths_are_cut_to_names(text: str, shown: str) -> None:
    assert without_folders(text) == shown


def test_texts_of_many_slashes_take_linear_time() -> None:
    for text in ("/+" * 100_000, "/" * 200_000, "~/" * 100_000, "/a" + "b" * 200_000, "C:\\" * 60_000):
        without_folders(text)


def test_no_view_of_a_run_names_a_folder(run_of: Callable[..., Run], photo: Callable[..., Image]) -> None:
    folder = "/srv/ada/secret"
    failure = StepError(f"no weights in {folder}/owl", step="B", line=2, help=f"look into {folder}/owl")
    failure.__cause__ = OSError(f"cannot read {folder}/owl/model.safetensors")
    run = run_of(
        "A=Vqa(image=IMAGE, question='q')\nB=Vqa(image=IMAGE, question=A)",
        {"IMAGE": photo()},
        ["yes", failure],
        warnings={0: (f"{folder}/words.txt is missing",)},
        environment={"models": f"{folder}/mine.toml", "tools": f"{folder}/mine.py"},
    )
    first, *others = run.events
    assert isinstance(first, StepFinished)
    assert run.plan is not None
    plan = replace(run.plan, planner=f"transformers:{folder}/t5", remarks=(f"after {folder}/bank.txt",))
    events = (replace(first, models=(f"transformers:{folder}/vilt content #1",)), *others)
    run = replace(run, plan=plan, events=events)
    out = io.StringIO()
    render(run, Console(file=out, width=200, color_system=None))
    for view in (
        render_html(run),
        json.dumps(run.to_json()),
        json.dumps(run.to_json(full=True)),
        out.getvalue(),
    ):
        assert "secret" not in view
        assert "owl" in view
    assert "transformers:vilt" in render_html(run).replace("<code>", "").replace("</code>", "")

"""Checks which parts of VisProg work on this machine, and how to install the missing ones."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Iterator
from typing import Literal, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from visprog import extras
from visprog.errors import ModelUnavailable, VisProgError
from visprog.libraries import load_opencv, needs
from visprog.model_listing import Entry, entries
from visprog.planner.selection import choose_planner
from visprog.session import VisProg

State = Literal["works", "missing", "broken"]


class Finding(NamedTuple):
    """The state of one part. `advice` tells how to get it if it is missing."""

    group: str
    name: str
    state: State
    fact: str
    advice: str = ""


def diagnose(session: VisProg) -> list[Finding]:
    """Check packages, models, tools and planners. Models without weights are loaded as a test."""
    models = {finding.name: finding for finding in _models(session)}
    return [*_packages(), *models.values(), *_tools(session, models), *_planners(session)]


def _packages() -> Iterator[Finding]:
    yield Finding("packages", "python", "works", platform.python_version())
    for module, package in (
        ("cv2", "opencv-python"),
        ("PIL", "pillow"),
        ("numpy", "numpy"),
        ("openai", "openai"),
        ("google.protobuf", "protobuf"),
    ):
        yield _package(module, package)
    if importlib.util.find_spec("augly") is None:
        yield Finding(
            "packages", "augly", "broken", "its emoji drawings are not installed", "pip install augly"
        )
    for extra in extras.EXTRAS:
        yield _extra(extra)


def _extra(extra: str) -> Finding:
    """Check an extra as a whole, because one command installs all of its packages."""
    missing = extras.missing_packages(extra)
    if missing:
        verb = "are" if len(missing) > 1 else "is"
        fact = f"{', '.join(missing)} {verb} not installed"
        return Finding("extras", extra, "missing", fact, extras.install_extra(extra))
    versions = (f"{package} {extras.version_of(package)}".rstrip() for package in extras.EXTRAS[extra])
    return Finding("extras", extra, "works", ", ".join(versions))


def _package(module: str, package: str) -> Finding:
    try:
        if module == "cv2":
            load_opencv()
        with needs(module):
            importlib.import_module(module)
    except ModelUnavailable as error:
        return Finding("packages", package, "broken", error.message, error.help or "")
    return Finding("packages", package, "works", importlib.metadata.version(package))


def _models(session: VisProg) -> Iterator[Finding]:
    profile = session.models.profile.name
    for entry in entries(session.models):
        if not session.models.has(entry.role):
            advice = f"`--model {entry.role}=BACKEND:IDENTIFIER`, or another profile"
            yield Finding("models", entry.role, "missing", f"no model in the profile {profile}", advice)
        elif entry.extra:  # the group `extras` shows the command that installs it
            fact = f"{entry.model} needs the extra `{entry.extra}`"
            yield Finding("models", entry.role, "missing", fact)
        elif entry.size:  # large weights are looked up, not loaded
            advice = f"`visprog models --models {profile} pull {entry.role}`"
            here = entry.state == "here"
            fact = entry.model if here else f"{entry.model} ({entry.size}) is not downloaded"
            yield Finding("models", entry.role, "works" if here else "missing", fact, "" if here else advice)
        else:
            yield _loaded(session, entry)


def _loaded(session: VisProg, entry: Entry) -> Finding:
    try:
        session.models.get(entry.role)
    except VisProgError as error:
        return Finding("models", entry.role, "missing", error.message, error.help or "")
    return Finding("models", entry.role, "works", entry.model)


def _tools(session: VisProg, models: dict[str, Finding]) -> Iterator[Finding]:
    for tool in session.tools:
        required = [need.role for need in tool.needs.values() if not need.optional]
        lacking = [role for role in required if models[role].state != "works"]
        if lacking:
            partly = "; TOP, BOTTOM, LEFT and RIGHT work" if tool.name == "Loc" else ""
            yield Finding("tools", tool.name, "missing", f"needs {' and '.join(lacking)}{partly}")
        else:
            specs = [session.models.spec(role) for role in required]
            notes = "; ".join(spec.facts["note"] for spec in specs if spec and "note" in spec.facts)
            yield Finding("tools", tool.name, "works", notes)


def _planners(session: VisProg) -> Iterator[Finding]:
    yield Finding("planners", "examples", "works", "adapts the closest example of a bank; needs no model")
    yield Finding("planners", "patterns", "works", "finds declared patterns in the words; needs no model")
    own = session.models.profile.planner
    if own not in ("examples", "patterns", "openai"):
        try:
            choose_planner(own, session.models)
            yield Finding("planners", own, "works", "the planner of the profile")
        except VisProgError as error:
            yield Finding("planners", own, "missing", error.message, error.help or "")
    variables = [name for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL") if os.environ.get(name)]
    spec = session.models.spec("language_model")
    if spec is not None and spec.backend == "openai" and spec.options.get("base_url"):
        yield Finding("planners", "openai", "works", "the profile names a server; it was not contacted")
    elif variables:
        yield Finding(
            "planners", "openai", "works", f"{' and '.join(variables)} set; the server was not contacted"
        )
    else:
        advice = "set OPENAI_API_KEY, or set OPENAI_BASE_URL to the address of your own server"
        yield Finding("planners", "openai", "missing", "neither a key nor an address is set", advice)


_MARKS = {"works": ("✓", "green"), "missing": ("–", "yellow"), "broken": ("✗", "red")}


def show(findings: list[Finding]) -> None:
    """Print the findings by group."""
    console = Console(highlight=False)
    for group in dict.fromkeys(finding.group for finding in findings):
        console.print(Text(group, "bold"))
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column(no_wrap=True)
        table.add_column()
        for finding in findings:
            if finding.group == group:
                table.add_row(Text(*_MARKS[finding.state]), finding.name, Text(finding.fact))
                if finding.advice:
                    table.add_row("", "", Text(finding.advice, "cyan"))
        console.print(table)
        console.print()

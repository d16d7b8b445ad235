"""VisProg: an instruction becomes a small checked program over vision tools, with a trace of every step.

    from visprog import VisProg

    run = VisProg().run("Hide the face with 8)", "astronaut.png")
    run.save("trace.html")
    run.result

Names are imported on first use, so `import visprog` loads no libraries.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from visprog.errors import (
        AudioError,
        DeadlineExceeded,
        ExpressionError,
        ImageError,
        ModelError,
        ModelUnavailable,
        OutputError,
        PlanError,
        ProgramError,
        StepError,
        ToolError,
        UsageError,
        VisProgError,
    )
    from visprog.images import load_image, save_image
    from visprog.language.checked import Checked
    from visprog.language.diagnostics import Diagnostic
    from visprog.language.expression import Expression
    from visprog.language.parser import parse
    from visprog.language.program import Program
    from visprog.planner.plan import Plan
    from visprog.session import VisProg
    from visprog.tools import Registry, Tool, Warn, tool
    from visprog.trace.run import Run
    from visprog.values import Image, Region, Regions, Scalar

__version__ = "0.1.0"

_HOMES = {
    "visprog.errors": (
        "AudioError",
        "DeadlineExceeded",
        "ExpressionError",
        "ImageError",
        "ModelError",
        "ModelUnavailable",
        "OutputError",
        "PlanError",
        "ProgramError",
        "StepError",
        "ToolError",
        "UsageError",
        "VisProgError",
    ),
    "visprog.images": ("load_image", "save_image"),
    "visprog.language.checked": ("Checked",),
    "visprog.language.diagnostics": ("Diagnostic",),
    "visprog.language.expression": ("Expression",),
    "visprog.language.parser": ("parse",),
    "visprog.language.program": ("Program",),
    "visprog.planner.plan": ("Plan",),
    "visprog.session": ("VisProg",),
    "visprog.tools": ("Registry", "Tool", "Warn", "tool"),
    "visprog.trace.run": ("Run",),
    "visprog.values": ("Image", "Region", "Regions", "Scalar"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AudioError",
    "Checked",
    "DeadlineExceeded",
    "Diagnostic",
    "Expression",
    "ExpressionError",
    "Image",
    "ImageError",
    "ModelError",
    "ModelUnavailable",
    "OutputError",
    "Plan",
    "PlanError",
    "Program",
    "ProgramError",
    "Region",
    "Regions",
    "Registry",
    "Run",
    "Scalar",
    "StepError",
    "Tool",
    "ToolError",
    "UsageError",
    "VisProg",
    "VisProgError",
    "Warn",
    "load_image",
    "parse",
    "save_image",
    "tool",
]


def __getattr__(name: str) -> Any:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module `visprog` has no attribute `{name}`")
    return getattr(importlib.import_module(home), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

"""Small sessions and tools for the tests of the engine."""

from __future__ import annotations

from typing import Any

import numpy as np

from visprog import Image, Run, VisProg, tool
from visprog.engine.events import Event
from visprog.engine.interpreter import Interpreter
from visprog.tools import Tool


def picture(color: int = 0) -> Image:
    return Image(np.full((6, 8, 3), color, dtype=np.uint8))


def session(*tools: Tool, **options: Any) -> VisProg:
    return VisProg(tools=tools, **options)


def interpreter(given: VisProg, **options: Any) -> Interpreter:
    """Return an interpreter with the tools and models of a session."""
    return Interpreter(given.tools, given.models, **options)


def run(engine: Interpreter, given: VisProg, program: str, **inputs: Image) -> tuple[Event, ...]:
    """Run a program with the interpreter of a session."""
    return engine.run(given.check(program, tuple(inputs)), inputs)


def counting(name: str = "Double") -> tuple[Tool, list[int]]:
    calls: list[int] = []

    @tool(name)
    def double(number: int) -> int:
        """Double a number."""
        calls.append(number)
        return 2 * number

    return double, calls


def failing(error: Exception) -> Tool:
    @tool("Fail")
    def fail(number: int = 0) -> int:
        """Fail."""
        raise error

    return fail


def statuses(run: Run) -> list[str]:
    return [step.status for step in run.steps]

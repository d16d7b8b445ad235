"""The request to a planner, the plan that it returns, and the protocol of planners."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from visprog.language.checked import Checked
from visprog.language.program import Program
from visprog.language.types import Type
from visprog.models.roles import Message
from visprog.tools import Registry


@dataclass(frozen=True, slots=True)
class Request:
    """An instruction, the names of the pictures, the bank to follow, and the tools that are allowed."""

    instruction: str
    inputs: Mapping[str, Type]
    task: str
    tools: Registry


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """A program that passes the checker, and its origin.

    `planner` names the planner and its model. `transcript` has every message that the model read or wrote, in
    order. `remarks` are sentences for the user, such as the example that was followed. `is_given` is true if
    the user wrote the program, so that no planner was used.
    """

    instruction: str
    task: str
    checked: Checked
    planner: str
    transcript: tuple[Message, ...] = ()
    remarks: tuple[str, ...] = ()
    input_tokens: int = 0
    output_tokens: int = 0
    is_given: bool = False

    @property
    def program(self) -> Program:
        """The checked program."""
        return self.checked.program

    def __str__(self) -> str:
        """Return the program's text."""
        return str(self.checked.program)

    def __repr__(self) -> str:
        return f"<Plan by {self.planner}: {self.instruction!r}, {len(self.program)} steps>"


class Planner(Protocol):
    """Writes programs for instructions.

    A planner may have a `name` and a `basis`. The basis lists, as JSON data without secrets, the things
    besides the request that affect its programs. A batch with another basis needs `--allow-changes`.
    """

    def plan(self, request: Request) -> Plan:
        """Return a program that passes the checker. Raises PlanError if none was found, or ModelError."""
        ...

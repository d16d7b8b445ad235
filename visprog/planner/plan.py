"""What a planner is, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from visprog.language.checker import Checked
from visprog.language.program import Program
from visprog.language.types import Type
from visprog.models.roles import Message
from visprog.tools import Registry


@dataclass(frozen=True, slots=True)
class Request:
    """What a planner is asked: an instruction, the pictures' names, the bank to follow, the tools allowed."""

    instruction: str
    inputs: Mapping[str, Type]
    task: str
    tools: Registry


@dataclass(frozen=True, slots=True, repr=False)
class Plan:
    """A program that passes the checker, and how it came about.

    `planner` names the planner (and its model); `transcript` is every message that the model read or
    wrote, in order; `remarks` are sentences for people, such as which example was followed. `is_given` says
    that a person gave the program, and nothing was planned.
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
        """The program."""
        return self.checked.program

    def __str__(self) -> str:
        """Return the program's text."""
        return str(self.checked.program)

    def __repr__(self) -> str:
        return f"<Plan by {self.planner}: {self.instruction!r}, {len(self.program)} steps>"


class Planner(Protocol):
    """Makes programs from instructions.

    It may have a `name`, and a `basis`: what its programs depend on beside the request, by names, as JSON's
    own kinds and without a secret. A batch is not gone on with on another basis unseen.
    """

    def plan(self, request: Request) -> Plan:
        """Return a program that passes the checker. Raises PlanError where there is none, or ModelError."""
        ...

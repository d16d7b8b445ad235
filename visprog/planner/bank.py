"""Reads and checks banks of in-context examples, which are plain text.

A bank is a header, followed by blocks that are separated by blank lines:

    Question: How many candles are in the image?
    Program:
    BOX0=Loc(image=IMAGE, object='candle')
    ANSWER0=Count(object=BOX0)

`Statement:` and `Instruction:` mean the same as `Question:`. Outside programs, lines that begin with `#` are
comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise

from visprog.errors import ProgramError
from visprog.language import diagnostics
from visprog.language.checker import check
from visprog.language.diagnostics import Diagnostic
from visprog.language.parser import parse
from visprog.language.program import Program, Span, lines_of
from visprog.language.program_inputs import inputs_of
from visprog.language.types import Signatures, Type
from visprog.models.fingerprints import short_hash
from visprog.prompts import bank_text

_LABEL = re.compile(r"(Question|Statement|Instruction):[ \t]*(.*)")
_INPUTS = {"IMAGE": Type.IMAGE, "LEFT": Type.IMAGE, "RIGHT": Type.IMAGE}


@dataclass(frozen=True, slots=True)
class Example:
    """An instruction and its program. `line` is the first line of the example in the bank."""

    instruction: str
    program: Program
    line: int = 0

    @property
    def pictures(self) -> tuple[str, ...]:
        """The pictures that the instruction is about: LEFT and RIGHT, even if the program uses only one."""
        used = inputs_of(self.program)
        return ("LEFT", "RIGHT") if used & {"LEFT", "RIGHT"} else tuple(sorted(used))


@dataclass(frozen=True, slots=True)
class Bank:
    """The examples of a task. `header` describes the task; `label` is the word before its instructions."""

    task: str
    header: str
    examples: tuple[Example, ...]
    label: str = "Instruction"


def identity(banks: Iterable[Bank]) -> str:
    """Return a hash of the parts of the banks that planners read."""
    read = [
        (
            bank.task,
            bank.header,
            bank.label,
            [(each.instruction, str(each.program)) for each in bank.examples],
        )
        for bank in banks
    ]
    return short_hash(repr(read))


@dataclass(frozen=True, slots=True)
class _Block:
    label: str
    instruction: str
    line: int
    program: str
    first: int
    """The line of the bank where the program begins."""


def shipped_bank(task: str) -> Bank:
    """Return the bank for this task that is part of VisProg. Raises KeyError if there is none."""
    return read_bank(bank_text(task), task)


def is_bank(text: str) -> bool:
    """Return whether a text is a bank, and not a program."""
    lines = [line.strip() for line in lines_of(text)]
    return "Program:" in lines and any(_LABEL.match(line) for line in lines)


def read_bank(text: str, name: str) -> Bank:
    """Return the bank of the task `name`.

    Raises ProgramError if a block or a program cannot be read; its diagnostics have line numbers of the bank.
    Tools, arguments and types are not checked: `check_bank` does that.
    """
    header, blocks, faults = _split(lines_of(text))
    parsed = [(block, parse(block.program)) for block in blocks]
    faults += [fault for block, each in parsed for fault in _shift(each.diagnostics, block.first)]
    errors = tuple(fault for fault in sorted(faults, key=lambda fault: fault.span) if fault.is_error)
    if errors:
        shown = diagnostics.render(errors, text, name=name)
        raise ProgramError(f"the bank {name} has errors:\n{shown}", errors)
    examples = tuple(Example(block.instruction, each.program, block.line) for block, each in parsed)
    return Bank(name, header, examples, blocks[0].label if blocks else "Instruction")


def check_bank(text: str, tools: Signatures, inputs: Mapping[str, Type] = _INPUTS) -> tuple[Diagnostic, ...]:
    """Return the errors and warnings of a bank's blocks and programs, with line numbers of the bank.

    `inputs` are the names that programs may use for pictures.
    """
    _, blocks, faults = _split(lines_of(text))
    for block in blocks:
        faults += _shift(check(parse(block.program), tools, inputs).diagnostics, block.first)
    if not blocks and not faults:
        help = "an example begins with `Question:`, `Statement:` or `Instruction:`"  # noqa: A001
        faults.append(diagnostics.error("no-result", "the bank has no examples", Span(1, 1, 2), help))
    return tuple(sorted(faults, key=lambda fault: fault.span))


def _shift(found: Iterable[Diagnostic], first: int) -> Iterator[Diagnostic]:
    for each in found:
        span = each.span
        yield replace(each, span=Span(max(span.line, 1) + first - 1, max(span.column, 1), max(span.end, 2)))


def _split(lines: list[str]) -> tuple[str, list[_Block], list[Diagnostic]]:
    """Split a bank into its header and its blocks; also return the faults of its structure."""
    starts = [number for number, line in enumerate(lines) if _LABEL.match(line)]
    header_end = starts[0] if starts else len(lines)
    header = [line for line in lines[:header_end] if not line.startswith("#")]
    blocks: list[_Block] = []
    faults: list[Diagnostic] = []
    for start, end in pairwise([*starts, len(lines)]):
        block = _block(lines, start, end, faults)
        if block is not None:
            blocks.append(block)
    return " ".join(" ".join(header).split()), blocks, faults


def _block(lines: list[str], start: int, end: int, faults: list[Diagnostic]) -> _Block | None:
    """Return the example that begins on line `start`, counted from 0."""
    match = _LABEL.match(lines[start])
    assert match is not None  # noqa: S101 - the caller found the label there
    label, instruction = match[1], match[2].strip()
    span = Span(start + 1, 1, len(label) + 2)
    if not instruction:
        faults.append(diagnostics.error("syntax", f"`{label}:` has no text after it", span))
        return None
    if start + 1 >= end or lines[start + 1].strip() != "Program:":
        message = f"the line after `{label}: ...` is not `Program:`"
        faults.append(diagnostics.error("syntax", message, span, "write `Program:` on the next line"))
        return None
    stop = start + 2
    while stop < end and lines[stop].strip():
        stop += 1
    if stop == start + 2:
        faults.append(diagnostics.error("no-result", "the example has no program", span))
        return None
    faults += _stray_line(lines, stop, end)
    return _Block(label, instruction, start + 1, "\n".join(lines[start + 2 : stop]), start + 3)


def _stray_line(lines: list[str], start: int, end: int) -> Iterator[Diagnostic]:
    for number in range(start, end):
        if lines[number].strip() and not lines[number].startswith("#"):
            message = "this line is not part of an example, because a blank line ends a program"
            hint = "remove the blank line above it, or the line itself, or make it a `#` comment"
            yield diagnostics.error("syntax", message, Span(number + 1, 1, len(lines[number]) + 1), hint)
            return

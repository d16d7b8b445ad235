"""The embedded planner: it follows the example that fits, and needs no model.

An instruction fits an example where all its words are accounted for: as the example's own fixed words or
synonyms of them, or as what fills a slot. Where nothing fits, or two readings do, the planner refuses: a
wrong program returned with confidence is worse than none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from visprog.errors import PlanError
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.program import Argument, Call, Program, Step, Variable, with_names
from visprog.language.program_inputs import inputs_of
from visprog.language.types import Type
from visprog.nouns import misspelt
from visprog.planner.bank import Bank, identity, read_bank
from visprog.planner.examples.alignment import align
from visprog.planner.examples.derivation import derive
from visprog.planner.examples.filling import fill
from visprog.planner.examples.template import Template
from visprog.planner.examples.wording import Token, read_words
from visprog.planner.language_detection import is_english
from visprog.planner.plan import Plan, Request
from visprog.planner.task_selection import choose_task, compares_pictures
from visprog.printable import one_line
from visprog.prompts import BANKS, bank_text

_MARGIN = 0.12
"""Readings that differ by less than this in cost are equally likely."""

_NEAREST = 3


class _Reading(NamedTuple):
    cost: float
    checked: Checked
    template: Template


class ExamplesPlanner:
    """Makes programs by following the examples of `banks`: by default, of those that VisProg ships."""

    name = "examples"

    def __init__(self, banks: Mapping[str, Bank] | None = None) -> None:
        self._banks = banks

    @property
    def basis(self) -> Mapping[str, Any]:
        """What programs depend on beside the request: the banks."""
        return {"banks": identity(map(_shipped_bank, BANKS) if self._banks is None else self._banks.values())}

    def plan(self, request: Request) -> Plan:
        """Return the program of the example that fits, with what the instruction says in its slots.

        Raises PlanError where none fits, or two readings are equally likely, where a word looks misspelt, and
        where the pictures are more or fewer than the bank's programs take.
        """
        if self._banks is None and not is_english(request.instruction):
            raise _foreign(request)
        templates = _about(self._templates(request.task), request)
        tokens = read_words(request.instruction, request.task)
        _refuse_slips(request.instruction)
        readings = list(_readings(templates, tokens, request))
        best = min(readings, key=lambda reading: reading.cost, default=None)
        if best is None and len(request.inputs) == 1 and compares_pictures(request.instruction):
            raise _one_missing(request)
        if best is None:
            raise _no_fit(request, templates, tokens, self._fitting_elsewhere(request))
        rivals = [each for each in readings if each.cost - best.cost < _MARGIN]
        rival = next((r for r in rivals if str(r.checked.program) != str(best.checked.program)), None)
        if rival is not None:
            raise _ambiguous(request, best, rival)
        example = best.template.example
        remark = (
            f"followed the example on line {example.line} of the bank {request.task}: {example.instruction}"
        )
        return Plan(request.instruction, request.task, best.checked, self.name, remarks=(remark,))

    def _fitting_elsewhere(self, request: Request) -> tuple[str, int] | None:
        """Return the task whose examples fit other pictures, or the other task, and how many they are."""
        for task in BANKS if self._banks is None else self._banks:
            tokens = read_words(request.instruction, task)
            for pictures, templates in _by_pictures(self._templates(task)).items():
                asked = Request(request.instruction, dict.fromkeys(pictures, Type.IMAGE), task, request.tools)
                same = task == request.task and len(pictures) == len(request.inputs)
                meant = choose_task(request.instruction, len(pictures)) == task
                if meant and not same and any(_readings(templates, tokens, asked)):
                    return task, len(pictures)
        return None

    def _templates(self, task: str) -> tuple[Template, ...]:
        if self._banks is None and task in BANKS:
            return _shipped(task)
        if self._banks is None or task not in self._banks:
            known = ", ".join(BANKS if self._banks is None else self._banks)
            raise PlanError(f"there is no bank for the task {task!r}", help=f"the tasks are {known}")
        return derive(self._banks[task])


@cache
def _shipped(task: str) -> tuple[Template, ...]:
    return derive(_shipped_bank(task))


@cache
def _shipped_bank(task: str) -> Bank:
    return read_bank(bank_text(task), task)


def _by_pictures(templates: Sequence[Template]) -> dict[tuple[str, ...], list[Template]]:
    """Sort templates by the pictures that their examples are about."""
    found: dict[tuple[str, ...], list[Template]] = {}
    for template in templates:
        found.setdefault(template.example.pictures, []).append(template)
    return found


_INPUTS = ("IMAGE", "LEFT", "RIGHT")


def _readings(
    templates: Sequence[Template], tokens: tuple[Token, ...], request: Request
) -> Iterator[_Reading]:
    """Yield every way to follow an example that gives a program without a fault."""
    for template in templates:
        for fit in align(template, tokens, request.instruction):
            program = fill(template, fit.fillings)
            named = program and _with_inputs(program, request)
            checked = named and check(parse(str(named)), request.tools, request.inputs)
            if checked and not checked.diagnostics:
                yield _Reading(fit.cost, checked, template)


def _with_inputs(program: Program, request: Request) -> Program | None:
    """Return the program over the request's own pictures, taken in order; None where they are too few."""
    used = inputs_of(program)
    own = [name for name in _INPUTS if name in used]
    if all(name in request.inputs for name in own):
        return program
    given = list(request.inputs)
    if own == ["RIGHT"]:
        given = given[1:]
    if len(own) > len(given):
        return None
    return _renamed(program, dict(zip(own, given, strict=False)))


def _renamed(program: Program, names: Mapping[str, str]) -> Program:
    steps = []
    for step in program:
        value = step.value
        if isinstance(value, Call):
            arguments = tuple(Argument(each.name, with_names(each.value, names)) for each in value.arguments)
            steps.append(Step(step.target, Call(value.tool, arguments)))
        else:
            steps.append(Step(step.target, Variable(names.get(value.name, value.name))))
    return Program(tuple(steps))


# Refusals


def _refuse_slips(instruction: str) -> None:
    """Raise PlanError where a word is a common noun misspelt: it would be looked for, and never found."""
    for word in re.findall(r"[^\W\d_]+", instruction):
        meant = misspelt(word)
        if meant is not None:
            said = f"`{word}` is a word that I don't know in this instruction: {_shown(instruction)}"
            raise PlanError(said, help=f"did you mean `{meant}`?")


def _about(templates: Sequence[Template], request: Request) -> list[Template]:
    """Return those about as many pictures as were given. Raises PlanError where there are none."""
    sorts, given = _by_pictures(templates), list(request.inputs)
    fitting = [each for pictures, those in sorts.items() if len(pictures) == len(given) for each in those]
    if fitting or not templates:
        return fitting
    number = " or ".join(dict.fromkeys(_counted(len(pictures)) for pictures in sorts))
    were = f"{len(given)} {'was' if len(given) == 1 else 'were'} given"
    names = f": {', '.join(given)}" if given else ""
    said = f"the programs of the bank {request.task} take {number}, and {were}{names}"
    raise PlanError(said, help=_advice(f"give {number}"))


def _counted(pictures: int) -> str:
    return {1: "one picture", 2: "two pictures"}.get(pictures, f"{pictures} pictures")


def _foreign(request: Request) -> PlanError:
    said = f"this instruction is not in English: {_shown(request.instruction)}"
    return PlanError(
        said, help=_advice("say it in English, the only language that the embedded planner reads")
    )


def _one_missing(request: Request) -> PlanError:
    (name,) = request.inputs
    said = f"this compares two pictures, and only {name} was given: {_shown(request.instruction)}"
    return PlanError(said, help="give two pictures: the first one is LEFT, the second one is RIGHT")


def _no_fit(
    request: Request,
    templates: Sequence[Template],
    tokens: tuple[Token, ...],
    elsewhere: tuple[str, int] | None,
) -> PlanError:
    examples = [template.example for template in _nearest(templates, tokens)]
    if not request.instruction.strip():
        wanted = examples[0].instruction if examples else "Hide the faces with ;)"
        return PlanError("the instruction is empty", help=f"say what you want, for example: {wanted}")
    nearest = [f"  line {example.line}: {example.instruction}" for example in examples]
    said = f"no example of the bank {request.task} fits this instruction: {_shown(request.instruction)}"
    message = "\n".join([said, "the nearest examples are", *nearest])
    if elsewhere is not None:
        task, count = elsewhere
        fits = f"the bank {task} has an example that fits: --task {task}, {_counted(count)}"
        return PlanError(message, help=fits)
    return PlanError(message, help=_advice("word it like one of these"))


def _ambiguous(request: Request, one: _Reading, other: _Reading) -> PlanError:
    pairs = zip(str(one.checked.program).split("\n"), str(other.checked.program).split("\n"), strict=False)
    first, second = next(((a, b) for a, b in pairs if a != b), ("", ""))
    said = f"this instruction can be read in two ways: {_shown(request.instruction)}"
    examples = [
        f"  {line}\n    as in line {reading.template.example.line}: {reading.template.example.instruction}"
        for reading, line in ((one, first), (other, second))
    ]
    return PlanError("\n".join([said, *examples]), help=_advice("say it so that only one reading is left"))


def _advice(first: str) -> str:
    return (
        f"{first}; or let a language model write the program: --planner openai, with OPENAI_API_KEY or "
        f"OPENAI_BASE_URL set; or write it yourself, and run it with `visprog exec FILE`"
    )


def _shown(text: str) -> str:
    line = " ".join(one_line(text).split())
    return line if len(line) <= 120 else f"{line[:119]}…"


def _nearest(templates: Sequence[Template], tokens: tuple[Token, ...]) -> list[Template]:
    """Return the examples that share most with the instruction: fixed words above all, then any words."""
    keys = {token.key for token in tokens if not token.skippable}

    def likeness(template: Template) -> float:
        own = {item.key for item in template.items if isinstance(item, Token) and not item.skippable}
        return len(template.fixed & keys) + 0.1 * len(own & keys) - 0.01 * len(template.items)

    ranked = sorted(templates, key=likeness, reverse=True)
    return list({template.example.line: template for template in ranked}.values())[:_NEAREST]

"""Filling a template: an example's program with new words in its slots."""

from __future__ import annotations

from collections.abc import Mapping

from visprog.language.program import Argument, Call, ListValue, Literal, Program, Step, Value, with_names
from visprog.nouns import plural, singular
from visprog.planner.examples.phrases import head, with_head
from visprog.planner.examples.slots import Filling
from visprog.planner.examples.template import Template, Use


def fill(template: Template, fillings: Mapping[int, Filling]) -> Program | None:
    """Return the example's program with `fillings` in its slots; None where they contradict each other."""
    sides = _sides(template, fillings)
    if sides is None:
        return None
    steps = []
    for number, step in enumerate(template.example.program):
        uses = [use for use in template.uses if use.step == number]
        steps.append(_filled_step(step, uses, fillings, sides))
    return Program(tuple(steps))


def _sides(template: Template, fillings: Mapping[int, Filling]) -> dict[str, str] | None:
    sides: dict[str, str] = {}
    for slot, own in template.sides:
        if slot not in fillings:
            continue
        if sides.setdefault(own, str(fillings[slot].value)) != fillings[slot].value:
            return None
    if len(sides) == 1:
        ((own, new),) = sides.items()
        sides[_opposite(own)] = _opposite(new)
    return sides if len(set(sides.values())) == len(sides) else None


def _opposite(side: str) -> str:
    return "RIGHT" if side == "LEFT" else "LEFT"


def _filled_step(step: Step, uses: list[Use], fillings: Mapping[int, Filling], sides: dict[str, str]) -> Step:
    if not isinstance(step.value, Call):
        return step
    tool = next((str(fillings[use.slot].value) for use in uses if use.argument == -1), step.value.tool)
    arguments = []
    for position, argument in enumerate(step.value.arguments):
        own = [use for use in uses if use.argument == position]
        value = _filled_value(argument.value, own, fillings)
        arguments.append(Argument(argument.name, with_names(value, sides)))
    return Step(step.target, Call(tool, tuple(arguments)))


def _filled_value(value: Value, uses: list[Use], fillings: Mapping[int, Filling]) -> Value:
    for use in sorted(uses, key=lambda use: -use.start):
        filling = fillings[use.slot]
        if use.form == "items":
            value = ListValue(tuple(map(Literal, filling.items)))
        elif not use.end:
            value = Literal(_written(use.form, filling))
        elif isinstance(value, Literal) and isinstance(value.value, str):
            said = str(_written(use.form, filling))
            said = said.capitalize() if use.form == "verb" and not use.start else said
            value = Literal(value.value[: use.start] + said + value.value[use.end :])
    return value


def _written(form: str, filling: Filling) -> str | int:
    text = ", ".join(filling.items)
    match form:
        case "singular":
            return with_head(text, singular)
        case "plural":
            return with_head(text, plural)
        case "head":
            return singular(head(text))
        case "article":
            noun = with_head(text, singular)
            return f"{'an' if noun[:1].casefold() in tuple('aeiou') else 'a'} {noun}"
        case "value":
            return str(filling.value)
        case "number" if isinstance(filling.value, tuple):
            return filling.value[1]
        case "comparison" if isinstance(filling.value, tuple):
            return f"{filling.value[0]} {filling.value[1]}"
        case "quoted":
            return text.replace("'", "’")
    return text

"""Write random programs: well-typed ones that use the tools of a registry, and ones whose values grow."""

from __future__ import annotations

import random
from collections.abc import Iterable

from visprog.language.types import Parameter, Signature, Type, accepts, lifts, list_of

_WORDS = (
    "dog", "red", "yes", "no", "two", "1,000", "3.5", "", " ", "Yes!", "a,b", "None", "TOP", "LEFT", "it's",
    "ß", "\U0001f600", ":-{", "{}", "line\nbreak", "x" * 300, 'say "hi"', "back\\slash", "none", "person",
)  # fmt: skip
_NUMBERS = ("0", "1", "2", "7", "-3", "2.5", "1e3", "10 ** 9", "20")
_VALUES = frozenset(
    {Type.STR, Type.INT, Type.FLOAT, Type.BOOL, Type.SCALAR, Type.STRINGS, Type.INTS, Type.FLOATS}
    | {Type.SCALARS, Type.MIXED, Type.ANY}
)
_PLACED = frozenset({Type.IMAGE, Type.REGIONS, Type.COUNTABLE, Type.IMAGES, Type.REGION_SETS})
"""Types whose values come from steps. Pictures and regions lie in one of the inputs."""

_STARTS = ("1", "'x'", "'é\U0001f600'", "['a', 'b']", "[1, 2, [3]]", "'12345'", "[]", "2.5")
_GROWTH = (
    "{P} + {P}", "'{P}{P}'", "[{P}, {P}]", "sorted([{P}, {P}])", "str([{P}, {P}])", "[[[[{P}]]]]",
    "[{P}] + [{P}]", "str({P}) + str({P})", "lower('{P}{P}{P}')", "{P} * 10", "{P} ** 3", "{P} * {P}",
    "['{P}', '{P}', '{P}', '{P}', '{P}']", "[" + "{P}, " * 25 + "]", "{P} if {P} == {P} else [{P}]",
)  # fmt: skip
_ENDS = (
    "{P} == {P}", "{P} in [{P}, {P}]", "sorted({P})", "len({P})", "len(str({P}))", "min({P})", "sum({P})",
    "{P} < {P}", "'x' in {P}", "any({P})", "{P} + 1", "max({P}, {P})", "lower({P})",
)  # fmt: skip


class ProgramWriter:
    """Writes programs that use the given tools. The same state of `chance` gives the same programs."""

    def __init__(self, signatures: Iterable[Signature], chance: random.Random) -> None:
        self._signatures = list(signatures)
        self._chance = chance
        self._known: dict[str, Type] = {}
        self._roots: dict[str, str] = {}
        self._root = ""
        self._lines: list[str] = []

    def well_typed(self) -> str:
        """Write a program of a few steps with arguments of the right types."""
        self._known = dict.fromkeys(("IMAGE", "LEFT", "RIGHT"), Type.IMAGE)
        self._roots = {name: name for name in self._known}
        self._lines = []
        for _ in range(self._chance.randint(1, 7)):
            self._root = self._chance.choice(("IMAGE", "LEFT", "RIGHT"))
            self._step(self._chance.choice(self._signatures))
        values = [name for name in self._known if name not in ("IMAGE", "LEFT", "RIGHT")]
        self._lines.append(f"RESULT=Result([{', '.join(values)}])")
        return "\n".join(self._lines)

    def growing(self) -> str:
        """Write a program that makes a value larger in each step, and uses it at the end."""
        chance = self._chance
        start = chance.choice(_STARTS)
        lines = [f"V0={_call('Eval', start)}"]
        ways = chance.sample(_GROWTH, chance.choice((1, 1, 2, 3)))
        for place in range(1, chance.choice((3, 5, 8, 12, 20, 30))):
            previous = f"V{place - 1}"
            if chance.random() < 0.15:
                lines.append(f"V{place}=Result([{previous}, [{previous}]])")
            else:
                lines.append(f"V{place}={_call('Eval', chance.choice(ways).replace('P', previous))}")
        end = chance.choice(_ENDS).replace("P", f"V{len(lines) - 1}")
        return "\n".join([*lines, f"RESULT={_call('Eval', end)}"])

    def _step(self, signature: Signature) -> str:
        given = {
            each: self._argument(each, may_lift=not signature.returns.is_list)
            for each in signature.parameters
            if each.required or self._chance.random() < 0.4
        }
        name = f"V{len(self._lines)}"
        arguments = (f"{each.name}={value}" for each, value in given.items())
        self._lines.append(f"{name}={signature.name}({', '.join(arguments)})")
        lifted = any(lifts(each.type, self._known.get(value, Type.NONE)) for each, value in given.items())
        self._known[name] = list_of(signature.returns) if lifted else signature.returns
        self._roots[name] = self._root
        return name

    def _argument(self, parameter: Parameter, *, may_lift: bool) -> str:
        chance = self._chance
        if parameter.nullable and chance.random() < 0.3:
            return "None"
        if parameter.type is Type.EXPRESSION:
            return repr(self._expression(chance.choice((1, 2, 2, 3, 4))))
        if parameter.words:
            return repr(chance.choice((*parameter.words, *parameter.synonyms)))
        lifting = may_lift and chance.random() < 0.3
        fitting = [name for name in self._known if self._fits(parameter.type, name, lifting=lifting)]
        if fitting and (parameter.type in {*_PLACED, Type.ANY} or chance.random() < 0.4):
            return chance.choice(fitting)
        if parameter.type in (Type.REGIONS, Type.COUNTABLE):
            makers = [each for each in self._signatures if each.returns is Type.REGIONS]
            return self._step(chance.choice([each for each in makers if not _needs_regions(each)]))
        return self._literal(parameter.type)

    def _fits(self, expected: Type, name: str, *, lifting: bool) -> bool:
        actual = self._known[name]
        if actual is Type.ANY or (actual in _PLACED and self._roots[name] != self._root):
            return False
        return accepts(expected, actual) or (lifting and lifts(expected, actual))

    def _literal(self, kind: Type) -> str:
        chance = self._chance
        if kind is Type.INT:
            return str(chance.choice((0, 1, 5, 20, -1, 10**6)))
        if kind is Type.BOOL:
            return chance.choice(("True", "False"))
        if kind is Type.FLOATS:
            return repr([chance.choice((0, 1, 20, 31.5)) for _ in range(chance.choice((2, 4, 4)))])
        if kind is Type.BOOLS:
            return repr([chance.random() < 0.5 for _ in range(chance.randint(0, 4))])
        if kind is Type.STRINGS or (kind is Type.TEXTS and chance.random() < 0.3):
            return repr([chance.choice(_WORDS) for _ in range(chance.randint(0, 4))])
        return repr(chance.choice(_WORDS))

    def _expression(self, depth: int) -> str:
        chance = self._chance
        if depth == 0:
            return self._operand()
        inner = [self._expression(depth - 1) for _ in range(3)]
        condition = f"{inner[0]} {chance.choice(('==', '!=', '<', '>=', 'in', 'not in'))} {inner[1]}"
        forms = (
            f"({inner[0]} {chance.choice(('+', '-', '*', '/', '//', '%', '+', '+'))} {inner[1]})",
            f"({condition})",
            f"({condition} {chance.choice(('and', 'or', 'xor'))} not {inner[2]} == {inner[1]})",
            f"({inner[2]} if {condition} else {inner[1]})",
            f"[{', '.join(inner[: chance.randint(0, 3)])}]",
            f"{chance.choice(('len', 'str', 'lower', 'sorted', 'abs', 'int', 'float', 'round'))}({inner[0]})",
            f"{chance.choice(('min', 'max', 'sum', 'any', 'all'))}([{condition}, {condition}])",
        )
        return chance.choice(forms)

    def _operand(self) -> str:
        chance = self._chance
        usable = [name for name, kind in self._known.items() if kind in _VALUES]
        draw = chance.random()
        if usable and draw < 0.5:
            return f"{{{chance.choice(usable)}}}"
        if usable and draw < 0.6:
            return f"'it is {{{chance.choice(usable)}}}!'"
        return chance.choice(_NUMBERS) if draw < 0.8 else repr(chance.choice(_WORDS))


def _needs_regions(signature: Signature) -> bool:
    return any(each.type is Type.REGIONS for each in signature.parameters)


def _call(tool: str, expression: str) -> str:
    return f"{tool}({expression!r})"

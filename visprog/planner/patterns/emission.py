"""Writes the program of a derivation. Equal steps are written once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from visprog.planner.patterns.body import PICTURES, Filling, Name, Place, escaped
from visprog.planner.patterns.chart import Node

_SIDE = re.compile("LEFT|RIGHT")
_BASE = re.compile(r"[A-Z]+")


def program_of(node: Node, pictures: Sequence[str]) -> str:
    """Return the text of the program for an instruction about these pictures."""
    writer = _Writer(pictures)
    result = writer.facet(node, "value", writer.pictures["IMAGE"])
    return "\n".join([*writer.lines, f"RESULT={result}"])


class _Writer:
    def __init__(self, pictures: Sequence[str]) -> None:
        self.lines: list[str] = []
        self.pictures = dict(zip(PICTURES, (pictures[0], *pictures), strict=False))
        self._written: dict[str, str] = {}
        self._counts: dict[str, int] = {}
        self._values: dict[tuple[int, str], str] = {}

    def facet(self, node: Node, name: str, picture: str) -> str:
        """Return a text of a phrase, or its value: the name of a step or an expression."""
        if name == "value":
            key = (id(node), picture)
            if key not in self._values:
                self._values[key] = self._value(node, picture)
            return self._values[key]
        holder = _holder(node, name)
        if holder is None:
            return self._text(node, picture) if name == "text" else self._other(node, name, picture)
        if holder.rule is not None and name in holder.rule.facets:
            return self._filled(holder.rule.facets[name], holder, {}, picture)
        return holder.facets[name]

    def _other(self, node: Node, name: str, picture: str) -> str:
        """Return a form of the text that every phrase has, or the text itself."""
        if name == "full":
            return f"{node.lead} {node.text}".strip()
        text = self._text(node, picture)
        return text[:1].upper() + text[1:] if name == "capital" else text

    def _text(self, node: Node, picture: str) -> str:
        rule = node.rule
        if rule is not None and "text" in rule.facets:
            return self._filled(rule.facets["text"], node, {}, picture)
        if rule is not None and rule.value is not None:
            return self._value(node, picture)
        if len(node.slots) == 1 and rule is not None and not rule.steps:
            (child,) = node.slots.values()
            if (child.start, child.end) == (node.start, node.end):
                return self._text(child, picture)
        return node.text

    def _value(self, node: Node, picture: str) -> str:
        rule = node.rule
        if rule is None:
            return node.text
        names: dict[str, str] = {}
        for step in rule.steps:
            call = self._filled(step.value, node, names, picture)
            names[step.name] = self._step(step.name, _spaced(call))
        if rule.value is not None:
            return self._filled(rule.value, node, names, picture)
        if rule.steps:
            return names[rule.steps[-1].name]
        if node.slots:
            return self.facet(next(iter(node.slots.values())), "value", picture)
        return node.text

    def _step(self, name: str, call: str) -> str:
        if "(" not in call:
            return call
        if call not in self._written:
            match = _BASE.match(name)
            base = match[0] if match else name
            self._counts[base] = count = self._counts.get(base, -1) + 1
            self._written[call] = f"{base}{count}"
            self.lines.append(f"{base}{count}={call}")
        return self._written[call]

    def _filled(self, filling: Filling, node: Node, names: Mapping[str, str], picture: str) -> str:
        found: list[str] = []
        for part in filling:
            if isinstance(part, str):
                found.append(part)
            elif isinstance(part, Name):
                found.append(names.get(part.text) or self._picture(part.text, names, picture))
            else:
                text = self._place(part, node, names, picture)
                if part.argument is not None:
                    counted = self._filled(part.argument, node, names, picture)
                    text = text.replace("#", f"({counted})" if " " in counted else counted)
                found.append(escaped(text) if part.is_quoted else text)
        return "".join(found)

    def _place(self, place: Place, node: Node, names: Mapping[str, str], picture: str) -> str:
        child = node.slots.get(place.slot)
        if child is None:
            return ""
        if place.picture.isupper():
            return self.facet(child, place.facet, self._picture(place.picture, names, picture))
        over = self.facet(node.slots[place.picture], "over", picture)
        return _SIDE.sub(
            lambda match: f"({self.facet(child, place.facet, self.pictures[match.group()])})", over
        )

    def _picture(self, name: str, names: Mapping[str, str], picture: str) -> str:
        return picture if name == "IMAGE" else names.get(name) or self.pictures.get(name, name)


def _spaced(call: str) -> str:
    """Return a call without the gaps that empty slots leave in its texts. Questions get a capital letter."""
    closed = re.sub(r"  +", " ", re.sub(r"(?<==')\s+|\s+(?=\??'[,)])", "", call))
    return re.sub(r"(?<=question=')\w", lambda match: match.group().upper(), closed)


def _holder(node: Node, name: str) -> Node | None:
    """Return the phrase, or the first phrase inside it, that has a text of this name of its own."""
    if name == "text":
        return None
    if name in node.facets or (node.rule is not None and name in node.rule.facets):
        return node
    found = (_holder(child, name) for child in node.slots.values())
    return next((each for each in found if each is not None), None)

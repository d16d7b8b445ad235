"""Strips of a page: the elements of a lifted step, and the items of a list of pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.engine.lifting import MAX_ELEMENTS, places_of
from visprog.language.checked import CheckedStep
from visprog.language.program import ListValue, Literal, Template, Value, Variable
from visprog.trace.limits import shorten
from visprog.trace.page_parts import Element, PageValue, Strip
from visprog.trace.page_values import PageValues, fits, is_strip, more
from visprog.trace.record import StepRecord
from visprog.values import Image, Regions

_VISIBLE = 12
"""Number of elements that are always visible. Longer strips are folded."""
_TOTAL = 3_000
"""Maximum number of elements on a page. After these, each strip shows its first `_VISIBLE` elements."""
_WARNING = 160
"""Maximum characters of an element's warnings."""


_SEE_ABOVE = "see the warnings of the step"
"""The warning of an element that no warning of its step lists."""


class Strips:
    """Makes the strips of one page. Their elements are limited in number.

    `clean` removes the folders from a text.
    """

    def __init__(
        self, page_values: PageValues, values: Mapping[str, Any], clean: Callable[[str], str]
    ) -> None:
        self._page_values = page_values
        self._values = values
        self._clean = clean
        self._left = _TOTAL

    def of_step(self, step: CheckedStep, record: StepRecord) -> Strip | None:
        """Return the strip of a lifted step, or of a step whose value is a list of pictures, else None.

        The strip of a step that failed has its failed element only.
        """
        lists = {name: self._items(step.arguments[name]) for name in step.lifted}
        if record.error is not None:
            return self._failed(step, lists, record.error.element)
        if not isinstance(record.value, list) or not record.value:
            return None
        if not (step.lifted or is_strip(record.value)):
            return None
        warned = record.elements.warned if record.elements is not None else ()
        warnings = _warnings(record.warnings, warned, len(record.value))
        shown = self._shown(len(record.value))
        elements = [
            self._element(place, step, lists, record.value, warnings.get(place, "")) for place in range(shown)
        ]
        return _strip(elements, len(record.value))

    def of_result(self, value: object, name: str) -> Strip | None:
        """Return the first elements of a result that is a list of pictures, else None."""
        if not isinstance(value, list) or not is_strip(value):
            return None
        first = [self._item(place, each, name) for place, each in enumerate(value[:_VISIBLE])]
        return Strip(tuple(first), (), len(value), "")

    def _items(self, value: Value) -> Sequence[Any]:
        """Return the items of a lifted argument, as far as they are known."""
        match value:
            case Variable(name):
                found = self._values.get(name)
                return found if isinstance(found, list) else ()
            case ListValue(items):
                return [
                    self._values.get(each.name, each) if isinstance(each, Variable) else each
                    for each in items
                ]
        return ()

    def _shown(self, count: int) -> int:
        shown = min(count, MAX_ELEMENTS, max(self._left, _VISIBLE))
        self._left -= shown
        return shown

    def _failed(
        self, step: CheckedStep, lists: Mapping[str, Sequence[Any]], place: int | None
    ) -> Strip | None:
        if place is None:
            return None
        arguments = self._arguments(place - 1, step, lists)
        return Strip((Element(place, arguments, None, "", is_failed=True),), (), 1, "")

    def _element(
        self,
        place: int,
        step: CheckedStep,
        lists: Mapping[str, Sequence[Any]],
        values: Sequence[Any],
        warning: str,
    ) -> Element:
        value, title = values[place], _title(place, step.step.target)
        picture = self._picture(place, lists, value, step.name)
        output = self._page_values.element(value, title, picture)
        arguments = self._arguments(place, step, lists)
        return Element(place + 1, _without_repeated((*arguments, ("", output))), output, self._clean(warning))

    def _item(self, place: int, value: object, name: str) -> Element:
        picture = self._page_values.picture_of(name, value, place) if isinstance(value, Regions) else None
        title = _title(place, self._page_values.source_name(name))
        return Element(place + 1, (), self._page_values.element(value, title, picture), "")

    def _arguments(
        self, place: int, step: CheckedStep, lists: Mapping[str, Sequence[Any]]
    ) -> tuple[tuple[str, PageValue], ...]:
        return tuple(
            (name, self._argument(place, step, lists, name))
            for name, items in lists.items()
            if place < len(items)
        )

    def _argument(
        self, place: int, step: CheckedStep, lists: Mapping[str, Sequence[Any]], parameter: str
    ) -> PageValue:
        item, value = lists[parameter][place], step.arguments[parameter]
        if isinstance(item, Variable | Template):
            return self._page_values.argument(item)
        name = value.name if isinstance(value, Variable) else ""
        title = _title(place, self._page_values.source_name(name) if name else f"`{parameter}`")
        picture = self._picture(place, lists, item, name or step.name)
        return self._page_values.element(item.value if isinstance(item, Literal) else item, title, picture)

    def _picture(
        self, place: int, lists: Mapping[str, Sequence[Any]], value: object, name: str
    ) -> Image | None:
        """Return the picture that an element's regions belong to: that of its arguments, or one upstream."""
        if not isinstance(value, Regions):
            return None
        own = [items[place] for items in lists.values() if place < len(items)]
        pictures = (each for each in own if isinstance(each, Image) and fits(value, each))
        return next(pictures, None) or self._page_values.picture_of(name, value, place)


def _without_repeated(shown: Sequence[tuple[str, PageValue]]) -> tuple[tuple[str, PageValue], ...]:
    """Return the arguments without the pictures that are shown with regions over them.

    The last value is the result, which is left out.
    """
    marked = {each.figure.picture for _, each in shown if each.kind == "regions" and each.figure is not None}
    return tuple(
        (name, each)
        for name, each in shown[:-1]
        if not (each.kind == "image" and each.figure is not None and each.figure.picture in marked)
    )


def _strip(elements: Sequence[Element], total: int) -> Strip:
    return Strip(tuple(elements[:_VISIBLE]), tuple(elements[_VISIBLE:]), total, more(total - len(elements)))


def _title(place: int, name: str) -> str:
    return f"element {place + 1} of {name}"


def _warnings(warnings: Sequence[str], warned: Sequence[int], count: int) -> dict[int, str]:
    """Return the warnings of each element, by its place from 0, without the lists of elements.

    A warning of very many elements lists only the first of them.
    """
    found: dict[int, list[str]] = {place - 1: [] for place in warned}
    for warning in warnings if warned else ():
        for place in places_of(warning, count):
            found.setdefault(place - 1, []).append(warning.rpartition(" (")[0])
    return {place: shorten("; ".join(each), _WARNING) or _SEE_ABOVE for place, each in found.items()}

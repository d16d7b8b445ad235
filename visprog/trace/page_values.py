"""The values of a page: how inputs, arguments, results and the elements of lists are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from visprog.language import coercion
from visprog.language.program import ListValue, Literal, Template, Value, Variable
from visprog.trace.figures import Album, Figure
from visprog.trace.limits import Limits, shorten
from visprog.trace.page_parts import PageValue
from visprog.trace.pictures import is_pictures
from visprog.trace.program_html import ProgramHtml
from visprog.trace.shortening import Shortener
from visprog.trace.value_view import (
    TEXT_LIMIT,
    ImageView,
    ListView,
    RegionsView,
    RegionView,
    TextView,
    ValueView,
    describe,
)
from visprog.values import Image, Regions

_VALUES = Limits(text=TEXT_LIMIT, items=100, value=6_000, total=400_000)
_ELEMENTS = Limits(text=400, items=8, value=600, total=400_000)
_LITERALS = 20
"""Maximum number of items of a written list."""
_INSERTED = 300
"""Maximum characters of a value inside a text."""


class PageValues:
    """Shows the values of one run. `values` has the value of each input and completed step.

    All names are in single-assignment form.
    """

    def __init__(
        self, program: ProgramHtml, inputs: Mapping[str, Image], values: Mapping[str, Any], album: Album
    ) -> None:
        self._program = program
        self._inputs = inputs
        self._values = values
        self._album = album
        self._views = Shortener(_VALUES)
        self._elements = Shortener(_ELEMENTS)
        self._summaries: dict[int, str] = {}

    def shown(self, value: object, name: str, *, drawn: bool = True) -> PageValue:
        """Return a value for the page. Regions are drawn over their picture if `drawn` is set."""
        view = self._views.view(value)
        figure = self._figure(view, name) if drawn or isinstance(view, ImageView) else None
        summary = self._regions_summary(value) if isinstance(value, Regions) else _summary(view)
        return self._page_value(view, summary, figure, name)

    def absent(self, name: str) -> PageValue:
        """Return a variable that has no value."""
        return PageValue(
            "absent", "", variable=self.source_name(name), anchor=self._program.anchors.get(name, "")
        )

    def counted(self, value: list[Any], name: str) -> PageValue:
        """Return a list as its variable and its length: `3 pictures`."""
        anchor = self._program.anchors.get(name, "")
        return PageValue("other", _count(value), variable=self.source_name(name), anchor=anchor)

    def argument(self, value: Value, *, lifted: bool = False) -> PageValue:
        """Return an argument. A list of pictures, and a lifted list, is shown by its length."""
        match value:
            case Variable(name) if name in self._values:
                found = self._values[name]
                is_counted = isinstance(found, list) and (lifted or is_strip(found))
                return self.counted(found, name) if is_counted else self.shown(found, name, drawn=False)
            case Variable(name):
                return self.absent(name)
            case ListValue(items):
                shown = tuple(map(self.argument, items[:_LITERALS]))
                return PageValue("list", "", items=shown, more=more(len(items) - len(shown)))
            case Template(parts):
                return PageValue("template", "", items=tuple(map(self._part, parts)))
            case Literal(literal):
                return self.shown(literal, "")

    def element(self, value: object, name: str, picture: Image | None) -> PageValue:
        """Return an element of a list. Regions are drawn over `picture`.

        `name` describes a picture: "element 3 of IMAGES0".
        """
        view = self._elements.view(value)
        text = shorten(view.summary(), _ELEMENTS.text)
        match view:
            case TextView():
                return PageValue("text", view.text())
            case ImageView(image):
                return PageValue("image", text, self._album.element(image, f"{name}, a {text}"))
            case RegionsView(regions=regions) if picture is not None:
                drawn = self._album.element(picture, f"{name} with {_alt_text(regions)}", regions)
                return PageValue("regions", text, drawn)
        return PageValue(view.kind, text)

    def picture_of(self, name: str, regions: Regions, place: int | None = None) -> Image | None:
        """Return the picture that a variable's regions belong to: the nearest one upstream that fits.

        In lists of pictures, the one at the same `place` is considered.
        """
        return next((each for each in self._pictures_above(name, place, set()) if fits(regions, each)), None)

    def _pictures_above(self, name: str, place: int | None, visited: set[str]) -> Iterator[Image]:
        """Yield the pictures that a step uses, then those of the steps above, then the inputs."""
        if name in visited:
            return
        visited.add(name)
        if name not in self._program.steps:
            yield from self._inputs.values()
            return
        uses = self._program.steps[name][1].uses
        for use in uses:
            value = self._values.get(use)
            is_item = isinstance(value, list) and place is not None and place < len(value)
            one = value[place] if is_item else value
            if isinstance(one, Image):
                yield one
        for use in uses:
            yield from self._pictures_above(use, place, visited)

    def source_name(self, name: str) -> str:
        """Return a variable's name as written in the program, not in single-assignment form."""
        steps = self._program.steps
        return steps[name][1].step.target if name in steps else name

    def _part(self, part: str | Variable) -> PageValue:
        """Return a part of a template: its own text, or the value of a variable."""
        if isinstance(part, str):
            return PageValue("written", self._views.text(part))
        value = self._values.get(part.name)
        if not isinstance(value, str | int | float | list):
            return self.absent(part.name)
        text = self._views.text(shorten(coercion.text(value), _INSERTED))
        anchor = self._program.anchors.get(part.name, "")
        return PageValue("inserted", text, variable=self.source_name(part.name), anchor=anchor)

    def _regions_summary(self, regions: Regions) -> str:
        """Return the summary of regions. It is kept, because most regions are shown several times."""
        if id(regions) not in self._summaries:
            self._summaries[id(regions)] = describe(regions).summary
        return self._summaries[id(regions)]

    def _item(self, view: ValueView) -> PageValue:
        return self._page_value(view, _summary(view), None, "")

    def _page_value(self, view: ValueView, text: str, figure: Figure | None, name: str) -> PageValue:
        items: tuple[PageValue, ...] = ()
        rest = ""
        match view:
            case TextView():
                text = view.text()
            case ListView():
                items, text, rest = tuple(map(self._item, view.items)), "", more(view.hidden)
        return PageValue(
            view.kind, text, figure, items, rest, self.source_name(name), self._program.anchors.get(name, "")
        )

    def _figure(self, view: ValueView, name: str) -> Figure | None:
        match view:
            case ImageView(image):
                size = view.summary()
                alt = f"{self.source_name(name)}, a {size}" if name else size
                return self._album.figure(image, alt)
            case RegionView(region) if region.mask is not None:
                height, width = region.mask.shape
                return self._drawn(Regions([region], size=(width, height)), name)
            case RegionsView(regions=regions):
                return self._drawn(regions, name)
        return None

    def _drawn(self, regions: Regions, name: str) -> Figure | None:
        """Return the picture that the regions belong to, with the regions over it, or None."""
        picture = self.picture_of(name, regions)
        if picture is None:
            return None
        return self._album.figure(picture, f"Picture with {_alt_text(regions)}", regions)


def fits(regions: Regions, picture: Image) -> bool:
    """Return whether regions lie in a picture, as far as sizes and frames tell."""
    if regions.size != picture.size:
        return False
    return regions.frame is None or picture.frame is None or regions.frame == picture.frame


def is_strip(value: object) -> bool:
    """Return whether a value is a list of pictures, or of sets of regions, and is shown as a strip."""
    return is_pictures(value) or (
        isinstance(value, list) and bool(value) and all(isinstance(each, Regions) for each in value)
    )


def _count(value: list[Any]) -> str:
    kind = "picture" if is_pictures(value) else "set of regions" if is_strip(value) else "item"
    first, space, rest = kind.partition(" ")
    return f"{len(value):,} {first}{'s' * (len(value) != 1)}{space}{rest}"


def more(hidden: int) -> str:
    """Return how many items are left out, as words; "" for none."""
    return f"and {hidden:,} more" if hidden > 0 else ""


def _summary(view: ValueView) -> str:
    """Return a value's summary. Texts and lists have none, as the page shows their content."""
    return "" if isinstance(view, TextView | ListView) else shorten(view.summary(), TEXT_LIMIT)


def _alt_text(regions: Regions) -> str:
    named = [shorten(describe(region).summary, 80) for region in regions[:5]]
    rest = f" and {len(regions) - 5} more" if len(regions) > 5 else ""
    return f"{', '.join(named)}{rest} marked" if named else "no region"

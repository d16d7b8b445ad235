"""How a value looks in every view: the page, the terminal, the JSON record, result files and batch lines.

Each kind of value has one class here, with one method for each view. To add a kind, write its class and
register the function that makes it from a value.
"""

from __future__ import annotations

import math
import reprlib
from dataclasses import dataclass
from functools import singledispatch
from itertools import islice
from typing import Any, ClassVar, NamedTuple, Protocol

from visprog.frame import Frame
from visprog.trace.limits import UNLIMITED, Limits, Room, shorten, shortened
from visprog.trace.number_format import percent
from visprog.values import Image, Region, Regions

TEXT_LIMIT = 2_000
"""Maximum characters of a text or a repr on a page or a terminal."""

_SUMMARY = Limits(text=TEXT_LIMIT, items=100, value=TEXT_LIMIT, total=TEXT_LIMIT)
_ITEM, _REGION = 20, 60
"""Characters that an item of a list and a region take up besides their texts."""
_NAMED = 4
"""Maximum number of labels, pictures and sets of regions that a summary names."""
_COUNTED = {"image": ("picture", "pictures"), "regions": ("set of regions", "sets of regions")}
"""The kinds of list items that a summary counts, as one and as several."""

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = 500
_repr.maxlevel = 4
_repr.maxdict = _repr.maxset = _repr.maxfrozenset = _repr.maxtuple = _repr.maxlist = _repr.maxdeque = 20


class ValueView(Protocol):
    """A value as views show it, cut to their limits."""

    @property
    def kind(self) -> str:
        """The kind of value, by which a page chooses how to show it."""

    def summary(self) -> str:
        """Return one line for a page or a terminal."""

    def text(self) -> str:
        """Return the text of a result on a terminal or in a text file."""

    def data(self) -> Any:
        """Return plain JSON data, for result files and batch lines."""

    def record(self) -> dict[str, Any]:
        """Return JSON data with its type, for the record of a run."""


@dataclass(frozen=True, slots=True)
class TextView:
    """The beginning of a text of `length` characters."""

    kind: ClassVar[str] = "text"
    beginning: str
    length: int

    def summary(self) -> str:
        """Return the text in quotes: `'a dog'`."""
        quoted = repr(self.beginning)
        return shortened(quoted, self.length) if self.hidden else quoted

    def text(self) -> str:
        """Return the text, with its length if it is cut."""
        return shortened(self.beginning, self.length) if self.hidden else self.beginning

    def data(self) -> str:
        """Return the text, with its length if it is cut."""
        return self.text()

    def record(self) -> dict[str, Any]:
        """Return the text, and its `length` if it is cut."""
        record = {"type": type(self.beginning).__name__, "value": self.text()}
        return record | {"length": self.length} if self.hidden else record

    @property
    def hidden(self) -> int:
        """The number of characters left out."""
        return self.length - len(self.beginning)


@dataclass(frozen=True, slots=True)
class ScalarView:
    """A number, a truth value, or None."""

    value: float | bool | None
    kind: str
    type: str

    def summary(self) -> str:
        """Return the value as Python writes it: `3`, `True`, `None`."""
        return str(self.value)

    def text(self) -> str:
        """Return the value as Python writes it."""
        return str(self.value)

    def data(self) -> float | bool | None:
        """Return the value itself."""
        return self.value

    def record(self) -> dict[str, Any]:
        """Return the value; infinity, which JSON lacks, as text."""
        infinite = isinstance(self.value, float) and not math.isfinite(self.value)
        return {"type": self.type, "value": str(self.value) if infinite else self.value}


@dataclass(frozen=True, slots=True)
class ImageView:
    """A picture: its size and digest, and whether parts of it are transparent."""

    kind: ClassVar[str] = "image"
    image: Image

    def summary(self) -> str:
        """Return the size: `picture of 320 × 240`, `transparent picture of 320 × 240`."""
        kind = "picture" if self.image.alpha is None else "transparent picture"
        return f"{kind} of {self.image.width} × {self.image.height}"

    def text(self) -> str:
        """Return the size: `a picture of 320x240`, `a transparent picture of 320x240`."""
        kind = "picture" if self.image.alpha is None else "transparent picture"
        return f"a {kind} of {self.image.width}x{self.image.height}"

    def data(self) -> dict[str, Any]:
        """Return the size and the digest, and `alpha` if the picture is transparent."""
        data = {"width": self.image.width, "height": self.image.height, "digest": self.image.digest}
        return data if self.image.alpha is None else data | {"alpha": True}

    def record(self) -> dict[str, Any]:
        """Return the size, the digest, the place in the root, and notes on how the picture was read."""
        record = {"type": "Image", **self.data(), **_frame_record(self.image.frame)}
        return record | {"notes": list(self.image.notes)} if self.image.notes else record


@dataclass(frozen=True, slots=True)
class RegionView:
    """A region. `label` is its label, cut to the limits."""

    kind: ClassVar[str] = "region"
    region: Region
    label: str

    def summary(self) -> str:
        """Return label and score: `dog 91%`."""
        return f"{self.label or 'region'} {percent(self.region.score)}"

    def text(self) -> str:
        """Return label, score and box as Python writes them."""
        return str(self.region)

    def data(self) -> dict[str, Any]:
        """Return label, score, box, and the area of the mask or None."""
        mask = self.region.mask
        return self._place() | {"mask_area": None if mask is None else int(mask.sum())}

    def record(self) -> dict[str, Any]:
        """Return label, score, box, and the area of the mask if there is one."""
        return {"type": "Region", **(self._place() if self.region.mask is None else self.data())}

    def line(self) -> str:
        """Return label, score and box, separated by tabs."""
        region = self.region
        return f"{self.label or 'region'}\t{region.score:.3f}\t{' '.join(map(str, region.box))}"

    def _place(self) -> dict[str, Any]:
        return {"label": self.label, "score": self.region.score, "box": list(self.region.box)}


@dataclass(frozen=True, slots=True)
class RegionsView:
    """The first of `regions`."""

    kind: ClassVar[str] = "regions"
    items: tuple[RegionView, ...]
    regions: Regions

    def summary(self) -> str:
        """Return the number and the labels: `2 regions: dog, puppy`."""
        number = len(self.regions)
        if not number:
            return "no region"
        count = f"{number:,} region{'s' if number > 1 else ''}"
        labels = list(dict.fromkeys(item.label for item in self.items if item.label))
        more = f" and {len(labels) - _NAMED} more" if len(labels) > _NAMED else ""
        return f"{count}: {', '.join(map(_brief, labels[:_NAMED]))}{more}" if labels else count

    def text(self) -> str:
        """Return one line for each region."""
        return "\n".join([*(item.line() for item in self.items), *_and_more(self.hidden)])

    def data(self) -> list[Any]:
        """Return a list of regions."""
        return [*(item.data() for item in self.items), *_and_more(self.hidden)]

    def record(self) -> dict[str, Any]:
        """Return the size of their picture, its place in the root, and the regions.

        `more` counts the regions left out.
        """
        regions = [item.record() for item in self.items]
        record: dict[str, Any] = {"type": "Regions", "size": list(self.regions.size)}
        record |= _frame_record(self.regions.frame) | {"regions": regions}
        return record | {"more": self.hidden} if self.hidden else record

    @property
    def hidden(self) -> int:
        """The number of regions left out."""
        return len(self.regions) - len(self.items)


@dataclass(frozen=True, slots=True)
class ListView:
    """The first items of a list of `length` items."""

    kind: ClassVar[str] = "list"
    items: tuple[ValueView, ...]
    length: int

    def summary(self) -> str:
        """Return the summaries of the items in brackets: `['yes', 'no']`.

        Pictures and sets of regions are counted: `3 pictures: 80 × 60, 70 × 50, 20 × 30`.
        """
        kinds = {item.kind for item in self.items}
        if len(kinds) == 1 and (nouns := _COUNTED.get(kinds.pop())):
            return f"{self.length:,} {nouns[self.length > 1]}: {', '.join(self._briefly())}"
        return f"[{', '.join([*(item.summary() for item in self.items), *_and_more(self.hidden)])}]"

    def _briefly(self) -> list[str]:
        """Return the sizes of the first pictures, or the numbers of the first regions."""
        shown = [
            f"{item.image.width} × {item.image.height}"
            if isinstance(item, ImageView)
            else str(len(item.regions))
            for item in self.items[:_NAMED]
            if isinstance(item, ImageView | RegionsView)
        ]
        return [*shown, *_and_more(self.length - len(shown))]

    def text(self) -> str:
        """Return the texts of the items, each on its own line."""
        return "\n".join([*(item.text() for item in self.items), *_and_more(self.hidden)])

    def data(self) -> list[Any]:
        """Return a list of the items."""
        return [*(item.data() for item in self.items), *_and_more(self.hidden)]

    def record(self) -> dict[str, Any]:
        """Return the items; `more` counts those left out."""
        record = {"type": "list", "items": [item.record() for item in self.items]}
        return record | {"more": self.hidden} if self.hidden else record

    @property
    def hidden(self) -> int:
        """The number of items left out."""
        return self.length - len(self.items)


@dataclass(frozen=True, slots=True)
class OtherView:
    """A value of a type that the language does not know, such as a dict of a custom tool."""

    kind: ClassVar[str] = "other"
    value: object

    def summary(self) -> str:
        """Return the repr of the value, with its long parts cut."""
        return shorten(_repr.repr(self.value), TEXT_LIMIT)

    def text(self) -> str:
        """Return the value as Python writes it."""
        return str(self.value)

    def data(self) -> object:
        """Return the value itself, which may not be JSON data."""
        return self.value

    def record(self) -> dict[str, Any]:
        """Return the name of the type and the repr."""
        return {"type": type(self.value).__name__, "repr": self.summary()}


@singledispatch
def view(value: object, room: Room) -> ValueView:
    """Return the view of a value, or of as much of it as there is room for."""
    room.left -= _ITEM
    return OtherView(value)


@view.register
def text_view(value: str, room: Room) -> TextView:
    """Return the view of a text."""
    beginning = room.text(value)
    room.left -= _ITEM + len(beginning)
    return TextView(beginning, len(value))


@view.register
def _truth(value: bool, room: Room) -> ScalarView:
    room.left -= _ITEM
    return ScalarView(value, "truth", type(value).__name__)


@view.register
def _whole_number(value: int, room: Room) -> ValueView:
    if value.bit_length() > room.limits.bits:
        return text_view(hex(value), room)
    room.left -= _ITEM
    return ScalarView(value, "number", type(value).__name__)


@view.register
def _fraction(value: float, room: Room) -> ScalarView:
    room.left -= _ITEM
    return ScalarView(value, "number", "float")


@view.register
def _nothing(value: None, room: Room) -> ScalarView:
    room.left -= _ITEM
    return ScalarView(value, "nothing", "None")


@view.register
def _image(value: Image, room: Room) -> ImageView:
    room.left -= _REGION
    return ImageView(value)


@view.register
def _region(value: Region, room: Room) -> RegionView:
    label = room.label(value.label)
    room.left -= _REGION + len(label)
    return RegionView(value, label)


@view.register
def _regions(value: Regions, room: Room) -> RegionsView:
    count = min(len(value), room.limits.items, max(1, room.left // _REGION))
    room.cut |= count < len(value)
    return RegionsView(tuple(_region(region, room) for region in islice(value, count)), value)


@view.register(list)
def list_view(value: list[Any], room: Room) -> ListView:
    """Return the view of a list."""
    items: list[ValueView] = []
    room.left -= _ITEM
    room.depth += 1
    for item in value[: room.limits.items] if room.depth <= room.limits.depth else ():
        if room.left <= 0:
            break
        items.append(view(item, room))
    room.depth -= 1
    room.cut |= len(items) < len(value)
    return ListView(tuple(items), len(value))


def whole(value: object) -> ValueView:
    """Return the view of a value with nothing left out."""
    return view(value, Room(UNLIMITED, UNLIMITED.value))


class Description(NamedTuple):
    """The kind of a value, and its summary in one line."""

    kind: str
    summary: str


def describe(value: object) -> Description:
    """Describe any value in one line of limited length."""
    found = view(value, Room(_SUMMARY, _SUMMARY.value))
    return Description(found.kind, shorten(found.summary(), TEXT_LIMIT))


def _frame_record(frame: Frame | None) -> dict[str, Any]:
    """Return the place of a picture in the input from which it was made, if it is known."""
    return {} if frame is None else {"frame": {"root": frame.root, "left": frame.left, "top": frame.top}}


def _and_more(hidden: int) -> list[str]:
    return [f"… {hidden:,} more"] if hidden else []


def _brief(label: str) -> str:
    return label if len(label) <= 40 else f"{label[:39]}…"

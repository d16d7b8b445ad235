"""What a value looks like to people: one description that every view draws from."""

from __future__ import annotations

import reprlib
from functools import singledispatch
from typing import Any, NamedTuple

from visprog.models.usage import Tokens
from visprog.trace.shortening import CutList, CutRegions, CutText, Limits, Shortener, shorten
from visprog.values import Image, Region, Regions

TEXT_LIMIT = 2_000
"""Characters of a text or a repr that a view shows."""

_SUMMARY = Limits(text=TEXT_LIMIT, items=100, value=TEXT_LIMIT, total=TEXT_LIMIT)

_repr = reprlib.Repr()
_repr.maxstring = _repr.maxother = _repr.maxlong = 500
_repr.maxlevel = 4
_repr.maxdict = _repr.maxset = _repr.maxfrozenset = _repr.maxtuple = _repr.maxlist = _repr.maxdeque = 20


class Description(NamedTuple):
    """`kind` names the sort of value, `summary` says it in one line."""

    kind: str
    summary: str


def describe(value: object) -> Description:
    """Describe any value; what is not of the language's types is shown by its repr. Long values are cut."""
    kind, summary = _described(Shortener(_SUMMARY)(value))
    return Description(kind, shorten(summary, TEXT_LIMIT))


def brief_repr(value: object) -> str:
    """Return the repr of a value, with the ends of what is long in it left out."""
    return shorten(_repr.repr(value), TEXT_LIMIT)


@singledispatch
def _described(value: object) -> Description:
    return Description("other", brief_repr(value))


@_described.register
def _(value: Image) -> Description:
    width, height = value.size
    return Description("image", f"picture of {width} × {height}")


@_described.register
def _(value: Region) -> Description:
    return Description("region", f"{value.label or 'region'} {percent(value.score)}")


@_described.register
def _(value: Regions) -> Description:
    return Description("regions", _counted(value, len(value)))


@_described.register
def _(value: CutRegions) -> Description:
    return Description("regions", _counted(value.regions, value.length))


@_described.register
def _(value: str) -> Description:
    return Description("text", repr(value))


@_described.register
def _(value: CutText) -> Description:
    return Description("text", f"{value.text!r}… ({value.length:,} characters)")


@_described.register
def _(value: bool) -> Description:
    return Description("truth", str(value))


@_described.register
def _(value: int) -> Description:
    return Description("number", str(value))


@_described.register
def _(value: float) -> Description:
    return Description("number", repr(value))


@_described.register
def _(value: None) -> Description:  # noqa: ARG001 - dispatched by its annotation
    return Description("nothing", "None")


@_described.register(list)
def _(value: list[Any]) -> Description:
    return Description("list", f"[{', '.join(_described(item).summary for item in value)}]")


@_described.register
def _(value: CutList) -> Description:
    shown = [_described(item).summary for item in value.items]
    return Description("list", f"[{', '.join([*shown, f'… {value.hidden:,} more'])}]")


def _counted(regions: Regions, number: int) -> str:
    if not number:
        return "no region"
    count = f"{number:,} region{'s' if number > 1 else ''}"
    labels = list(dict.fromkeys(label for label in regions.labels if label))
    more = f" and {len(labels) - 4} more" if len(labels) > 4 else ""
    return f"{count}: {', '.join(map(_brief, labels[:4]))}{more}" if labels else count


def _brief(label: str) -> str:
    return label if len(label) <= 40 else f"{label[:39]}…"


def percent(score: float) -> str:
    """Write a score in [0, 1] as a percentage: `98%`, `0.4%`."""
    hundredths = score * 100
    return f"{hundredths:.1f}%" if 0 < hundredths < 1 else f"{hundredths:.0f}%"


def decimal(amount: float) -> str:
    """Write a number with two decimals at most: `12.5`."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def duration(seconds: float) -> str:
    """Write a time in the unit that suits it: `850 ns`, `12 µs`, `3.4 ms`, `1.25 s`, `2 min 5 s`."""
    if seconds >= 59.95:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        amount = seconds * scale
        if amount >= 0.9995:
            return f"{amount:.{_decimals(amount)}f} {unit}"
    return f"{seconds * 1e9:.0f} ns" if seconds > 0 else "0 s"


def cost(tokens: Tokens) -> str:
    """Write what models have cost: `1,234 tokens in, 56 out`; nothing where there was no cost."""
    return f"{tokens.input_tokens:,} tokens in, {tokens.output_tokens:,} out" if any(tokens) else ""


def shared(together: int) -> str:
    """Write that a model answered so many calls in one pass: `with 11 others in one pass`; else nothing."""
    others = together - 1
    return f"with {others} other{'s' * (others > 1)} in one pass" if others else ""


def _decimals(amount: float) -> int:
    return 2 if amount < 9.995 else 1 if amount < 99.95 else 0

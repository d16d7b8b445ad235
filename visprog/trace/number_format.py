"""Numbers as people read them: scores, times, and what models cost."""

from __future__ import annotations

from visprog.engine.events import Elements
from visprog.models.usage import Tokens


def percent(score: float) -> str:
    """Write a score in [0, 1] as a percentage: `98%`, `0.4%`."""
    hundredths = score * 100
    return f"{hundredths:.1f}%" if 0 < hundredths < 1 else f"{hundredths:.0f}%"


def decimal(amount: float) -> str:
    """Write a number with at most two decimals: `12.5`."""
    return f"{amount:.2f}".rstrip("0").rstrip(".")


def duration(seconds: float) -> str:
    """Write a time in a suitable unit: `850 ns`, `12 µs`, `3.4 ms`, `1.25 s`, `2 min 5 s`."""
    if seconds >= 59.95:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s"
    for unit, scale in (("s", 1.0), ("ms", 1e3), ("µs", 1e6)):
        amount = seconds * scale
        if amount >= 0.9995:
            return f"{amount:.{_decimals(amount)}f} {unit}"
    return f"{seconds * 1e9:.0f} ns" if seconds > 0 else "0 s"


def cost(tokens: Tokens) -> str:
    """Write the tokens that models used: `1,234 tokens in, 56 out`. Return "" if they used none."""
    return f"{tokens.input_tokens:,} tokens in, {tokens.output_tokens:,} out" if any(tokens) else ""


def shared(together: int) -> str:
    """Write how many other calls a model answered in the same pass: `with 11 others in one pass`.

    `together` includes the step's own call. Return "" if there was no other.
    """
    others = together - 1
    return f"with {others} other{'s' * (others > 1)} in one pass" if others else ""


def elements(counts: Elements) -> str:
    """Write the number of elements, and how many came from the cache: `64 elements, 12 from the cache`."""
    total = f"{counts.total:,} element{'s' * (counts.total != 1)}"
    if not counts.cached:
        return total
    return f"{total}, {'all' if counts.cached == counts.total else f'{counts.cached:,}'} from the cache"


def _decimals(amount: float) -> int:
    return 2 if amount < 9.995 else 1 if amount < 99.95 else 0

"""What values mean where a number, a boolean or text is wanted.

| wanted | text | number | boolean |
|---|---|---|---|
| number | numerals ('3', '-2.5', '1,000') and number words ('two', 'twenty-one', 'none') | itself | 1 or 0 |
| boolean | 'yes', 'true' / 'no', 'false'; else as a number | not 0 | itself |
| text | itself | its digits | 'True' or 'False' |

Text is compared with case and surrounding white space ignored; two texts that are both numbers are
compared as numbers. `+` adds numbers, and joins lists; beside words that are written in the expression
itself it joins text.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from visprog.errors import ExpressionError

Number: TypeAlias = int | float

MAX_BITS = 256
MAX_ITEMS = 20_000

_YES = frozenset({"yes", "true"})
_NO = frozenset({"no", "false"})
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS: dict[str, int] = (
    {word: value for value, word in enumerate(_UNITS)}
    | {word: 20 + 10 * index for index, word in enumerate(_TENS)}
    | {f"{ten}{gap}{_UNITS[unit]}": 20 + 10 * index + unit
       for index, ten in enumerate(_TENS) for unit in range(1, 10) for gap in "- "}
    | {"none": 0, "hundred": 100, "a hundred": 100, "one hundred": 100, "dozen": 12, "a dozen": 12}
)  # fmt: skip
_NUMERAL = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+", re.ASCII)


def word_number(word: str) -> int | None:
    """Return the number that a word or two name, such as 'seven' or 'twenty-one'; None for other words."""
    return _WORDS.get(word.strip().casefold())


def _from_text(value: str) -> Number | None:
    stripped = value.strip().rstrip(".").casefold()
    if stripped in _WORDS:
        return _WORDS[stripped]
    if len(stripped) > 80 or not _NUMERAL.fullmatch(stripped):
        return None
    plain = stripped.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def is_number(value: Any) -> bool:
    """Whether the value is, or names, a number."""
    return isinstance(value, int | float) or (isinstance(value, str) and _from_text(value) is not None)


def number(value: Any, where: str) -> Number:
    """Return the value as a number. Raises ExpressionError that names `where` it was wanted."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    found = _from_text(value) if isinstance(value, str) else None
    if found is None:
        raise ExpressionError(f"{where} wants a number, found {shown(value)}")
    return found


def boolean(value: Any) -> bool:
    """Return the value as a boolean. Raises ExpressionError where it says neither yes nor no."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        word = _plain(value)
        if word in _YES:
            return True
        if word in _NO:
            return False
    if is_number(value):
        return number(value, "a condition") != 0
    raise ExpressionError(
        f"a condition wants yes or no, found {shown(value)}", help="compare it, as in `{NAME} == 'red'`"
    )


def text(value: Any) -> str:
    """Return the value as text. Raises ExpressionError where that would be too long."""
    if isinstance(value, list | tuple):
        return str(bounded(", ".join(map(text, bounded(value)))))
    return str(value)


def equal(left: Any, right: Any) -> bool:
    """Whether two values mean the same."""
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(equal, left, right))
    if isinstance(left, bool) != isinstance(right, bool):
        flag, other = (left, right) if isinstance(left, bool) else (right, left)
        if isinstance(other, str):
            return _plain(other) in (_YES if flag else _NO)
        return bool(flag == other)
    if is_number(left) and is_number(right):
        return number(left, "`==`") == number(right, "`==`")
    if isinstance(left, str) and isinstance(right, str):
        return _plain(left) == _plain(right)
    return bool(left == right)


def _plain(value: str) -> str:
    """Return text as it is compared: an answer's full stop is no part of it."""
    return value.strip().rstrip(".!").casefold()


def ordered(sign: str, compare: Callable[[Any, Any], bool], left: Any, right: Any) -> bool:
    """Compare by size: numbers where both are, else texts. Raises ExpressionError for anything else."""
    if is_number(left) and is_number(right):
        return compare(number(left, sign), number(right, sign))
    if isinstance(left, str) and isinstance(right, str):
        return compare(left.strip().casefold(), right.strip().casefold())
    raise ExpressionError(f"`{sign}` cannot compare {shown(left)} with {shown(right)}")


def contains(item: Any, whole: Any) -> bool:
    """Whether a text is part of a text, or a value is in a list."""
    if isinstance(whole, list | tuple):
        return any(equal(item, each) for each in whole)
    if isinstance(whole, str) and isinstance(item, str):
        return item.strip().casefold() in whole.casefold()
    raise ExpressionError(f"`in` looks in a list or in text, not in {shown(whole)} for {shown(item)}")


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


def arithmetic(sign: str, left: Any, right: Any) -> Any:
    """Apply an arithmetic operator; `join` writes one text after the other.

    Raises ExpressionError where the values do not fit, or grow too large.
    """
    if sign == "join":
        return bounded(text(left) + text(right))
    if sign == "+" and isinstance(left, list) and isinstance(right, list):
        return bounded([*left, *right])
    if sign == "*" and (isinstance(left, list | tuple) or isinstance(right, list | tuple)):
        raise ExpressionError("`*` multiplies numbers; lists and text are not repeated")
    first, second = number(left, f"`{sign}`"), number(right, f"`{sign}`")
    grows = sign == "**" and isinstance(first, int) and abs(first) > 1 and second > 0
    if grows and second * int(first).bit_length() > 2 * MAX_BITS:
        raise ExpressionError(f"`{first} ** {second}` is too large")
    try:
        result = _ARITHMETIC[sign](first, second)
    except ZeroDivisionError:
        raise ExpressionError(f"`{first} {sign} {second}` divides by zero") from None
    except OverflowError:
        raise ExpressionError(f"`{first} {sign} {second}` is too large") from None
    return bounded(result)


def bounded(value: Any) -> Any:
    """Return the value. Raises ExpressionError where it is larger than the language allows, or no value."""
    if isinstance(value, int) and value.bit_length() > MAX_BITS:
        raise ExpressionError(f"the result has {value.bit_length()} bits, at most {MAX_BITS} are allowed")
    if isinstance(value, complex) or (isinstance(value, float) and not math.isfinite(value)):
        raise ExpressionError("the result is not a finite real number")
    if isinstance(value, str) and len(value) > MAX_ITEMS:
        raise ExpressionError(f"the text has {len(value):,} characters, at most {MAX_ITEMS:,} are allowed")
    if isinstance(value, list | tuple) and _leaves(value) > MAX_ITEMS:
        raise ExpressionError(f"the list holds more than {MAX_ITEMS:,} values")
    return value


def _leaves(value: list[Any] | tuple[Any, ...]) -> int:
    """Count what a list of lists holds, but not much beyond the bound: it may hold one list many times."""
    count, rest = 0, [value]
    while rest and count <= MAX_ITEMS:
        for item in rest.pop():
            if isinstance(item, list | tuple):
                rest.append(item)
            count += 1
    return count


def shown(value: Any) -> str:
    """Return the value as messages name it, cut to a sensible length."""
    if isinstance(value, str | int | float | list | tuple) or value is None:
        written = repr(value) if not isinstance(value, int) or value.bit_length() <= 1000 else "a huge number"
        return written if len(written) <= 80 else f"{written[:77]}..."
    return f"a value of type {type(value).__name__}"

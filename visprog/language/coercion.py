"""Conversion and comparison of the values in Eval expressions.

| needed | from text | from a number | from a boolean |
|---|---|---|---|
| number | '3', '-2.5', '1,000'; 'two', 'twenty-one', 'none' | unchanged | 1 or 0 |
| boolean | 'yes', 'true', 'no', 'false', or a number | true unless 0 | unchanged |
| text | unchanged | its digits | 'True' or 'False' |

`==`, `!=` and `in` a list ignore case, surrounding white space and final full stops and exclamation marks:
'Yes!' equals 'yes'. `<`, `>` and `in` a text ignore only case and white space. Comparing changes no value:
`{A} + '!'` keeps every character of `{A}`. Two texts that are numbers are compared as numbers. `+` adds
numbers and joins lists. If one operand is a quoted text in the expression, `+` joins text.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from visprog.errors import ExpressionError
from visprog.language.limits import (
    MAX_BITS,
    UNLIMITED,
    Budget,
    check_number,
    check_size,
    check_text,
)

Number: TypeAlias = int | float

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
_MAX_ANSWER = 80
"""Maximum characters of a text that is read as a number, yes or no."""

_NUMERAL = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|[+-]?\.\d+", re.ASCII)


def word_number(word: str) -> int | None:
    """Return the number of a number word such as 'seven' or 'twenty-one'; None for other words."""
    return _WORDS.get(word.strip().casefold())


def _from_text(value: str) -> Number | None:
    stripped = value.strip().rstrip(".")
    if len(stripped) > _MAX_ANSWER:
        return None
    stripped = stripped.casefold()
    if stripped in _WORDS:
        return _WORDS[stripped]
    if not _NUMERAL.fullmatch(stripped):
        return None
    plain = stripped.replace(",", "")
    return float(plain) if "." in plain else int(plain)


def is_number(value: Any) -> bool:
    """Return whether the value is a number, or text that means one."""
    return _as_number(value) is not None


def _as_number(value: Any) -> Number | None:
    if isinstance(value, str):
        return _from_text(value)
    return value if isinstance(value, int | float) else None


def number(value: Any, where: str) -> Number:
    """Return the value as a number. Raise an ExpressionError that names `where` if it is not one."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float) and math.isfinite(value):
        return value
    found = _from_text(value) if isinstance(value, str) else None
    if found is None:
        raise ExpressionError(f"{where} needs a number, found {describe(value)}")
    return found


def boolean(value: Any) -> bool:
    """Return the value as a boolean. Raise ExpressionError if it means neither yes nor no."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (found := _yes_or_no(value)) is not None:
        return found
    if is_number(value):
        return number(value, "a condition") != 0
    is_list = isinstance(value, list | tuple)
    raise ExpressionError(
        f"a condition needs yes or no, found {describe(value)}",
        help="use `any({LIST})` or `all({LIST})`" if is_list else "compare it, as in `{NAME} == 'red'`",
    )


def _yes_or_no(value: str) -> bool | None:
    word = value.strip().rstrip(".!")
    if len(word) > _MAX_ANSWER:
        return None
    word = word.casefold()
    return True if word in _YES else False if word in _NO else None


def text(value: Any, budget: Budget = UNLIMITED) -> str:
    """Return the value as text; the items of a list are joined with `, `.

    Raise ExpressionError before the text becomes too long.
    """
    if isinstance(value, list | tuple):
        parts: list[str] = []
        _write(value, parts, 0, budget)
        return "".join(parts)
    return str(value)


def _write(items: list[Any] | tuple[Any, ...], parts: list[str], length: int, budget: Budget) -> int:
    """Add the text of the items to `parts`; return the total length of the parts."""
    for place, item in enumerate(items):
        if place:
            parts.append(", ")
            length += 2
        budget.spend(5)
        if isinstance(item, list | tuple):
            length = _write(item, parts, length, budget)
            continue
        parts.append(str(item))
        length += len(parts[-1])
        budget.spend(0, len(parts[-1]))
        check_text(length)
    return length


def equal(left: Any, right: Any, budget: Budget = UNLIMITED) -> bool:
    """Return whether two values mean the same."""
    budget.spend(30)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(equal(*pair, budget) for pair in zip(left, right, strict=True))
    if isinstance(left, bool) != isinstance(right, bool):
        flag, other = (left, right) if isinstance(left, bool) else (right, left)
        if isinstance(other, str):
            return _yes_or_no(other) is flag
        return bool(flag == other)
    first, second = _as_number(left), _as_number(right)
    if first is not None and second is not None:
        return first == second
    if isinstance(left, str) and isinstance(right, str):
        budget.spend(0, len(left) + len(right))
        return _plain(left) == _plain(right)
    return bool(left == right)


def compared(sign: str, left: Any, right: Any, budget: Budget = UNLIMITED) -> bool:
    """Return whether two values mean the same. Raise ExpressionError for a list and a single value."""
    if isinstance(left, list | tuple) != isinstance(right, list | tuple):
        raise ExpressionError(
            f"`{sign}` cannot compare {describe(left)} with {describe(right)}",
            help="use `x in {LIST}`, `count({LIST}, x)` or one item, `{LIST}[0]`",
        )
    return equal(left, right, budget)


def identity(value: Any, budget: Budget = UNLIMITED) -> Any:
    """Return a key that is the same for numbers and texts that are equal."""
    budget.spend(30)
    number_value = _as_number(value)
    if number_value is not None:
        return number_value
    if isinstance(value, str):
        budget.spend(0, len(value))
        return _plain(value)
    return tuple(identity(each, budget) for each in value) if isinstance(value, list | tuple) else value


def _plain(value: str) -> str:
    """Return the text that `==` compares."""
    return value.strip().rstrip(".!").casefold()


def ordered(
    sign: str, compare: Callable[[Any, Any], bool], left: Any, right: Any, budget: Budget = UNLIMITED
) -> bool:
    """Compare two numbers or two texts by order. Raise ExpressionError for other values."""
    budget.spend(20)
    if is_number(left) and is_number(right):
        return compare(number(left, sign), number(right, sign))
    if isinstance(left, str) and isinstance(right, str):
        budget.spend(0, len(left) + len(right))
        return compare(left.strip().casefold(), right.strip().casefold())
    raise ExpressionError(f"`{sign}` cannot compare {describe(left)} with {describe(right)}")


def contains(item: Any, whole: Any, budget: Budget = UNLIMITED) -> bool:
    """Return whether a list contains the item, or a text contains the item's text."""
    if isinstance(whole, list | tuple) and (not isinstance(item, list | tuple) or not whole):
        return any(equal(item, each, budget) for each in whole)
    if isinstance(whole, str) and isinstance(item, str):
        budget.spend(20, len(item) + len(whole))
        return item.strip().casefold() in whole.casefold()
    raise ExpressionError(
        f"`in` cannot search for {describe(item)} in {describe(whole)}", help="use a list, or two texts"
    )


_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
}


def arithmetic(sign: str, left: Any, right: Any, budget: Budget = UNLIMITED) -> Any:
    """Apply an arithmetic operator, or `join` two texts.

    Raise ExpressionError if the values do not fit, or the result would be too large.
    """
    budget.spend(20)
    if sign == "join":
        return joined([text(left, budget), text(right, budget)], budget)
    if sign == "+" and isinstance(left, list) and isinstance(right, list):
        check_size(left, right, budget=budget)
        return [*left, *right]
    if sign == "*" and (isinstance(left, list | tuple) or isinstance(right, list | tuple)):
        raise ExpressionError("`*` multiplies numbers; it cannot repeat lists or text")
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
    check_number(result)
    return result


def joined(parts: list[str], budget: Budget = UNLIMITED) -> str:
    """Join texts. Raise ExpressionError if the result would be too long."""
    length = sum(map(len, parts))
    check_text(length)
    budget.spend(len(parts), length)
    return "".join(parts)


def describe(value: Any) -> str:
    """Return the value for a message, shortened to 80 characters."""
    if isinstance(value, str | int | float | list | tuple) or value is None:
        written = repr(value) if not isinstance(value, int) or value.bit_length() <= 1000 else "a huge number"
        return written if len(written) <= 80 else f"{written[:77]}..."
    return f"a value of type {type(value).__name__}"

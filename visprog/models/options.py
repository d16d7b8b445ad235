"""The options of a backend's models, and checks of the values that users write for them.

A backend declares its options in its record (`visprog.models.backend.Backend`). Profiles and the command line
are checked against this declaration before anything is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, NamedTuple

from visprog.errors import UsageError


class Kind(NamedTuple):
    """The values that an option accepts, and how a message describes them."""

    expected: str
    accepts: Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Option:
    """An option of a backend's models.

    `default` describes, as text, what applies without the option. `roles` are the roles whose models take it;
    empty means all roles of the backend. `models` is a pattern of the identifiers that take it, such as
    `*.onnx`. The value of a `secret` option is never shown in a message.
    """

    name: str
    kind: Kind
    meaning: str
    default: str = ""
    roles: tuple[str, ...] = ()
    models: str = "*"
    secret: bool = False


TEXT = Kind("a text", lambda value: isinstance(value, str))
FLAG = Kind("true or false", lambda value: isinstance(value, bool))
TABLE = Kind("a table", lambda value: isinstance(value, dict))
TEXTS = Kind("a list of texts", lambda value: _are_texts(value))
TEMPLATES = Kind(
    '"default", "none", or a list of texts with {} where the noun goes',
    lambda value: value in ("default", "none") or _are_templates(value),
)
FRACTION = Kind("a number from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)


def whole_number(expected: str, least: int = 1, most: int = 2**31 - 1) -> Kind:
    """Return the kind of whole numbers from `least` to `most`."""
    return Kind(
        expected,
        lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most,
    )


def number(expected: str, accepts: Callable[[float], bool]) -> Kind:
    """Return the kind of finite numbers that `accepts` returns True for."""
    return Kind(expected, lambda value: _is_number(value) and accepts(value))


def text(expected: str, accepts: Callable[[str], bool] = bool) -> Kind:
    """Return the kind of texts that `accepts` returns True for; without it, texts that are not empty."""
    return Kind(expected, lambda value: isinstance(value, str) and accepts(value))


def one_of(*choices: str) -> Kind:
    """Return the kind that has only these texts."""
    listed = f"{', '.join(choices[:-1])} or {choices[-1]}"
    return Kind(listed, lambda value: isinstance(value, str) and value in choices)


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(each, str) for each in value)


def _are_templates(value: Any) -> bool:
    return _are_texts(value) and bool(value) and all("{}" in template for template in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


PLACEMENT = (
    Option("device", TEXT, "where the model runs: cpu, mps, cuda or cuda:N", "auto: a GPU if there is one"),
    Option(
        "dtype",
        one_of("auto", "float32", "float16", "bfloat16"),
        "the precision that the model computes in",
        "auto: half precision on a GPU, float32 on a CPU",
    ),
)
"""Options of every model that runs on this machine through torch."""

REVISION = Option("revision", text("a branch, a tag or a commit"), "the version of the repository", "main")
"""The option of every model that is pulled from the hub."""

LOCAL_OPTIONS = ("revision", "device", "dtype")
"""The names of the options above."""


def check_options(options: Mapping[str, Any], declared: Iterable[Option], model: str) -> None:
    """Raise UsageError for an option of `model` that is not declared, or for a wrong value."""
    known = {option.name: option for option in declared}
    for name, value in options.items():
        if name not in known:
            raise _unknown(name, list(known), model)
        option = known[name]
        if not option.kind.accepts(value):
            found = "something else" if option.secret else f"{value!r:.200}"
            raise UsageError(
                f"the option `{name}` of {model} must be {option.kind.expected}; found {found}",
                help=f"it sets {option.meaning}",
            )


def check_names(options: Mapping[str, Any], names: Iterable[str], model: str) -> None:
    """Raise UsageError for an option that is not in `names`.

    Loaders call this where the models of a role differ in their options.
    """
    known = list(names)
    for name in options:
        if name not in known:
            raise _unknown(name, known, model)


def _unknown(name: str, known: list[str], model: str) -> UsageError:
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    hint = f"did you mean `{near[0]}`? " if near else ""
    listed = f"its options are {', '.join(known)}" if known else "it has no options"
    return UsageError(f"{model} takes no option `{name}`", help=f"{hint}{listed}")

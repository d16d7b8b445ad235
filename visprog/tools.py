"""Tools: typed functions that programs may call, and the registry of tools.

Programs are checked against a tool's signature. The planner's prompt and `visprog tools` show its docstring.
The engine fills in the keyword-only parameters that are annotated with a role. A keyword-only parameter that
is annotated `Warn` receives a function for remarks on the step. Keyword-only parameters with a default are
settings, which a profile may change under `[tools.NAME]`:

    @tool("Loc")
    def loc(image: Image, object: str, *, detector: Detector, warn: Warn) -> Regions:
        \"\"\"Find every `object` in `image`.\"\"\"

A declared tool is not registered until it is added to a registry.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

from visprog.errors import ToolError, UsageError
from visprog.language.expression import Expression
from visprog.language.types import REQUIRED, Parameter, Signature, Type
from visprog.models.roles import ROLES
from visprog.tool_code import code_hash, has_stable_hash
from visprog.values import Image, Regions, Scalar


class Warn(Protocol):
    """Attaches a remark to the running step. The trace, the record and the terminal show it."""

    def __call__(self, message: str, /) -> None:
        """Attach `message`."""
        ...


_TYPES: dict[object, Type] = {
    Image: Type.IMAGE,
    Regions: Type.REGIONS,
    str: Type.STR,
    int: Type.INT,
    float: Type.FLOAT,
    bool: Type.BOOL,
    Scalar: Type.SCALAR,
    list[Image]: Type.IMAGES,
    list[Regions]: Type.REGION_SETS,
    list[str]: Type.STRINGS,
    list[int]: Type.INTS,
    list[float]: Type.FLOATS,
    list[bool]: Type.BOOLS,
    list[Scalar]: Type.SCALARS,
    list[Any]: Type.MIXED,
    str | list[str]: Type.TEXTS,
    Scalar | list[Scalar]: Type.SCALAR,
    Regions | list[Any]: Type.COUNTABLE,
    Expression: Type.EXPRESSION,
    object: Type.ANY,
    Any: Type.ANY,
}

_ROLE_NAMES = {role: name for name, role in ROLES.items()}


@dataclass(frozen=True, slots=True)
class Need:
    """A role that a tool needs. If it is optional and no model fills it, the tool gets None."""

    role: str
    optional: bool


@dataclass(frozen=True, eq=False)
class Tool:
    """A typed function that programs may call by `name` or one of `aliases`.

    `parameter_aliases` maps a parameter to its other names, and `synonyms` maps a parameter with fixed words
    to other words for them; `hints` say what to write for words that mean something else. If the tool
    `keeps_frame`, the picture that it returns shows the same scene as the one it was given, whole or cropped:
    regions of one fit the other. It `crops` if it returns a part of the picture, to look at. `version` is a
    part of the keys of cached results. Without a version, a hash of the function's code, defaults and file is
    used. A function without version and file, as in a notebook, may call other functions that change, so its
    results are not kept on disk.
    """

    name: str
    function: Callable[..., Any]
    aliases: tuple[str, ...] = ()
    parameter_aliases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    version: str = ""
    synonyms: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    keeps_frame: bool = False
    hints: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    crops: bool = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function itself. The caller gives the models, as tests do."""
        return self.function(*args, **kwargs)

    @cached_property
    def description(self) -> str:
        """The function's docstring."""
        return inspect.getdoc(self.function) or ""

    @cached_property
    def signature(self) -> Signature:
        """The signature against which programs are checked."""
        hints = self._hints
        for each in inspect.signature(self.function).parameters.values():
            if each.kind not in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY):
                raise ToolError(
                    f"tool {self.name}: programs cannot give arguments for `{each}`",
                    help="use ordinary parameters, and keyword-only parameters for roles and settings",
                )
        parameters = tuple(
            self._parameter(p, hints[p.name])
            for p in inspect.signature(self.function).parameters.values()
            if p.kind is p.POSITIONAL_OR_KEYWORD
        )
        returned = hints["return"]
        same_as = next((p.name for p in parameters if hints[p.name] is returned), None)
        if isinstance(returned, TypeVar) and same_as is not None:
            return Signature(self.name, parameters, Type.ANY, self._summary, same_as)
        returns = self._type(returned, "its result")
        frame_from = self._frame_from(parameters) if returns in _PLACED else None
        return Signature(self.name, parameters, returns, self._summary, frame_from=frame_from)

    @cached_property
    def settings(self) -> Mapping[str, Any]:
        """The settings that a profile may change, with their defaults."""
        parameters = inspect.signature(self.function).parameters.values()
        return {
            p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is not p.empty
        }

    @cached_property
    def needs(self) -> Mapping[str, Need]:
        """The roles that the engine fills in, by parameter."""
        needs = {}
        for name, hint in self._injected.items():
            if name in self.settings:
                continue
            role, optional = _strip_none(hint)
            if role in _ROLE_NAMES:
                needs[name] = Need(_ROLE_NAMES[role], optional)
            elif role is not Warn:
                raise ToolError(
                    f"tool {self.name}: the keyword-only parameter `{name}` is annotated {_shown(hint)}, "
                    f"which is not a role",
                    help=f"roles are {', '.join(r.__name__ for r in ROLES.values())}; `Warn` takes remarks",
                )
        return needs

    @cached_property
    def warn_parameter(self) -> str | None:
        """The parameter that receives the function for remarks."""
        return next((name for name, hint in self._injected.items() if hint is Warn), None)

    @cached_property
    def fingerprint(self) -> str:
        """A text that differs between tools, and between versions of a tool."""
        if self.version:
            return f"{self.name} {self.version}"
        return f"{self.name} {self.function.__module__} {code_hash(self.function)}"

    @cached_property
    def is_stable(self) -> bool:
        """Whether the fingerprint changes whenever the tool does. Captured values may change unnoticed."""
        if self.version:
            return True
        return has_stable_hash(self.function)

    def _frame_from(self, parameters: tuple[Parameter, ...]) -> str | None:
        """Return the parameter whose frame the result has: the picture, otherwise the first regions."""
        pictures = [p.name for p in parameters if p.type is Type.IMAGE]
        regions = [p.name for p in parameters if p.type is Type.REGIONS]
        returns_picture = self._hints["return"] in (Image, list[Image])
        if len(pictures) > 1 or (returns_picture and not self.keeps_frame):
            return None
        return next(iter([*pictures, *regions]), None)

    @property
    def _summary(self) -> str:
        return self.description.split("\n\n", 1)[0].replace("\n", " ")

    @cached_property
    def _hints(self) -> dict[str, Any]:
        try:
            hints = typing.get_type_hints(self.function)
        except NameError as cause:
            raise ToolError(
                f"tool {self.name}: an annotation cannot be read: {cause}",
                help="import the annotated types at the top of the module",
            ) from cause
        missing = [name for name in inspect.signature(self.function).parameters if name not in hints]
        if missing or "return" not in hints:
            what = f"`{missing[0]}`" if missing else "its result"
            raise ToolError(f"tool {self.name}: {what} has no type annotation")
        return hints

    @property
    def _injected(self) -> dict[str, Any]:
        parameters = inspect.signature(self.function).parameters.values()
        return {p.name: self._hints[p.name] for p in parameters if p.kind is p.KEYWORD_ONLY}

    def _parameter(self, parameter: inspect.Parameter, hint: Any) -> Parameter:
        kind, nullable = _strip_none(hint)
        default = REQUIRED if parameter.default is parameter.empty else parameter.default
        aliases = tuple(self.parameter_aliases.get(parameter.name, ()))
        if typing.get_origin(kind) is typing.Literal:
            words, synonyms = typing.get_args(kind), self.synonyms.get(parameter.name, {})
            hints = self.hints.get(parameter.name, {})
            return Parameter(parameter.name, Type.CHOICE, default, nullable, aliases, words, synonyms, hints)
        return Parameter(parameter.name, self._type(kind, f"`{parameter.name}`"), default, nullable, aliases)

    def _type(self, hint: Any, what: str) -> Type:
        if isinstance(hint, TypeVar):
            return Type.ANY
        try:
            return _TYPES[hint]
        except (KeyError, TypeError):
            raise ToolError(
                f"tool {self.name}: {what} is annotated {_shown(hint)}, which is not a type of the language",
                help="the types are Image, Regions, str, int, float, bool, Scalar, lists of them, "
                "`str | list[str]`, `Literal[...]` of texts, Expression and object",
            ) from None


_PLACED = frozenset({Type.IMAGE, Type.IMAGES, Type.REGIONS, Type.REGION_SETS})
"""Types of values that have a frame."""


def _shown(hint: Any) -> str:
    return getattr(hint, "__name__", str(hint))


def _strip_none(hint: Any) -> tuple[Any, bool]:
    """Split `T | None` into T and True. A hint without None is returned with False."""
    members = typing.get_args(hint) if isinstance(hint, types.UnionType) else ()
    members = members or (typing.get_args(hint) if typing.get_origin(hint) is typing.Union else ())
    if type(None) not in members:
        return hint, False
    rest = tuple(member for member in members if member is not type(None))
    return (rest[0] if len(rest) == 1 else typing.Union[rest]), True  # noqa: UP007 - built from a tuple


def tool(
    name: str,
    *,
    aliases: Iterable[str] = (),
    parameter_aliases: Mapping[str, tuple[str, ...]] | None = None,
    synonyms: Mapping[str, Mapping[str, str]] | None = None,
    keeps_frame: bool = False,
    crops: bool = False,
    hints: Mapping[str, Mapping[str, str]] | None = None,
    version: str = "",
) -> Callable[[Callable[..., Any]], Tool]:
    """Turn a typed function into a Tool that programs call by `name`. The tool is not registered."""

    def declare(function: Callable[..., Any]) -> Tool:
        return Tool(
            name,
            function,
            tuple(aliases),
            dict(parameter_aliases or {}),
            version,
            synonyms=dict(synonyms or {}),
            keeps_frame=keeps_frame,
            hints=dict(hints or {}),
            crops=crops,
        )

    return declare


class Registry:
    """The tools that programs may call. Names and aliases ignore case and underscores."""

    def __init__(self, tools: Iterable[Tool] = ()) -> None:
        self._tools: dict[str, Tool] = {}
        self._names: dict[str, str] = {}
        for each in tools:
            self.add(each)

    def add(self, new: Tool) -> None:
        """Add a tool. Raises ToolError if its name or an alias is taken, or if its declaration is invalid."""
        _check_tool(new)
        for name in (new.name, *new.aliases):
            if not name.isidentifier():
                raise ToolError(
                    f"`{name}` is not a valid name for a tool", help="use letters, digits and `_`"
                )
        signature, _ = new.signature, new.needs
        for name in (new.name, *new.aliases):
            taken = self._names.get(_folded(name))
            if taken is not None:
                raise ToolError(
                    f"tool {new.name}: the name `{name}` is already used by {taken}",
                    help="rename one of them, or leave one out of the registry",
                )
        self._tools[signature.name] = new
        self._names.update({_folded(name): new.name for name in (new.name, *new.aliases)})

    def get(self, name: str) -> Tool | None:
        """Return the tool with this name or alias."""
        own = self._names.get(_folded(name))
        return self._tools[own] if own is not None else None

    def signature(self, name: str) -> Signature | None:
        """Return the signature of the tool with this name or alias."""
        found = self.get(name)
        return found.signature if found else None

    def names(self) -> tuple[str, ...]:
        """Return the name of each tool, in the order in which they were added."""
        return tuple(self._tools)

    def check_settings(self, given: Mapping[str, Mapping[str, Any]]) -> None:
        """Raise UsageError if a profile's settings, by tool and name, include an unknown tool or setting."""
        for name, settings in given.items():
            found = self.get(name)
            if found is None:
                raise UsageError(
                    f"unknown tool `{name}` in the profile",
                    help="`visprog tools` lists the tools",
                )
            unknown = next((each for each in settings if each not in found.settings), None)
            if unknown is not None:
                known = (
                    f"its settings are {', '.join(found.settings)}"
                    if found.settings
                    else "it has no settings"
                )
                raise UsageError(f"{found.name} has no setting `{unknown}`", help=known)

    def __iter__(self) -> Iterator[Tool]:
        return iter(self._tools.values())

    def __len__(self) -> int:
        return len(self._tools)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _folded(name) in self._names


def _check_tool(new: object) -> None:
    if not isinstance(new, Tool):
        what = getattr(new, "__name__", repr(new))
        raise ToolError(f"{what} is not a tool", help='declare it with `@tool("Name")`')


def _folded(name: str) -> str:
    return name.replace("_", "").casefold()

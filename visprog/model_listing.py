"""The list of a profile's models, as a table or as JSON, and the download of their weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table
from rich.text import Text

from visprog.errors import ModelUnavailable, UsageError
from visprog.extras import install_extra, missing_extra
from visprog.models.backend import find_backend
from visprog.models.checkpoints import is_embedded, is_here
from visprog.models.hub import fetch
from visprog.models.options import Option
from visprog.models.profile import Profile, Spec
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo

_ABSENT = "not here"
_EMBEDDED = "comes with VisProg"


class Entry(NamedTuple):
    """A role, the model that the profile names for it, and whether the model is on this machine."""

    role: str
    model: str
    licence: str
    size: str
    state: str
    note: str = ""
    extra: str = ""
    """The extra that has to be installed first."""
    options: tuple[Option, ...] = ()
    """The options that the backend declares for this model."""


def entries(zoo: Zoo) -> list[Entry]:
    """Return an entry for every role. Nothing is loaded or fetched."""
    return [_entry(role, zoo) for role in ROLES]


def _entry(role: str, zoo: Zoo) -> Entry:
    spec = zoo.spec(role)
    if spec is None:
        return Entry(role, "", "", "", "given" if zoo.has(role) else "not filled")
    facts = [spec.facts.get(fact, "") for fact in ("licence", "size", "note")]
    backend = find_backend(spec.backend)
    extra = missing_extra(backend.packages) or ""
    state = f"needs the extra `{extra}`" if extra else _state(spec)
    options = backend.options_of(role, spec.identifier)
    return Entry(role, str(spec), facts[0], facts[1], state, facts[2], extra, options)


def _state(spec: Spec) -> str:
    backend = find_backend(spec.backend)
    if backend.remote:
        return "key or address set" if backend.is_configured(spec.options) else "no key or address"
    if is_embedded(spec.identifier):
        return _EMBEDDED if is_here(spec.identifier) else "missing from this installation"
    if backend.pulled:
        return "here" if is_here(_repository(spec), spec.options.get("revision")) else _ABSENT
    is_path = "/" in spec.identifier or "." in spec.identifier
    return _ABSENT if is_path and not Path(spec.identifier).expanduser().exists() else "here"


def show(found: list[Entry], profile: Profile) -> None:
    """Print the entries as a table, with the facts about each model under its name."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column("role", no_wrap=True)
    table.add_column("model", overflow="fold")
    for entry in found:
        table.add_row(entry.role, _describe(entry))
    console = Console(highlight=False)
    console.print(Text(f"profile {profile.name}: {profile.description}".removesuffix(": "), "bold"))
    console.print(table)
    for extra in sorted({entry.extra for entry in found} - {""}):
        console.print(Text(f"`{install_extra(extra)}` installs the extra `{extra}`", "dim"))
    if any(entry.state == _ABSENT for entry in found):
        console.print(
            Text(f"`visprog models --models {profile.name} pull` fetches the missing weights", "dim")
        )


def _describe(entry: Entry) -> Text:
    good = entry.state in ("here", _EMBEDDED, "given", "key or address set")
    lines = Text(f"{entry.model}\n" if entry.model else "")
    lines.append(entry.state, "dim" if not entry.model else "green" if good else "yellow")
    for fact in filter(None, (entry.size, entry.licence)):
        lines.append(f" · {fact}", "dim")
    if entry.note:
        lines.append(f"\n{entry.note}", "dim")
    if entry.options:
        lines.append(f"\noptions: {', '.join(option.name for option in entry.options)}", "dim")
    return lines


def to_json(found: Iterable[Entry]) -> list[dict[str, Any]]:
    """Return the entries as plain data."""
    return [
        {**entry._asdict(), "options": [_option_as_data(option) for option in entry.options]}
        for entry in found
    ]


def _option_as_data(option: Option) -> dict[str, str]:
    return {
        "name": option.name,
        "value": option.kind.expected,
        "default": option.default,
        "meaning": option.meaning,
    }


def pull(zoo: Zoo, wanted: Iterable[str]) -> Iterator[tuple[str, Path]]:
    """Fetch the named models, or all models of the profile, one after the other. Yield names and folders.

    A name is a role, or OWNER/NAME, or OWNER/NAME@REVISION for another revision than the profile's. Raises
    ModelUnavailable for the first model that cannot be fetched, and UsageError for a name that is no model.
    """
    chosen = {(_repository(spec), spec.options.get("revision")): spec for spec in _chosen(zoo, list(wanted))}
    return ((name, _fetched(name, revision, spec, zoo)) for (name, revision), spec in chosen.items())


def _fetched(name: str, revision: str | None, spec: Spec, zoo: Zoo) -> Path:
    try:
        return fetch(name, revision)
    except ModelUnavailable as error:
        others = {role: zoo.spec(role) for role in ROLES}
        roles = [role for role, other in others.items() if other and other[:3] == spec[:3]]
        size = f", {spec.facts['size']}" if "size" in spec.facts else ""
        lead = f"for {' and '.join(roles)} ({spec}{size}): " if roles else ""
        raise ModelUnavailable(f"{lead}{error.message}", help=error.help) from error


def _chosen(zoo: Zoo, wanted: list[str]) -> list[Spec]:
    named = [spec for role in ROLES if (spec := zoo.spec(role)) is not None and _is_pulled(spec)]
    if not wanted and not named:
        raise UsageError(
            f"the profile `{zoo.profile.name}` has no models to fetch",
            help="choose another with `visprog models --models PROFILE pull`, or name a model",
        )
    return [_by_name(name, zoo, named) for name in wanted] or named


def _by_name(name: str, zoo: Zoo, named: list[Spec]) -> Spec:
    if name in ROLES:
        spec = zoo.spec(name)
        if spec is None or not _is_pulled(spec):
            raise UsageError(
                f"the role {name} has no weights to fetch",
                help="`visprog models` shows which roles have",
            )
        return spec
    backend, _, rest = name.rpartition(":")
    identifier, _, revision = rest.partition("@")
    found = next((spec for spec in named if _repository(spec) == identifier and not revision), None)
    if found is None and identifier.count("/") != 1:
        raise UsageError(f"`{name}` is neither a role nor a model", help="write OWNER/NAME, as on the hub")
    options = {"revision": revision} if revision else {}
    return found or Spec(backend or "transformers", identifier, options)


def _is_pulled(spec: Spec) -> bool:
    return find_backend(spec.backend).pulled


def _repository(spec: Spec) -> str:
    """Return the repository or the folder with the model's weights."""
    return find_backend(spec.backend).repository(spec.identifier)

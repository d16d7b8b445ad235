"""The packages that VisProg can do without, as its installed metadata name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, requires

_EXTRA = re.compile(r"""extra *== *["']([\w-]+)["']""")
_NAME = re.compile(r"[\w.-]+")


def requirements() -> Mapping[str, tuple[str, ...]]:
    """Return what each extra for users asks for: `{"ray": ("ray>=2.59",), ...}`.

    Nothing where VisProg is not installed, but runs from its sources.
    """
    found: dict[str, tuple[str, ...]] = {}
    try:
        written = requires("visprog") or []
    except PackageNotFoundError:
        return found
    for each in written:
        requirement, _, marker = each.partition(";")
        extra = _EXTRA.search(marker)
        if extra is not None and extra[1] != "dev":
            found[extra[1]] = (*found.get(extra[1], ()), requirement.strip())
    return found


def package(requirement: str) -> str:
    """Return the name of the package that a requirement asks for."""
    name = _NAME.match(requirement)
    return name[0] if name is not None else requirement


def install(*requirements: str) -> str:
    """Say how to install packages, wherever VisProg itself was installed from."""
    return " ".join(["pip install", *(f"'{each}'" for each in requirements)])

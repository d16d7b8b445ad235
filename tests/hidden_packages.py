"""Runs `visprog` as if packages were not installed: `python -m tests.hidden_packages torch,ray doctor`."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import DistributionFinder, PathDistribution
from types import ModuleType

_ALL = DistributionFinder.Context()


class HidingFinder(PathFinder):
    """Finds packages on Python's path, except the hidden packages and their metadata."""

    hidden: frozenset[str] = frozenset()

    @classmethod
    def find_spec(
        cls, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname.partition(".")[0] in cls.hidden:
            return None
        return super().find_spec(fullname, path, target)

    @classmethod
    def find_distributions(cls, context: DistributionFinder.Context = _ALL) -> Iterable[PathDistribution]:
        name = (context.name or "").lower().replace("-", "_")
        return () if name in cls.hidden else super().find_distributions(context)


def main() -> None:
    HidingFinder.hidden = frozenset(sys.argv[1].split(","))
    sys.meta_path[sys.meta_path.index(PathFinder)] = HidingFinder
    from visprog.cli import main as visprog

    sys.argv[:2] = ["visprog"]
    visprog()


if __name__ == "__main__":
    main()

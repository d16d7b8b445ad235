"""Creates the session and the models that a command's options describe."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from visprog.cli.reporting import note
from visprog.errors import UsageError
from visprog.files import check_file

if TYPE_CHECKING:
    from visprog.engine.cache.disk import DiskMemo
    from visprog.models.zoo import Zoo
    from visprog.session import VisProg

_DEVICE = re.compile("auto|(cuda|mps|cpu)(:[0-9]+)?")
"""Valid names of devices, on any machine."""


def make_session(
    planner: str,
    models: str,
    tools: list[Path] | None,
    overrides: list[str] | None = None,
    device: str = "auto",
    cache: Path | None = None,
    deadline: float | None = None,
) -> VisProg:
    """Return the session that the options describe. Raises UsageError."""
    from visprog.session import VisProg
    from visprog.tool_sources import load_tools

    added = [each for path in tools or () for each in load_tools(path)]
    disk = _open_cache(cache) if cache is not None else None
    zoo = make_zoo(models, overrides, device)
    return VisProg(planner=planner, models=zoo, tools=added, cache=disk, deadline=deadline)


def make_zoo(profile: str, overrides: list[str] | None = None, device: str = "auto") -> Zoo:
    """Return the models of a profile, with other models for the roles in `overrides` (`ROLE=MODEL`)."""
    from visprog.models.zoo import Zoo

    if not _DEVICE.fullmatch(device):
        raise UsageError(
            f"unknown device `{device}`",
            help="choose auto, cuda, mps or cpu; cuda:1 is the second of several GPUs",
        )
    roles: dict[str, object] = dict(map(_split_override, overrides or ()))
    if profile.endswith(".toml"):
        check_file(Path(profile), "a profile", UsageError)
    return Zoo(profile, roles, device=device)


def _split_override(override: str) -> tuple[str, str]:
    role, equals, model = override.partition("=")
    if not equals or not model:
        raise UsageError(
            f"`--model {override}` has no model after a `=`",
            help="write `--model ROLE=BACKEND:IDENTIFIER`; add options like `,deadline=300`",
        )
    return role, model


def _open_cache(folder: Path) -> DiskMemo:
    from visprog.engine.cache.disk import DiskMemo

    return DiskMemo(folder, tell=lambda words: note(f"warning: {words}"))

"""Files in, with words for what is wrong with them."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from visprog.errors import VisProgError


class Limit(NamedTuple):
    """How many bytes are read, what to do about a file that has more, and what is raised in words."""

    most: int
    advice: str
    error: type[VisProgError]


def read_file(path: Path, limit: Limit) -> bytes:
    """Return a file's content. Raises the limit's error where it cannot be read, or is too large."""
    try:
        if not path.is_file():
            what = "a folder" if path.is_dir() else "not a file" if path.exists() else None
            raise limit.error(
                f"{path} is {what}" if what else f"there is no file {path}", help="check the path"
            )
        check_size(str(path), path.stat().st_size, limit)
        return path.read_bytes()
    except (OSError, ValueError) as cause:
        reason = getattr(cause, "strerror", None) or cause
        raise limit.error(
            f"{path} cannot be read: {reason}", help="check the path and its permissions"
        ) from cause


def check_size(name: str, size: int, limit: Limit) -> None:
    """Raise the limit's error where something has more bytes than are read."""
    if size > limit.most:
        most = f"at most {limit.most / 1e6:.0f} MB are read"
        raise limit.error(f"{name} has {size / 1e6:.1f} MB, {most}", help=limit.advice)

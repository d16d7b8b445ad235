"""Whether a file of weights can be opened, without reading the weights."""

from __future__ import annotations

from pathlib import Path

_LONGEST = 2**25
"""Bytes of a header. That of a network with 100,000 weights has a third of it."""


def header_fault(path: Path) -> str | None:
    """Return what is wrong with a file in the safetensors format, if anything is.

    Its header says of each weight where it is; together they must fill the file.
    """
    from safetensors import SafetensorError, safe_open

    with path.open("rb") as file:
        start = file.read(8)
    if start == b"version ":
        return "is a pointer of Git LFS, not the file itself: `git lfs pull` in its folder fetches the file"
    length = int.from_bytes(start, "little")
    if length > _LONGEST:
        return f"is not in the safetensors format: its header would have {length:,} bytes"
    try:
        with safe_open(path, "numpy"):
            return None
    except SafetensorError as cause:
        reason = str(cause).removeprefix("Error while deserializing header: ")
        return f"is damaged, or not in the safetensors format: {reason:.200}"

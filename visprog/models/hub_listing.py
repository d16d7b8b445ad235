"""What the hub says about a repository. No name that a server sends becomes a path unchecked."""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple
from urllib.parse import quote

from visprog.errors import ModelUnavailable
from visprog.models.server_json import decoded, read_json

PATIENCE = 10.0
"""Seconds that the hub may take to begin an answer, and between two parts of one."""

_LONGEST = 60.0
"""Seconds that a whole listing may take."""

_LARGEST = 2**25
"""Bytes of a listing. A repository of 100,000 files has about so many."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\\:\ud800-\udfff]")
"""What some systems read as part of a path, or reject: backslashes, drive letters, control characters."""


class Announced(NamedTuple):
    """What the hub says about a file: its size in bytes, and its SHA-256 or its git hash, as hex digits."""

    size: int | None
    digest: str | None


class Listing(NamedTuple):
    """The files of a repository at a commit."""

    commit: str
    files: dict[str, Announced]


def read_listing(identifier: str, revision: str | None) -> Listing:
    """Ask the hub which files a repository has.

    Raises ModelUnavailable if the answer is none that a hub gives, or names files that no repository has;
    whatever the hub's library raises if there is no answer.
    """
    from huggingface_hub import constants

    at = "" if revision is None else f"/revision/{quote(revision, safe='')}"
    body = _body(f"{constants.ENDPOINT}/api/models/{identifier}{at}?blobs=true", identifier)
    answer = read_json(decoded(body))
    siblings = answer.get("siblings") if isinstance(answer, dict) else None
    if not isinstance(siblings, list) or not all(isinstance(each, dict) for each in siblings):
        raise _unusable(identifier, "is not a listing of files")
    commit = answer.get("sha")
    if not isinstance(commit, str) or not _COMMIT.fullmatch(commit):
        raise _unusable(identifier, f"names the commit {commit!r:.80}, and a commit has 40 hex digits")
    return Listing(commit, {_name(identifier, each): _announced(each) for each in siblings})


def check_usable(identifier: str, names: list[str]) -> None:
    """Raise ModelUnavailable for a name that some system rejects or reads as another path."""
    for name in names:
        if not is_safe(name) or _UNUSABLE.search(name):
            raise _unusable(identifier, f"names the file {name!r:.200}, which is not a plain file name")


def is_safe(name: str) -> bool:
    """Whether a name with slashes stays inside the folder that it is relative to."""
    parts = name.split("/")
    return not {"", ".", ".."} & {*parts} and "\0" not in name


def digest_in(text: object) -> str | None:
    """Return `text` if it is a SHA-256 or a git hash, in lower case; None for anything else."""
    digest = text.lower() if isinstance(text, str) else ""
    return digest if _DIGEST.fullmatch(digest) else None


def _name(identifier: str, sibling: dict[str, Any]) -> str:
    name = sibling.get("rfilename")
    if not isinstance(name, str) or not is_safe(name):
        raise _unusable(identifier, f"names the file {name!r:.200}, which no repository can have")
    return name


def _announced(sibling: dict[str, Any]) -> Announced:
    """Return what is said about a file. A large one is in git by a pointer only, so that `lfs` counts."""
    large = sibling.get("lfs")
    if isinstance(large, dict):
        digest = digest_in(large.get("sha256"))
        return Announced(as_size(large.get("size", sibling.get("size"))), digest)
    return Announced(as_size(sibling.get("size")), digest_in(sibling.get("blobId")))


def as_size(value: object) -> int | None:
    """Return `value` if it can be a number of bytes; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _body(url: str, identifier: str) -> bytes:
    """Return what the hub answers, within bounds of size and time."""
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    late = time.monotonic() + _LONGEST
    with get_session().stream("GET", url, headers=build_hf_headers(), timeout=PATIENCE) as response:
        if response.is_error:
            response.close()  # the status says enough, and the text may have no end
        hf_raise_for_status(response)
        body = bytearray()
        for piece in response.iter_bytes(2**16):
            body += piece
            if len(body) > _LARGEST:
                raise _unusable(identifier, f"has more than {_LARGEST:,} bytes")
            if time.monotonic() > late:
                raise _unusable(identifier, f"took longer than {_LONGEST:.0f} s")
    return bytes(body)


def _unusable(identifier: str, what: str) -> ModelUnavailable:
    return ModelUnavailable(
        f"{identifier} cannot be fetched: the answer of the hub {what}",
        help="check HF_ENDPOINT, if it is set, and whether a proxy or a login page answers for the hub",
    )

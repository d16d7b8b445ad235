"""The list of a repository's files. Names from a server are checked before they are used as paths."""

from __future__ import annotations

import re
import time
from typing import Any, NamedTuple
from urllib.parse import quote

from visprog.errors import ModelUnavailable
from visprog.models.server_json import decoded, read_json

PATIENCE = 10.0
"""Maximum wait for the start of an answer, and between two parts of it, in seconds."""

_LONGEST = 60.0
"""Maximum time for a whole listing, in seconds."""

_LARGEST = 2**25
"""Maximum size of a listing, in bytes: about 100,000 files."""

_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\\:\ud800-\udfff]")
"""Characters that some systems reject or read as part of a path, such as backslashes and drive letters."""


class Announced(NamedTuple):
    """The size of a file in bytes, and its SHA-256 or git hash in hex digits, as the hub reports them."""

    size: int | None
    digest: str | None


class Listing(NamedTuple):
    """The files of a repository at a commit."""

    commit: str
    files: dict[str, Announced]


def read_listing(identifier: str, revision: str | None) -> Listing:
    """Return the files of a repository, as the hub reports them.

    Raises ModelUnavailable if the answer is not a listing or contains impossible file names, and the errors
    of the hub's library if there is no answer.
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
    """Raise ModelUnavailable for a file name that some systems reject or read as another path."""
    for name in names:
        if not is_safe(name) or _UNUSABLE.search(name):
            raise _unusable(identifier, f"names the file {name!r:.200}, which is not a plain file name")


def is_safe(name: str) -> bool:
    """Return whether a relative path stays inside its folder."""
    parts = name.split("/")
    return not {"", ".", ".."} & {*parts} and "\0" not in name


def digest_in(text: object) -> str | None:
    """Return `text` if it is a SHA-256 or a git hash, in lower case; None for anything else."""
    digest = text.lower() if isinstance(text, str) else ""
    return digest if _DIGEST.fullmatch(digest) else None


def _name(identifier: str, sibling: dict[str, Any]) -> str:
    name = sibling.get("rfilename")
    if not isinstance(name, str) or not is_safe(name):
        raise _unusable(identifier, f"names the file {name!r:.200}, which is not allowed")
    return name


def _announced(sibling: dict[str, Any]) -> Announced:
    """Return the size and hash of a file. For a large file git has only a pointer, so `lfs` counts."""
    large = sibling.get("lfs")
    if isinstance(large, dict):
        digest = digest_in(large.get("sha256"))
        return Announced(as_size(large.get("size", sibling.get("size"))), digest)
    return Announced(as_size(sibling.get("size")), digest_in(sibling.get("blobId")))


def as_size(value: object) -> int | None:
    """Return `value` if it can be a number of bytes; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63 else None


def _body(url: str, identifier: str) -> bytes:
    """Return the hub's answer. Raises ModelUnavailable if it is too large or takes too long."""
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    late = time.monotonic() + _LONGEST
    with get_session().stream("GET", url, headers=build_hf_headers(), timeout=PATIENCE) as response:
        if response.is_error:
            response.close()  # the status is enough, and the text may be endless
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

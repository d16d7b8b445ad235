"""Fetching and checking the files of a repository. A file counts as fetched only after its check."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from visprog.errors import ModelUnavailable, VisProgError
from visprog.models.checkpoint_faults import header_fault
from visprog.models.checkpoint_files import is_weights
from visprog.models.hub_cache import keep_list, keep_revision, link, repository_folder
from visprog.models.hub_listing import PATIENCE, Announced, Listing, as_size, digest_in

_PART = 2**20
"""Size of a chunk that is written or hashed, in bytes."""

_TRIES = 5
"""Maximum number of failures in a row without a new byte, after which a transfer is given up."""

_PAUSE = 1.0
"""Pause before a failed transfer is resumed, in seconds."""

_LONG = 10**8
"""Size from which the check of a file shows progress, in bytes: it takes a second or more."""


class _File(NamedTuple):
    """A file to fetch. `blob` is the local name of its content; `digest` is its hash, if known."""

    name: str
    size: int
    blob: str
    digest: str | None


def fetch_files(identifier: str, revision: str, listing: Listing, names: Iterable[str]) -> Path:
    """Fetch the files with these names, and return their folder. Intact local files are kept.

    Raises ModelUnavailable for a file that differs from the hub's announcement or is damaged, and the errors
    of the hub's library for a failed transfer. The next call resumes a failed transfer.
    """
    folder = repository_folder(identifier)
    snapshot = folder / "snapshots" / listing.commit
    files = [_described(identifier, listing, name) for name in names]
    keep_list(folder, listing.commit, {file.name: file.size for file in files})
    missing = [file for file in files if not _is_intact(snapshot / file.name, file)]
    _check_room(identifier, folder, missing)
    for file in sorted(missing, key=lambda file: not is_weights(file.name)):
        _fetch(identifier, listing.commit, folder, file)
        link(folder / "blobs" / file.blob, snapshot / file.name)
    keep_revision(folder, revision, listing.commit)
    return snapshot


def _described(identifier: str, listing: Listing, name: str) -> _File:
    """Return a file's size and hash, from the listing or, if missing there, from the file's metadata."""
    size, digest = listing.files[name]
    blob = digest
    if size is None or digest is None:
        asked, tag = _metadata(identifier, listing.commit, name)
        size = asked.size if size is None else size
        digest = digest or asked.digest
        blob = digest or (tag and _blob_name(listing.commit, name, tag))
    if size is None or not blob:
        raise ModelUnavailable(
            f"{identifier} cannot be fetched: the hub gives neither size nor hash of {name}",
            help="check HF_ENDPOINT if it is set: it must be the address of a hub",
        )
    return _File(name, size, blob, digest)


def _blob_name(*parts: str) -> str:
    """Return a unique name for content whose hash is unknown."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()


def _metadata(identifier: str, commit: str, name: str) -> tuple[Announced, str | None]:
    """Return the size and hash of one file as the hub reports them, and the tag of its version."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    found = get_hf_file_metadata(hf_hub_url(identifier, name, revision=commit), timeout=PATIENCE)
    return Announced(as_size(found.size), digest_in(found.etag)), found.etag


def _check_room(identifier: str, folder: Path, files: Iterable[_File]) -> None:
    """Raise ModelUnavailable if the disk is too small for the files."""
    partial = [(file, _partial(folder, file)) for file in files]
    needed = sum(file.size - (path.stat().st_size if path.exists() else 0) for file, path in partial)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise ModelUnavailable(
            f"{identifier} needs {needed / 1e9:,.1f} GB of disk space, and {free / 1e9:,.1f} GB are free",
            help=f"free some space on the disk of {folder.parent}, or set HF_HOME to another disk",
        )


def _partial(folder: Path, file: _File) -> Path:
    return folder / "blobs" / f"{file.blob}.partial"


def _fetch(identifier: str, commit: str, folder: Path, file: _File) -> None:
    """Fetch one file's content into the folder of blobs, unless an intact copy is there."""
    from huggingface_hub import hf_hub_url
    from huggingface_hub.utils import WeakFileLock

    complete, partial = folder / "blobs" / file.blob, _partial(folder, file)
    lock = folder.parent / ".locks" / folder.name / f"{file.blob}.partial.lock"
    for path in (complete, lock):
        path.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        if not _is_intact(complete, file):
            _transfer(hf_hub_url(identifier, file.name, revision=commit), partial, file, identifier)
            try:
                _check(identifier, partial, file)
            except VisProgError:
                partial.unlink()
                raise
            partial.replace(complete)


def _is_intact(path: Path, file: _File) -> bool:
    """Return whether an intact copy of a file is here."""
    try:
        return path.stat().st_size == file.size and _fault(path, file) is None
    except OSError:
        return False


def _check(identifier: str, path: Path, file: _File) -> None:
    fault = _fault(path, file)
    if fault is not None:
        raise ModelUnavailable(
            f"{identifier} cannot be used: {file.name} {fault}",
            help="fetch it again. If that does not help, a proxy changes the file, or the published file is "
            "damaged: choose another checkpoint or revision",
        )


def _fault(path: Path, file: _File) -> str | None:
    """Return the fault of a file of the right size; None if it is intact."""
    if file.digest is not None and _digest_of(path, file) != file.digest:
        return "is not the file that the hub announced: its hash differs"
    return header_fault(path) if is_weights(file.name) else None


def _digest_of(path: Path, file: _File) -> str:
    """Return the hash of a local file: SHA-256, or git's hash if that is the known one."""
    git = len(file.digest or "") == hashlib.sha1(usedforsecurity=False).digest_size * 2
    digest: Any = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False) if git else hashlib.sha256()
    with path.open("rb") as content, _bar(f"checking {file.name}", file.size, 0, file.size >= _LONG) as bar:
        while part := content.read(_PART):
            digest.update(part)
            bar.update(len(part))
    return str(digest.hexdigest())


def _transfer(url: str, partial: Path, file: _File, identifier: str) -> None:
    """Fetch the missing part of a file. A failed transfer is resumed where it stopped."""
    title = f"{identifier} {file.name}"
    failures = 0
    with partial.open("ab") as content:
        if content.tell() > file.size:
            content.truncate(0)
        with _bar(title, file.size, _length(content), is_weights(file.name)) as bar:
            reached = _length(content)
            while _length(content) < file.size:
                try:
                    _receive(url, content, file.size, bar)
                except Exception as cause:
                    failures = failures + 1 if _length(content) <= reached else 1
                    reached = max(reached, _length(content))
                    if failures >= _TRIES or not _may_pass(cause):
                        raise
                    time.sleep(_PAUSE)


def _length(content: BinaryIO) -> int:
    return content.seek(0, os.SEEK_END)


def _receive(url: str, content: BinaryIO, size: int, bar: Any) -> None:
    """Append the hub's answer to a file, up to `size` bytes in total."""
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    here = _length(content)
    wanted = {"Range": f"bytes={here}-"} if here else {}
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", **wanted}
    timeout = constants.HF_HUB_DOWNLOAD_TIMEOUT
    with get_session().stream("GET", url, headers=headers, timeout=timeout) as response:
        if here and response.status_code in (200, 416):  # the local part does not fit the file on the hub
            bar.update(-here)
            here = content.truncate(0)
        if response.is_error:
            response.close()  # the status is enough, and the text may be endless
        hf_raise_for_status(response)
        for part in response.iter_bytes(_PART):
            here += len(part)
            if here > size:
                content.truncate(0)
                raise ModelUnavailable(
                    f"the hub sent more than the {size:,} bytes that it announced for a file ({url})",
                    help="try again later, or choose another checkpoint or revision",
                )
            content.write(part)
            bar.update(len(part))
    if here < size:
        raise EOFError(f"the transfer ended after {here} of {size} bytes")


def _may_pass(cause: Exception) -> bool:
    """Return whether a failed transfer may succeed if it is tried again immediately."""
    from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled

    if isinstance(cause, HfHubHTTPError):
        return bool(cause.response.status_code == 416)
    lasting = isinstance(cause, VisProgError | OfflineModeIsEnabled)
    return not lasting and not (isinstance(cause, OSError) and cause.errno)


def _bar(title: str, total: int, initial: int, shown: bool) -> Any:
    """Return a progress bar in the style of the hub's library."""
    from huggingface_hub.utils import is_tqdm_disabled, logging, tqdm

    return tqdm(
        desc=title if len(title) <= 40 else f"(…){title[-40:]}",
        total=total,
        initial=initial,
        unit="B",
        unit_scale=True,
        disable=is_tqdm_disabled(logging.CRITICAL) if shown else True,
    )

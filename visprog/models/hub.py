"""Fetching checkpoints from the Hugging Face hub, once. Nothing else here asks the hub for anything."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.checkpoint_files import unreadable, wanted
from visprog.models.checkpoints import find_checkpoint, is_embedded, is_here, is_repository, load_hub

_PATIENCE = 10.0
"""Seconds that the hub may take to say what a repository or a file is."""


def fetch(identifier: str, revision: str | None = None) -> Path:
    """Fetch what is read of a checkpoint, with progress on standard error; return its folder.

    What is here already is kept, what is damaged is fetched again, and an interrupted fetch is taken up
    where it stopped. What comes with VisProg needs no fetching. Raises UsageError, and ModelUnavailable,
    within seconds where there is no network.
    """
    if is_embedded(identifier) or Path(identifier).expanduser().is_dir():
        return find_checkpoint(identifier, revision)
    if not is_repository(identifier):
        raise UsageError(f"there is no folder {identifier}, and no repository is called so", help="check it")
    huggingface_hub = load_hub()
    with _quiet():
        try:
            listing = huggingface_hub.HfApi().model_info(
                identifier, revision=revision, files_metadata=True, timeout=_PATIENCE
            )
        except Exception as cause:
            if _is_unreachable(cause) and is_here(identifier, revision):
                return find_checkpoint(identifier, revision)
            raise _explain(identifier, revision, cause) from cause
        sizes = {file.rfilename: file.size for file in listing.siblings or ()}
        files = wanted(sizes)
        _check(identifier, revision, sizes, files)
        try:
            return _fetch_files(identifier, revision, str(listing.sha), {name: sizes[name] for name in files})
        except Exception as cause:
            raise _explain(identifier, revision, cause) from cause


def _check(identifier: str, revision: str | None, names: Mapping[str, Any], files: list[str]) -> None:
    """See before anything is fetched that it could be read. Raises ModelUnavailable."""
    pickled = unreadable(names)
    if any(name.endswith(".safetensors") for name in files) and not pickled:
        return
    where = f" in {', '.join(folder for folder in pickled if folder)}" if any(pickled) else ""
    found = f"the weights{where} are pickled" if pickled else "there are none"
    at = f" at {revision}" if revision else ""
    raise ModelUnavailable(
        f"{identifier} has no weights{at} in the safetensors format: {found}",
        help="choose another checkpoint, or a revision that has them: the hub's converter leaves them in one "
        "such as OWNER/NAME@refs/pr/1. Pickled weights are not read, as reading them can run code",
    )


def _fetch_files(identifier: str, revision: str | None, commit: str, sizes: Mapping[str, int | None]) -> Path:
    """Fetch the files of these sizes into the hub's cache, weights first."""
    from huggingface_hub import snapshot_download, try_to_load_from_cache

    for name, size in sizes.items():
        found = try_to_load_from_cache(identifier, name, revision=commit)
        if isinstance(found, str) and size is not None and Path(found).stat().st_size != size:
            _remove(Path(found))
        if name.endswith(".safetensors"):
            _fetch_weights(identifier, commit, name)
    names = [glob.escape(name) for name in sizes]
    bars = _no_bars()  # what is left is small
    return Path(snapshot_download(identifier, revision=revision, allow_patterns=names, tqdm_class=bars))


def _no_bars() -> Any:
    """Return a class of progress bars that show nothing."""
    from huggingface_hub.utils import tqdm

    def start(bar: Any, *arguments: Any, **options: Any) -> None:
        tqdm.__init__(bar, *arguments, **{**options, "disable": True})

    return type("NoBars", (tqdm,), {"__init__": start})


def _remove(damaged: Path) -> None:
    damaged.resolve().unlink()
    damaged.unlink(missing_ok=True)


def _fetch_weights(identifier: str, commit: str, name: str) -> None:
    """Fetch one file to where the hub's library looks for it, going on where an earlier fetch broke off.

    The library itself starts a file anew: hours, for large weights.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import repo_folder_name
    from huggingface_hub.utils import WeakFileLock

    url = hf_hub_url(identifier, name, revision=commit)
    file = get_hf_file_metadata(url, timeout=_PATIENCE)
    if file.etag is None:
        return  # not the hub's answer: the library says what is wrong with it
    repository = repo_folder_name(repo_id=identifier, repo_type="model")
    complete = Path(constants.HF_HUB_CACHE, repository, "blobs", file.etag)
    lock = Path(constants.HF_HUB_CACHE, ".locks", repository, f"{file.etag}.partial.lock")
    for each in (complete, lock):
        each.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(lock):
        if not complete.exists():
            partial = complete.with_name(f"{file.etag}.partial")
            _go_on(url, partial, file.size, f"{identifier} {name}")
            partial.replace(complete)


def _go_on(url: str, partial: Path, size: int | None, title: str) -> None:
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    with partial.open("ab") as file:
        if size is not None and file.tell() > size:
            file.truncate(0)
        here = file.seek(0, os.SEEK_END)
        http_get(
            url,
            file,
            resume_size=here,
            headers=build_hf_headers(),
            expected_size=size,
            displayed_filename=title,
        )


def _explain(identifier: str, revision: str | None, cause: Exception) -> ModelUnavailable:
    """Say in words why something cannot be fetched, and what to do."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    kept = "What has come so far is kept. The profile `base` works without weights"
    answers = {
        GatedRepoError: (
            "is gated: its owners give it to those who accept their terms",
            f"accept them on the hub's page of {identifier}, log in with `hf auth login`, and pull again",
        ),
        RepositoryNotFoundError: (
            "is not on the hub, or not to be seen by you",
            "check the name; for a private one, log in with `hf auth login`",
        ),
        RevisionNotFoundError: (f"has no revision {revision or 'main'}", "check the name of the revision"),
        OfflineModeIsEnabled: ("cannot be fetched: HF_HUB_OFFLINE forbids it", f"unset it. {kept}"),
        HfHubHTTPError: (f"cannot be fetched: the hub answered {_status(cause)}", f"try again later. {kept}"),
    }
    for kind, (message, advice) in answers.items():
        if isinstance(cause, kind):
            return ModelUnavailable(f"{identifier} {message}", help=advice)
    if isinstance(cause, OSError) and cause.strerror and cause.errno:
        place = cause.filename or "the folder of HF_HOME"
        return ModelUnavailable(f"{identifier} cannot be kept: {cause.strerror}", help=f"look at {place}")
    kind = type(cause).__name__
    return ModelUnavailable(
        f"{identifier} cannot be fetched: the hub is out of reach, or the connection broke off ({kind})",
        help=f"check the connection, and try again. {kept}",
    )


def _status(cause: Exception) -> object:
    return getattr(getattr(cause, "response", None), "status_code", "with an error")


def _is_unreachable(cause: Exception) -> bool:
    from huggingface_hub.errors import HfHubHTTPError

    status = _status(cause)
    return not isinstance(cause, HfHubHTTPError) or (isinstance(status, int) and status >= 500)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's advice from people; what goes wrong is raised all the same."""
    from huggingface_hub.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)

"""Fetching checkpoints from the Hugging Face hub. No other part of VisProg uses the hub's servers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from visprog.errors import ModelUnavailable, UsageError, VisProgError
from visprog.models.checkpoint_files import files_to_fetch, folders_of_pickles, is_weights
from visprog.models.checkpoints import (
    find_checkpoint,
    is_embedded,
    is_here,
    is_repository,
    load_hub,
    local_folder,
)
from visprog.models.hub_files import fetch_files
from visprog.models.hub_listing import check_usable, is_safe, read_listing


def fetch(identifier: str, revision: str | None = None) -> Path:
    """Fetch the files of a checkpoint that loading needs, and return its folder.

    Progress is shown on standard error. Intact files are kept, damaged files are fetched again, and an
    interrupted fetch is resumed. Checkpoints that come with VisProg are not fetched. Raises UsageError for an
    invalid name, and ModelUnavailable if the fetch fails; without a network it fails within seconds.
    """
    if is_embedded(identifier) or local_folder(identifier).is_dir():
        return find_checkpoint(identifier, revision)
    if not is_repository(identifier):
        raise _invalid_name(identifier)
    load_hub()
    _check_name(identifier, revision)
    with _quiet():
        try:
            return _fetch(identifier, revision)
        except VisProgError:
            raise
        except Exception as cause:
            raise _explain(identifier, revision, cause) from cause


def _check_name(identifier: str, revision: str | None) -> None:
    """Raise UsageError for a name that no repository or revision can have."""
    from huggingface_hub.errors import HFValidationError
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(identifier)
    except HFValidationError:
        raise _invalid_name(identifier) from None
    if revision is not None and not is_safe(revision):
        raise UsageError(
            f"{revision!r} is not a valid name of a revision",
            help="give a branch, a tag or a commit of the repository",
        )


def _invalid_name(identifier: str) -> UsageError:
    return UsageError(
        f"{identifier} is neither a folder nor a valid name of a repository",
        help="give the path of a folder, or OWNER/NAME, as on the hub",
    )


def _fetch(identifier: str, revision: str | None) -> Path:
    try:
        listing = read_listing(identifier, revision)
    except VisProgError:
        raise
    except Exception as cause:
        if _is_unreachable(cause) and is_here(identifier, revision):
            return find_checkpoint(identifier, revision)
        raise
    files = files_to_fetch(listing.files)
    check_usable(identifier, files)
    _check_readable(identifier, revision, listing.files, files)
    return fetch_files(identifier, revision or "main", listing, files)


def _check_readable(
    identifier: str, revision: str | None, names: Mapping[str, Any], files: list[str]
) -> None:
    """Raise ModelUnavailable, before anything is fetched, if the weights are not in a format that is read."""
    pickled = folders_of_pickles(names)
    if any(map(is_weights, files)) and not pickled:
        return
    where = f" in {', '.join(folder for folder in pickled if folder)}" if any(pickled) else ""
    found = f"the weights{where} are pickled" if pickled else "it has no weight files"
    at = f" at {revision}" if revision else ""
    raise ModelUnavailable(
        f"{identifier} has no weights{at} in the safetensors format: {found}",
        help="choose another checkpoint, or a revision with safetensors weights: the hub's converter creates "
        "revisions such as OWNER/NAME@refs/pr/1. Pickled weights are not read: reading them can run code",
    )


def _explain(identifier: str, revision: str | None, cause: Exception) -> ModelUnavailable:
    """Return an error that explains a failed fetch and what to do."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    kept = "The part that was fetched is kept. The profile `base` needs no weights"
    answers = {
        GatedRepoError: (
            "is gated: its owners require that you accept their terms",
            f"accept them on the hub's page of {identifier}, log in with `hf auth login`, and pull again",
        ),
        RepositoryNotFoundError: (
            "is not on the hub, or is private",
            "check the name; for a private repository, log in with `hf auth login`",
        ),
        RevisionNotFoundError: (f"has no revision {revision or 'main'}", "check the name of the revision"),
        OfflineModeIsEnabled: ("cannot be fetched, because HF_HUB_OFFLINE is set", f"unset it. {kept}"),
        HfHubHTTPError: (f"cannot be fetched: the hub answered {_status(cause)}", f"try again later. {kept}"),
    }
    for kind, (message, advice) in answers.items():
        if isinstance(cause, kind):
            return ModelUnavailable(f"{identifier} {message}", help=advice)
    if isinstance(cause, OSError) and cause.strerror and cause.errno:
        place = cause.filename or "the folder of HF_HOME"
        return ModelUnavailable(f"{identifier} cannot be stored: {cause.strerror}", help=f"check {place}")
    kind = type(cause).__name__
    return ModelUnavailable(
        f"{identifier} cannot be fetched: the hub cannot be reached, or the connection failed ({kind})",
        help=f"check the connection and try again. {kept}",
    )


def _status(cause: Exception) -> object:
    return getattr(getattr(cause, "response", None), "status_code", "with an error")


def _is_unreachable(cause: Exception) -> bool:
    from huggingface_hub.errors import HfHubHTTPError

    status = _status(cause)
    return not isinstance(cause, HfHubHTTPError) or (isinstance(status, int) and status >= 500)


@contextmanager
def _quiet() -> Iterator[None]:
    """Switch off the library's log inside the block. Errors are still raised."""
    from huggingface_hub.utils import logging

    before = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(before)

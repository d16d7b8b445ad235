"""The folders of fetched repositories, in the cache that the hub's library shares with other programs.

models--OWNER--NAME/
├── blobs/HASH                each file's content
├── snapshots/COMMIT/NAME     a link to it
├── refs/REVISION             the commit of a branch or a tag
└── .visprog/COMMIT.json      the names and sizes of the files that VisProg fetches of a commit
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from visprog.files import write_atomically

_COMMIT = re.compile(r"[0-9a-f]{40}")


def repository_folder(identifier: str) -> Path:
    """Return the folder of a repository. It may not exist."""
    from huggingface_hub import constants
    from huggingface_hub.file_download import repo_folder_name

    name = str(repo_folder_name(repo_id=identifier, repo_type="model"))
    return Path(constants.HF_HUB_CACHE).expanduser() / name


def kept_snapshot(identifier: str, revision: str | None) -> tuple[Path, dict[str, int]] | None:
    """Return the folder of a revision that VisProg fetched, and the expected size of each file.

    None if VisProg has not started to fetch it.
    """
    folder = repository_folder(identifier)
    commit = _commit(folder, revision or "main")
    if commit is None:
        return None
    try:
        sizes = json.loads(_list_of(folder, commit).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return (folder / "snapshots" / commit, sizes) if isinstance(sizes, dict) else None


def keep_list(folder: Path, commit: str, sizes: Mapping[str, int]) -> None:
    """Save the list of a commit's files. Call this before the first file is fetched."""
    _write(_list_of(folder, commit), json.dumps(sizes, indent=1))


def keep_revision(folder: Path, revision: str, commit: str) -> None:
    """Save the commit of a branch or a tag."""
    if revision != commit:
        _write(folder / "refs" / revision, commit)


def link(blob: Path, place: Path) -> None:
    """Create the link `place` to `blob`. If the system forbids links, move the file instead."""
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{os.getpid()}.link")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(os.path.relpath(blob, place.parent))
    except OSError:
        blob.replace(place)
    else:
        temporary.replace(place)


def _commit(folder: Path, revision: str) -> str | None:
    if _COMMIT.fullmatch(revision):
        return revision
    try:
        commit = (folder / "refs" / revision).read_text("ascii").strip()
    except (OSError, ValueError):
        return None
    return commit if _COMMIT.fullmatch(commit) else None


def _list_of(folder: Path, commit: str) -> Path:
    return folder / ".visprog" / f"{commit}.json"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, text)

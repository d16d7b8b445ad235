"""Removal of folders from texts: a trace that is shared must not show where its author keeps files."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NAME = r"[^\s/\\'\"`<>|:;,()\[\]{}]"
_FOLDERS = re.compile(
    r"(?<![\w/.~\\-])(?:file://)?(?!/(?:v\d+|api|openai)/)"  # paths of an HTTP service are kept
    rf"(?:~?/|[A-Za-z]:[/\\]|\\\\)(?:{_NAME}+[/\\])+(?={_NAME})"
)


def without_folders(text: str) -> str:
    """Return the text with each absolute path cut to its last name. Addresses such as `https://` are kept."""
    if "/" not in text and "\\" not in text:
        return text
    for folder in _own_folders():
        text = text.replace(folder, "")
    return _FOLDERS.sub("", text)


@cache
def _own_folders() -> tuple[str, ...]:
    """Return the home folder in both spellings. It is removed first, because its name may contain spaces."""
    try:
        home = str(Path.home())
    except RuntimeError:  # the user has no home folder
        return ()
    return (f"{home}/", f"{home}\\") if len(home) > 1 else ()

"""A record that is shared names files and models, and never the folders that they are in."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_NAME = r"[^\s/\\'\"`<>|:;,()\[\]{}]"
_FOLDERS = re.compile(
    r"(?<![\w/.~\\-])(?:file://)?(?!/(?:v\d+|api|openai)/)"  # the address of a service is no folder
    rf"(?:~?/|[A-Za-z]:[/\\]|\\\\)(?:{_NAME}+[/\\])+(?={_NAME})"
)


def without_folders(text: str) -> str:
    """Return the text with each absolute path cut to its last name. Addresses such as `https://` stay."""
    if "/" not in text and "\\" not in text:
        return text
    for folder in _own_folders():
        text = text.replace(folder, "")
    return _FOLDERS.sub("", text)


@cache
def _own_folders() -> tuple[str, ...]:
    """Return the home folder as it may stand in a text: its name and those below may hold spaces."""
    try:
        home = str(Path.home())
    except RuntimeError:  # the user has none
        return ()
    return (f"{home}/", f"{home}\\") if len(home) > 1 else ()

"""Hashes the code of tools: cached results are reused only if the code is the same."""

from __future__ import annotations

import hashlib
import re
import types
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from visprog.errors import UsageError
from visprog.files import Limit, read_file

PYTHON_FILE = Limit(10_000_000, "give a Python file that defines tools", UsageError)
"""Maximum size of a file with tools."""


def code_hash(function: Callable[..., Any]) -> str:
    """Hash a function's code, its defaults, its captured variables and its file."""
    code = function.__code__
    content = hashlib.blake2b(_source(code.co_filename), digest_size=8)
    _hash_code(code, content)
    content.update(_captured_text(function).encode(errors="surrogatepass"))
    return content.hexdigest()


def has_stable_hash(function: Callable[..., Any]) -> bool:
    """Return whether the hash changes whenever the function does. Captured values may change unnoticed."""
    return bool(_source(function.__code__.co_filename)) and _is_plain(_captured_values(function))


_PLAIN = (str, bytes, int, float, type(None))
_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""The address of an object in its repr, which differs between processes."""


def _captured_values(function: Callable[..., Any]) -> tuple[object, ...]:
    """Return a function's values besides its code: its defaults, and the variables of enclosing functions."""
    cells = getattr(function, "__closure__", None) or ()
    given = getattr(function, "__defaults__", None) or ()
    named = getattr(function, "__kwdefaults__", None) or {}
    return (*(cell.cell_contents for cell in cells), *given, *named.items())


def _captured_text(function: Callable[..., Any]) -> str:
    """Return a function's values besides its code as text."""
    try:
        return _ADDRESS.sub("", repr(_captured_values(function)))
    except RecursionError:  # nested too deep: only the function itself has this text
        return f"{id(function)}"


def _is_plain(value: object) -> bool:
    """Return whether a value cannot change, and differs from other values as text."""
    return all(map(_is_plain, value)) if isinstance(value, tuple) else isinstance(value, _PLAIN)


def _source(file: str) -> bytes:
    """Return the file of a function, which may call others in it; b"" for a function of a notebook."""
    try:
        found = Path(file).stat()
        return _content(file, found.st_size, found.st_mtime_ns)
    except (OSError, ValueError, UsageError):
        return b""


@lru_cache(maxsize=1_000)
def _content(file: str, _size: int, _changed: int) -> bytes:
    return read_file(Path(file), PYTHON_FILE)


def _hash_code(code: types.CodeType, content: hashlib.blake2b) -> None:
    content.update(code.co_code)
    content.update(repr(code.co_names).encode())
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):  # its repr holds an address
            _hash_code(constant, content)
        elif isinstance(constant, frozenset):  # its order differs from process to process
            content.update(repr(sorted(map(repr, constant))).encode())
        else:
            content.update(repr(constant).encode())

"""The edition of the engine: a hash of the code that computes results, of Python, and of the base libraries.

The command line, pages, batches, planners and the miniature world compute no step's value, so changes there
keep a cache valid. Comments and docstrings are ignored too.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from threading import Lock

from visprog.models.fingerprints import package_version

_PACKAGE = Path(__file__).parents[2]

_LIBRARIES = ("numpy", "pillow", "opencv-python", "augly", "noto-cjk-sans-jp-regular")
"""Libraries that compute values, and packages with drawings and fonts."""

_OTHER_FOLDERS = frozenset({"batch", "cli", "evaluation", "miniworld", "planner", "prompts", "trace"})
"""Folders of the package that compute no values."""

_OTHER_FILES = frozenset(
    {
        "__init__.py",
        "__main__.py",
        "doctor.py",
        "errors.py",
        "extras.py",
        "inputs.py",
        "libraries.py",
        "listing.py",
        "model_listing.py",
        "printable.py",
        "results.py",
        "session.py",
    }
)
"""Files at the top of the package that compute no values."""

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def source_digest(package: Path = _PACKAGE) -> bytes:
    """Hash the files with their comments, which is quick."""
    content = _new_hash()
    for path in _sources(package):
        content.update(path.read_bytes())
    return content.digest()


_ONE_THREAD = Lock()
"""Held while files are parsed: Python 3.11 may fail with a SystemError if two threads parse together."""


def edition(package: Path = _PACKAGE) -> bytes:
    """Hash the syntax trees of the files, without docstrings. Takes some tenths of a second once."""
    with _ONE_THREAD:
        return _edition(package)


@cache
def _edition(package: Path) -> bytes:
    content = _new_hash()
    for path in _sources(package):
        content.update(ast.dump(_without_docstrings(ast.parse(path.read_bytes()))).encode())
    return content.digest()


def _new_hash() -> hashlib.blake2b:
    versions = [f"{package} {package_version(package)}" for package in _LIBRARIES]
    return hashlib.blake2b("\n".join([sys.version, *versions]).encode(), digest_size=16)


def _sources(package: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(package, followlinks=True):
        top = Path(folder) == package
        folders[:] = sorted(name for name in folders if not (top and name in _OTHER_FOLDERS))
        for name in sorted(files):
            if name.endswith(".py") and not (top and name in _OTHER_FILES):
                yield Path(folder, name)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Remove docstrings of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            node.body = [each for each in node.body if not _is_docstring(each)]
    return tree


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )

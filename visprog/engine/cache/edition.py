"""What kept results depend on beside their keys: the code that computes them, Python, and the base libraries.

The command line, pages, batches, planners and the miniature world compute no step's value, so that changes
there keep a cache valid; neither do comments and docstrings count.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from visprog.models.fingerprints import package_version

_PACKAGE = Path(__file__).parents[2]

_LIBRARIES = ("numpy", "pillow", "opencv-python", "augly", "noto-cjk-sans-jp-regular")
"""Libraries that compute values, and packages of drawings and fonts."""

_BESIDE = frozenset({"batch", "cli", "evaluation", "miniworld", "planner", "prompts", "trace"})
"""Folders of the package whose code computes no values."""

_BESIDE_FILES = frozenset(
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
"""Files at the top of the package that compute no values either."""

_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def source_digest(package: Path = _PACKAGE) -> bytes:
    """Hash the files as they are: quickly, and with their comments."""
    content = _begun()
    for path in _sources(package):
        content.update(path.read_bytes())
    return content.digest()


@cache
def edition(package: Path = _PACKAGE) -> bytes:
    """Hash what the files mean: their syntax trees, without docstrings. Takes some tenths of a second."""
    content = _begun()
    for path in _sources(package):
        content.update(ast.dump(_without_docstrings(ast.parse(path.read_bytes()))).encode())
    return content.digest()


def _begun() -> hashlib.blake2b:
    versions = [f"{package} {package_version(package)}" for package in _LIBRARIES]
    return hashlib.blake2b("\n".join([sys.version, *versions]).encode(), digest_size=16)


def _sources(package: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(package, followlinks=True):
        top = Path(folder) == package
        folders[:] = sorted(name for name in folders if not (top and name in _BESIDE))
        for name in sorted(files):
            if name.endswith(".py") and not (top and name in _BESIDE_FILES):
                yield Path(folder, name)


def _without_docstrings(tree: ast.Module) -> ast.Module:
    """Take out text that stands alone: docstrings of modules, classes, functions and attributes."""
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            node.body = [each for each in node.body if not _is_text_alone(each)]
    return tree


def _is_text_alone(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )

"""Imports of third-party libraries: one at a time, with an error message that names the missing package.

Some libraries cannot be imported by two threads at the same time. OpenCV replaces its own entry in
`sys.modules` during its import. Large packages import each other in circles; to avoid a deadlock, Python then
gives other threads incomplete modules.

Packages such as transformers import their parts on first use. For these, the block of `importing` names and
imports the part itself.

Lock order: first the gate of `visprog.models.locks`, then the lock of this module. So a thread that computes
or loads may import, but a thread that imports must not wait for a model.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock
from types import ModuleType

from visprog.errors import ModelUnavailable, VisProgError
from visprog.extras import advice_for, extra_of, is_installed, reinstall

_LOCK = RLock()
_IMPORTED: set[str] = set()


@contextmanager
def importing(module: str) -> Iterator[None]:
    """Block the first imports of other threads inside the block, which imports `module`.

    Later blocks for the same `module` take no lock. The block must only import, so that no thread waits for
    other work.
    """
    if module in _IMPORTED:
        yield
        return
    with _LOCK:
        yield
        _IMPORTED.add(module)


@contextmanager
def imports_held() -> Iterator[None]:
    """Block the first imports of other threads, for libraries that import their parts while they work."""
    with _LOCK:
        yield


@contextmanager
def needs(module: str, error: type[VisProgError] = ModelUnavailable) -> Iterator[None]:
    """Import as in `importing`, and turn an ImportError into an `error` with advice."""
    try:
        with importing(module):
            yield
    except ImportError as cause:
        message, advice = explain(cause, module)
        raise error(message, help=advice) from cause


def explain(cause: Exception, module: str) -> tuple[str, str]:
    """Return why importing `module` failed, and what to do."""
    package = module.partition(".")[0]
    missing = _missing(cause)
    if missing is None:
        advice = "a system library or a version that fits the other packages is missing"
        return (
            f"the package {package} is installed but cannot be imported: {_first_line(cause)}",
            f"reinstall it with `{reinstall(package)}`; if that does not help, {advice}",
        )
    if missing in sys.stdlib_module_names:
        return (
            f"the package {package} cannot be imported: this Python has no module {missing}",
            "install a complete Python; some systems put parts of Python into separate packages",
        )
    extra = extra_of(missing) or extra_of(module)
    subject = f"the extra `{extra}` is not complete: " if extra else ""
    return (
        f"{subject}the package {missing} is not installed",
        f"install it with `{advice_for(missing, module)}`",
    )


def _missing(cause: Exception) -> str | None:
    """Return the missing package; None if the import failed for another reason.

    Some libraries check for optional packages themselves, and name them only in the text of the error.
    """
    package = str(cause.name or "").partition(".")[0] if isinstance(cause, ModuleNotFoundError) else ""
    if package.isidentifier():
        return None if _is_there(package) else package
    named = (word.lower().replace("-", "_") for word in re.findall(r"\w[\w-]*", str(cause)[:2_000]))
    return next((word for word in named if extra_of(word) and not _is_there(word)), None)


def _is_there(package: str) -> bool:
    return sys.modules.get(package) is not None or is_installed(package)


def _first_line(cause: Exception) -> str:
    return next(filter(None, map(str.strip, str(cause).splitlines())), type(cause).__name__)[:300]


def load_opencv() -> ModuleType:
    """Return the module cv2. Raises ModelUnavailable if it or a system library that it needs is missing."""
    try:
        with importing("cv2"):
            import cv2
    except ImportError as cause:
        if isinstance(cause, ModuleNotFoundError):
            message, advice = explain(cause, "cv2")
            raise ModelUnavailable(message, help=advice) from cause
        raise ModelUnavailable(
            f"OpenCV is installed but cannot be loaded: {cause}",
            help="a system library is missing; install it on Debian or Ubuntu with "
            "`apt-get install libgl1 libglib2.0-0`, on Fedora with `dnf install mesa-libGL glib2`",
        ) from cause
    return cv2

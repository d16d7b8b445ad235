"""First imports of other people's libraries: one at a time, and with an error that says what to install.

Several of these libraries cannot be imported by two threads at once: OpenCV replaces its own entry in
`sys.modules` while it is imported, and large packages import each other in circles, where Python breaks a
deadlock between threads by handing out modules that are not complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from visprog.errors import ModelUnavailable
from visprog.extras import advice_for

_LOCK = RLock()
_IMPORTED: set[str] = set()


@contextmanager
def importing(module: str) -> Iterator[None]:
    """Hold off all other first imports inside the block, which imports `module`.

    Costs next to nothing once `module` was imported in such a block. Whoever holds a `ModelLock` or is loading
    a checkpoint may enter; inside the block nothing but imports may happen, so nobody waits for anything else.
    """
    if module in _IMPORTED:
        yield
        return
    with _LOCK:
        yield
        _IMPORTED.add(module)


@contextmanager
def imports_held() -> Iterator[None]:
    """Hold off all first imports inside the block, for libraries that import parts of themselves as they work."""
    with _LOCK:
        yield


@contextmanager
def needs(module: str) -> Iterator[None]:
    """Import alone, as `importing` does, and turn a failing import into ModelUnavailable.

    The error says how to install the extra or the package that is missing.
    """
    try:
        with importing(module):
            yield
    except ModuleNotFoundError as cause:
        missing = (cause.name or module).partition(".")[0]
        raise ModelUnavailable(
            f"the package {missing} is not installed", help=f"install it with `{advice_for(missing, module)}`"
        ) from cause
    except ImportError as cause:
        reason = (str(cause).strip().splitlines() or ["no reason given"])[0][:300]
        package = module.partition(".")[0]
        raise ModelUnavailable(
            f"the package {package} is installed but cannot be imported: {reason}",
            help=f"reinstall it with `{advice_for(package, module)}`; if that does not help, a system library "
            "or a version that fits the other packages is missing",
        ) from cause

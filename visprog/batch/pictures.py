"""The pictures of the tasks under way: each is read once for all of them, within a bound of memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from visprog.images import MAX_PIXELS, load_image
from visprog.values import Image

HELD = 2**30
"""Bytes of pictures, all together, that are lent at most; a task whose own are larger has them alone."""

_LARGEST = 3 * MAX_PIXELS
"""So much counts for a picture while it is being read."""


@dataclass(slots=True)
class _Loan:
    """A picture that `users` tasks have, or that one of them is reading for all."""

    image: Future[Image] = field(default_factory=Future)
    size: int = _LARGEST
    users: int = 0


class Pictures:
    """Lends pictures to tasks. May be called from several threads; `read` too."""

    def __init__(self, limit: int = HELD, read: Callable[[Path], Image] = load_image) -> None:
        self._limit = limit
        self._read = read
        self._loans: dict[Path, _Loan] = {}
        self._changed = Condition()

    @contextmanager
    def lend(self, paths: Mapping[str, Path]) -> Iterator[dict[str, Image]]:
        """Give a task its pictures inside the block, as soon as there is room. Raises ImageError."""
        wanted = set(paths.values())
        with self._changed:
            self._changed.wait_for(lambda: self._has_room(wanted))
            unread = wanted - self._loans.keys()
            loans = {path: self._loans.setdefault(path, _Loan()) for path in wanted}
            for loan in loans.values():
                loan.users += 1
        try:
            for path in unread:
                self._fetch(path, loans[path])
            yield {name: loans[path].image.result() for name, path in paths.items()}
        finally:
            with self._changed:
                for path, loan in loans.items():
                    loan.users -= 1
                    if not loan.users:
                        del self._loans[path]
                self._changed.notify_all()

    def _has_room(self, wanted: set[Path]) -> bool:
        held = sum(loan.size for loan in self._loans.values())
        more = _LARGEST * len(wanted - self._loans.keys())
        return not more or not held or held + more <= self._limit

    def _fetch(self, path: Path, loan: _Loan) -> None:
        """Read a picture. Whatever that raises, all get it who wait for the picture."""
        size = 0
        try:
            image = self._read(path)
        except BaseException as error:
            loan.image.set_exception(error)
        else:
            size = image.pixels.nbytes
            loan.image.set_result(image)
        with self._changed:
            loan.size = size
            self._changed.notify_all()

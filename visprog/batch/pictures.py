"""The pictures of the tasks under way: each is read once for all of them, within a bound of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from visprog.images import load_image, size_of
from visprog.values import Image

HELD = 2**30
"""Bytes of pictures, all together, that are lent at most; a task whose own are larger has them alone."""


@dataclass(slots=True)
class _Loan:
    """A picture of `size` bytes that `users` tasks have, or that one of them is reading for all."""

    size: int
    image: Future[Image] = field(default_factory=Future)
    users: int = 0


class Pictures:
    """Lends pictures to tasks, in their order where room is short. May be called from several threads.

    So may `read` and `size_of`, which says how many pixels wide and high a file's picture will be.
    """

    def __init__(
        self,
        limit: int = HELD,
        read: Callable[[Path], Image] = load_image,
        size_of: Callable[[Path], tuple[int, int]] = size_of,
    ) -> None:
        self._limit = limit
        self._read = read
        self._size_of = size_of
        self._loans: dict[Path, _Loan] = {}
        self._line: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def lend(self, paths: Mapping[str, Path]) -> Iterator[dict[str, Image]]:
        """Give a task its pictures inside the block, as soon as there is room. Raises ImageError."""
        sizes = {path: self._bytes(path) for path in paths.values()}
        with self._changed:
            self._stand_in_line(sizes)
            unread = sizes.keys() - self._loans.keys()
            loans = {path: self._loans.setdefault(path, _Loan(size)) for path, size in sizes.items()}
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

    def _bytes(self, path: Path) -> int:
        loan = self._loans.get(path)
        if loan is not None:
            return loan.size
        width, height = self._size_of(path)
        return 3 * width * height

    def _stand_in_line(self, sizes: Mapping[Path, int]) -> None:
        """Wait for room, behind those who came before; what is lent already needs none."""
        place = object()
        self._line.append(place)
        try:
            self._changed.wait_for(lambda: self._has_room(sizes, first=self._line[0] is place))
        finally:
            self._line.remove(place)
            self._changed.notify_all()

    def _has_room(self, sizes: Mapping[Path, int], *, first: bool) -> bool:
        held = sum(loan.size for loan in self._loans.values())
        more = sum(size for path, size in sizes.items() if path not in self._loans)
        return not more or (first and (not held or held + more <= self._limit))

    def _fetch(self, path: Path, loan: _Loan) -> None:
        """Read a picture. Whatever that raises, all get it who wait for the picture."""
        try:
            loan.image.set_result(self._read(path))
        except BaseException as error:
            loan.image.set_exception(error)

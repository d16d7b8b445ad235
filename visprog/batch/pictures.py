"""The pictures of the tasks under way: each is read once for all of them, within a bound of memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition

from visprog.images import Need, load_image, need_of
from visprog.values import Image

HELD = 2**30
"""Bytes of pictures that are lent or being read, all together; a task that needs more gets them alone."""


@dataclass(slots=True)
class _Loan:
    """A picture of `size` bytes that `users` tasks have, or that one of them is reading for all."""

    size: int
    image: Future[Image] = field(default_factory=Future)
    users: int = 0


class Pictures:
    """Lends pictures to tasks, in their order where room is short. May be called from several threads.

    So may `read` and `need_of`, which tells the memory that a file's picture takes.
    """

    def __init__(
        self,
        limit: int = HELD,
        read: Callable[[Path], Image] = load_image,
        need_of: Callable[[Path], Need] = need_of,
    ) -> None:
        self._limit = limit
        self._read = read
        self._need_of = need_of
        self._reading = 0
        self._loans: dict[Path, _Loan] = {}
        self._line: deque[object] = deque()
        self._changed = Condition()

    @contextmanager
    def lend(self, paths: Mapping[str, Path]) -> Iterator[dict[str, Image]]:
        """Give a task its pictures inside the block, as soon as there is room. Raises ImageError."""
        needs = {path: self._need(path) for path in paths.values()}
        with self._changed:
            self._stand_in_line(needs)
            unread = needs.keys() - self._loans.keys()
            loans = {path: self._loans.setdefault(path, _Loan(need.held)) for path, need in needs.items()}
            for loan in loans.values():
                loan.users += 1
            reading = _to_read(needs[path] for path in unread)
            self._reading += reading
        try:
            try:
                for path in unread:
                    self._fetch(path, loans[path])
            finally:
                with self._changed:
                    self._reading -= reading
                    self._changed.notify_all()
            yield {name: loans[path].image.result() for name, path in paths.items()}
        finally:
            with self._changed:
                for path, loan in loans.items():
                    loan.users -= 1
                    if not loan.users:
                        del self._loans[path]
                self._changed.notify_all()

    def _need(self, path: Path) -> Need:
        loan = self._loans.get(path)
        return Need(loan.size) if loan is not None else self._need_of(path)

    def _stand_in_line(self, needs: Mapping[Path, Need]) -> None:
        """Wait for room, behind those who came before; what is lent already needs none."""
        place = object()
        self._line.append(place)
        try:
            self._changed.wait_for(lambda: self._has_room(needs, first=self._line[0] is place))
        finally:
            self._line.remove(place)
            self._changed.notify_all()

    def _has_room(self, needs: Mapping[Path, Need], *, first: bool) -> bool:
        used = self._reading + sum(loan.size for loan in self._loans.values())
        unread = [need for path, need in needs.items() if path not in self._loans]
        more = sum(need.held for need in unread) + _to_read(unread)
        return not more or (first and (not used or used + more <= self._limit))

    def _fetch(self, path: Path, loan: _Loan) -> None:
        """Read a picture. Whatever that raises, all get it who wait for the picture."""
        try:
            loan.image.set_result(self._read(path))
        except BaseException as error:
            loan.image.set_exception(error)


def _to_read(needs: Iterable[Need]) -> int:
    """Return what it takes to read pictures one after the other, without the results."""
    return max((need.reading for need in needs), default=0)

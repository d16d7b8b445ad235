"""A finished run: its record, with methods that write it as a page or as JSON."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from visprog.errors import OutputError
from visprog.printable import json_text
from visprog.trace.pictures import Pictures, is_pictures
from visprog.trace.record import RunRecord


@dataclass(frozen=True, repr=False)
class Run(RunRecord):
    """The record of a program's run, and its views.

    `environment` lists versions and settings. Check `ok` first: a failed run has a record too.
    """

    @property
    def result(self) -> Any:
        """The program's result. Raises StepError if a step failed.

        A notebook shows a list of pictures as pictures.
        """
        value = super().result
        return Pictures(value) if is_pictures(value) else value

    def save(self, path: str | os.PathLike[str], *, full: bool = False) -> None:
        """Write the record as a page (`.html`) or as JSON (`.json`), completely or not at all.

        Long values are cut, so the size of the file is limited; with `full`, JSON contains whole values.
        Raises OutputError if the file has another ending or cannot be written.
        """
        from visprog.files import write_atomically

        ending = Path(path).suffix.lower()
        if ending not in (".html", ".htm", ".json"):
            raise OutputError(
                f"a trace is a .html or .json file; found {os.fspath(path)!r}",
                help="use the ending .html or .json",
            )
        write_atomically(path, _data(self, full) if ending == ".json" else _page(self))

    def to_json(self, *, full: bool = False) -> dict[str, Any]:
        """Return the record as JSON data. Pictures are given by size and digest.

        Long values are cut unless `full` is set. The attributes `result` and `variables` are never cut.
        """
        from visprog.trace.record_json import to_json

        return to_json(self, full=full)

    def _repr_html_(self) -> str:
        from visprog.trace.html import frame

        return frame(self)


def _page(run: Run) -> bytes:
    from visprog.trace.html import render_html

    return render_html(run).encode()


def _data(run: Run, full: bool) -> bytes:
    return json_text(run.to_json(full=full), allow_nan=False).encode() + b"\n"

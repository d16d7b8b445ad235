"""The tasks of a batch: a file of JSON lines, each an instruction or a program, and its pictures.

    {"id": "kitchen-7", "instruction": "How many cups are there?", "image": "kitchen.jpg"}
    {"program": "count.vp", "images": ["left.jpg", "right.jpg"]}

`images` is a path, a list of them, or a mapping from names; paths are relative to the file. A `program` is
its text, or a file that ends in `.vp`. `id` is the task's place in the file if nothing else is given. Further
fields, such as `answer` or `question_id`, are passed through to the results, under `fields`.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote

from visprog.errors import UsageError
from visprog.files import Limit, address_fault, is_address, open_file, read_lines
from visprog.inputs import named_images, read_program
from visprog.prompts import BANKS

_FIELDS = ("id", "instruction", "program", "image", "images", "task")
_LONGEST_NAME = 200
_LIKENESS = 0.72
"""From 0 to 1: `imgae` is a likely slip, `question_id` and `answer` are not."""

_PROGRAMS = 1_000
_SHOWN = 20
_LINE = Limit(10_000_000, "write one task a line", UsageError)


@dataclass(frozen=True, slots=True)
class Task:
    """One task; either `instruction` or `program` is empty. `bank` is the task of the paper, or `auto`.

    `paths` are those of its pictures, as they are written in the file of tasks, which is in `folder`.
    `fields` are further fields of its line; nothing depends on them.
    """

    id: str | int
    instruction: str
    program: str
    paths: Mapping[str, str]
    bank: str
    folder: Path = Path()
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pictures(self) -> Mapping[str, Path]:
        """Where its pictures are."""
        return {name: self.folder / path for name, path in self.paths.items()}

    @property
    def file_name(self) -> str:
        """The id as the name of a file that shows, without an ending; another id has another name."""
        name = quote(str(self.id), safe=" ")
        return f"%2E{name[1:]}" if name.startswith(".") else name

    def key(self, configuration: bytes) -> bytes:
        """Hash the task with its pictures as they are now, and what else its outcome depends on.

        The folder doesn't count: it is the same by whatever path the file of tasks is named.
        """
        pictures = [(name, path, *_state(self.folder / path)) for name, path in self.paths.items()]
        content = json.dumps([self.id, self.instruction, self.program, self.bank, pictures])
        return hashlib.blake2b(content.encode(), digest_size=16, key=configuration).digest()


class Overview(NamedTuple):
    """How many tasks there are, whether any has to be planned, and how many surely result in a picture.

    `remarks` are hints about fields that may be misspelt.
    """

    tasks: int
    has_instructions: bool
    pictures: int
    remarks: tuple[str, ...]


class Foresight(Protocol):
    """Looks at a task before anything runs. `visprog.batch.precheck.Precheck` is one."""

    def fault(self, task: Task) -> str:
        """Say what is wrong with the task, if anything."""
        ...

    def makes_picture(self, task: Task) -> bool:
        """Return whether the result will surely be a picture."""
        ...


class _Fault(Exception):  # noqa: N818 - becomes a line of a UsageError
    """What is wrong with a line."""


def survey(file: Path, bank: str = "auto", foresight: Foresight | None = None) -> Overview:
    """Read the whole file without keeping it. Raises UsageError that lists the faulty lines."""
    tasks, has_instructions, pictures, faults = 0, False, 0, list[str]()
    misspelt = _Misspelt()
    for number, found in _read(file, bank):
        fault: object = found
        if isinstance(found, Task):
            tasks += 1
            has_instructions = has_instructions or bool(found.instruction)
            misspelt.look_at(found, number)
            fault = foresight.fault(found) if foresight else ""
            pictures += bool(foresight and not fault and foresight.makes_picture(found))
        if fault:
            hint = misspelt.hint(found) if isinstance(found, Task) else ""
            faults.append(f"line {number}: {fault}{hint}")
    if faults:
        lines = "lines" if len(faults) > 1 else "line"
        more = [f"and {len(faults) - _SHOWN} more"] if len(faults) > _SHOWN else []
        shown = "\n".join(f"  {each}" for each in [*faults[:_SHOWN], *more])
        raise UsageError(
            f"{file} has {len(faults)} faulty {lines}; nothing was run\n{shown}",
            help=f"a line is a JSON object with {', '.join(_FIELDS)}",
        )
    if not tasks:
        raise UsageError(f"{file} holds no task", help="write one JSON object a line")
    return Overview(tasks, has_instructions, pictures, misspelt.remarks())


class _Misspelt:
    """Further fields that look like known ones: each is told once, with its first line."""

    def __init__(self) -> None:
        self._first: dict[tuple[str, str], int] = {}
        self._counts = Counter[tuple[str, str]]()

    def look_at(self, task: Task, number: int) -> None:
        for pair in _likenesses(task):
            self._first.setdefault(pair, number)
            self._counts[pair] += 1

    def hint(self, task: Task) -> str:
        return _did_you_mean(_likenesses(task))

    def remarks(self) -> tuple[str, ...]:
        return tuple(
            f"line {number}: did you mean `{known}` by `{name}`? It is passed through as a further field"
            + (f" ({self._counts[name, known]:,} lines)" if self._counts[name, known] > 1 else "")
            for (name, known), number in list(self._first.items())[:_SHOWN]
        )


def _likenesses(task: Task) -> Iterator[tuple[str, str]]:
    """Yield the further fields that look like a known field which the line does not give."""
    asked = [] if task.instruction or task.program else ["instruction", "program"]
    return _like(task.fields, [*asked, *([] if task.paths else ["image", "images"])])


def _like(names: Iterable[str], known: list[str]) -> Iterator[tuple[str, str]]:
    for name in names:
        longer = [each for each in known if name.casefold().startswith(f"{each}_")]
        for each in longer[:1] or get_close_matches(name.casefold(), known, n=1, cutoff=_LIKENESS):
            yield name, each


def _did_you_mean(likenesses: Iterable[tuple[str, str]]) -> str:
    return "".join(f"; did you mean `{known}` by `{name}`?" for name, known in likenesses)


def read_tasks(file: Path, bank: str = "auto") -> Iterator[Task]:
    """Yield the tasks of a file that `survey` found sound."""
    for number, found in _read(file, bank):
        if isinstance(found, _Fault):
            raise UsageError(f"{file} was changed meanwhile: line {number}: {found}")
        yield found


def _read(file: Path, bank: str) -> Iterator[tuple[int, Task | _Fault]]:
    place, seen = 0, set[str]()
    program = lru_cache(_PROGRAMS)(_program)  # for this reading alone: the next one finds what was edited
    try:
        with open_file(file, UsageError) as lines:
            for number, line in enumerate(read_lines(lines, str(file), _LINE), 1):
                if not line.strip():
                    continue
                place += 1
                try:
                    task = _task(_object(line), place, file.parent, bank, program)
                    if str(task.id) in seen:
                        raise _Fault(f"the id {task.id!r} is that of an earlier line")
                    seen.add(str(task.id))
                    yield number, task
                except _Fault as fault:
                    yield number, fault
    except OSError as cause:
        raise UsageError(f"{file} cannot be read: {cause.strerror}", help="check the path") from cause


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.decode("utf-8-sig").rstrip("\r\n"))
    except UnicodeDecodeError:
        raise _Fault("it is not text in UTF-8") from None
    except json.JSONDecodeError as cause:
        raise _Fault(f"it is not JSON: {cause.msg} (column {cause.pos + 1})") from None
    except RecursionError:
        raise _Fault("it is nested too deeply") from None
    except ValueError as cause:
        raise _Fault(f"it is not JSON: {cause}") from None
    if not isinstance(found, dict):
        raise _Fault("it is no JSON object")
    return found


def _task(given: dict[str, Any], place: int, folder: Path, bank: str, read: Callable[[Path], str]) -> Task:
    instruction, program = _text(given, "instruction"), _text(given, "program")
    if bool(instruction) == bool(program):
        if program:
            raise _Fault("it has both an instruction and a program")
        hint = _did_you_mean(_like(given.keys() - set(_FIELDS), ["instruction", "program"]))
        raise _Fault(f"it asks nothing: there is neither `instruction` nor `program`{hint}")
    if program.endswith(".vp") and "\n" not in program:
        program = read(folder / program)
    if "image" in given and "images" in given:
        raise _Fault("it has both `image` and `images`")
    bank = given.get("task", bank)
    if bank != "auto" and bank not in BANKS:
        raise _Fault(f"there is no task {bank!r}; the tasks are auto, {', '.join(BANKS)}")
    paths = _paths(given.get("images", given.get("image", [])))
    further = {name: value for name, value in given.items() if name not in _FIELDS}
    return Task(_id(given.get("id", place)), instruction, program, paths, bank, folder, further)


def _text(given: dict[str, Any], field: str) -> str:
    text = given.get(field, "")
    if not isinstance(text, str) or (field in given and not text.strip()):
        raise _Fault(f"`{field}` is not text, or empty")
    return text


def _id(given: object) -> str | int:
    if given == "":
        raise _Fault("`id` is empty")
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise _Fault("`id` is neither text nor a whole number")
    try:
        length = len(quote(str(given), safe=" "))
    except UnicodeEncodeError:
        raise _Fault("`id` is no proper text") from None
    if length > _LONGEST_NAME:
        raise _Fault("`id` is too long for the name of a file")
    return given


def _paths(given: object) -> dict[str, str]:
    paths: Any = [given] if isinstance(given, str) else given
    listed = list(paths.values()) if isinstance(paths, dict) else paths
    if not isinstance(listed, list) or not all(isinstance(path, str) and path for path in listed):
        raise _Fault("its pictures are neither a path, nor a list of paths, nor paths by name")
    address = next((path for path in listed if is_address(path)), None)
    if address is not None:
        raise _Fault(address_fault(address))
    try:
        return {name: str(path) for name, path in named_images(paths).items()} if listed else {}
    except UsageError as error:
        raise _Fault(error.message) from None


def _program(file: Path) -> str:
    try:
        return read_program(file)
    except UsageError as error:
        raise _Fault(error.message) from None


def _state(path: Path) -> tuple[int, int]:
    """Return a file's size and time of change; what is not there is told when the task is run."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return -1, -1
    return found.st_size, found.st_mtime_ns

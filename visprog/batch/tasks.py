"""The tasks file of a batch: JSON lines, each with an instruction or a program, and its pictures.

    {"id": "kitchen-7", "instruction": "How many cups are there?", "image": "kitchen.jpg"}
    {"program": "count.vp", "images": ["left.jpg", "right.jpg"]}

`images` is a path, a list of paths, or an object from names to paths. Paths are relative to the file. A
`program` is its text, or a file that ends in `.vp`. The default `id` is the position of the task in the file.
Other fields, such as `answer` or `question_id`, are copied to the results, under `fields`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from visprog.errors import UsageError
from visprog.files import Limit, address_fault, is_address, open_file, read_lines
from visprog.inputs import named_images, read_program
from visprog.prompts import BANKS

FIELDS = ("id", "instruction", "program", "image", "images", "task")
"""The fields of a task that VisProg reads."""

_MAX_NAME = 200
"""Characters of a task's file name."""

_MIN_SIMILARITY = 0.72
"""From 0 to 1: `imgae` is a likely misspelling, `question_id` and `answer` are not."""

_CACHED_PROGRAMS = 1_000
"""Number of program files whose text is remembered."""

_LINE = Limit(10_000_000, "write one task per line", UsageError)


@dataclass(frozen=True, slots=True)
class Task:
    """One task. Either `instruction` or `program` is empty. `bank` is a bank of examples, or `auto`.

    `paths` are the paths of the pictures as they are written in the tasks file, which is in `folder`.
    `fields` are the other fields of the line; no outcome depends on them.
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
        """The paths of the pictures, by name."""
        return {name: self.folder / path for name, path in self.paths.items()}

    @property
    def file_name(self) -> str:
        """The id as a file name without an ending. It is unique and never hidden."""
        name = quote(str(self.id), safe=" ")
        return f"%2E{name[1:]}" if name.startswith(".") else name

    def key(self, configuration: bytes) -> bytes:
        """Return a hash of the task, the current state of its pictures, and the configuration.

        The folder is not part of it: the key is the same for every path that leads to the tasks file.
        """
        pictures = [(name, path, *_file_state(self.folder / path)) for name, path in self.paths.items()]
        content = json.dumps([self.id, self.instruction, self.program, self.bank, pictures])
        return hashlib.blake2b(content.encode(), digest_size=16, key=configuration).digest()


class InvalidLine(Exception):  # noqa: N818 - it becomes a line of a UsageError
    """The reason why a line of the tasks file is not a valid task."""


def read_tasks(file: Path, bank: str = "auto") -> Iterator[Task]:
    """Yield the tasks of a file that was checked before."""
    for number, found in parse_tasks(file, bank):
        if isinstance(found, InvalidLine):
            raise UsageError(f"{file} was changed while the batch ran: line {number}: {found}")
        yield found


def parse_tasks(file: Path, bank: str) -> Iterator[tuple[int, Task | InvalidLine]]:
    """Yield each line's number with its task, or the reason why it is invalid. Raises UsageError."""
    position, seen = 0, set[str]()
    read = lru_cache(_CACHED_PROGRAMS)(_program_text)  # per call, so that edited files are read again
    try:
        with open_file(file, UsageError) as lines:
            for number, line in enumerate(read_lines(lines, str(file), _LINE), 1):
                if not line.strip():
                    continue
                position += 1
                try:
                    task = _task(_json_object(line), position, file.parent, bank, read)
                    if str(task.id) in seen:
                        raise InvalidLine(f"an earlier line has the same id {task.id!r}")
                    seen.add(str(task.id))
                    yield number, task
                except InvalidLine as reason:
                    yield number, reason
    except OSError as cause:
        raise UsageError(f"{file} cannot be read: {cause.strerror}", help="check the path") from cause


def similar_fields(names: Iterable[str], known: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each name that is probably a misspelling of a known one, with the known one."""
    for name in names:
        extended = [each for each in known if name.casefold().startswith(f"{each}_")]
        for each in extended[:1] or get_close_matches(name.casefold(), known, n=1, cutoff=_MIN_SIMILARITY):
            yield name, each


def did_you_mean(pairs: Iterable[tuple[str, str]]) -> str:
    """Return a question for each pair from `similar_fields`, to be added to a message."""
    return "".join(f"; did you mean `{known}` instead of `{name}`?" for name, known in pairs)


def _json_object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line.decode("utf-8-sig").rstrip("\r\n"))
    except UnicodeDecodeError:
        raise InvalidLine("it is not text in UTF-8") from None
    except json.JSONDecodeError as cause:
        raise InvalidLine(f"it is not JSON: {cause.msg} (column {cause.pos + 1})") from None
    except RecursionError:
        raise InvalidLine("it is nested too deeply") from None
    except ValueError as cause:
        raise InvalidLine(f"it is not JSON: {cause}") from None
    if not isinstance(found, dict):
        raise InvalidLine("it is not a JSON object")
    return found


def _task(given: dict[str, Any], position: int, folder: Path, bank: str, read: Callable[[Path], str]) -> Task:
    instruction, program = _request(given)
    if program.endswith(".vp") and "\n" not in program:
        program = read(folder / program)
    if "image" in given and "images" in given:
        raise InvalidLine("it has `image` and `images`; give only one of them")
    paths = _paths(given.get("images", given.get("image", [])))
    other = {name: value for name, value in given.items() if name not in FIELDS}
    task_id, bank = _id(given.get("id", position)), _bank(given.get("task", bank))
    return Task(task_id, instruction, program, paths, bank, folder, other)


def _request(given: dict[str, Any]) -> tuple[str, str]:
    """Return the instruction and the program, one of which is empty."""
    instruction, program = _text(given, "instruction"), _text(given, "program")
    if instruction and program:
        raise InvalidLine("it has `instruction` and `program`; give only one of them")
    if not instruction and not program:
        hint = did_you_mean(similar_fields(given.keys() - set(FIELDS), ["instruction", "program"]))
        raise InvalidLine(f"it has neither `instruction` nor `program`{hint}")
    return instruction, program


def _text(given: dict[str, Any], name: str) -> str:
    text = given.get(name, "")
    if not isinstance(text, str) or (name in given and not text.strip()):
        raise InvalidLine(f"`{name}` is empty or not text")
    return text


def _bank(given: object) -> str:
    if given != "auto" and given not in BANKS:
        raise InvalidLine(f"unknown task {given!r}; the tasks are auto, {', '.join(BANKS)}")
    return str(given)


def _id(given: object) -> str | int:
    if given == "":
        raise InvalidLine("`id` is empty")
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise InvalidLine("`id` is neither text nor an integer")
    try:
        length = len(quote(str(given), safe=" "))
    except UnicodeEncodeError:
        raise InvalidLine("`id` is not valid Unicode text") from None
    if length > _MAX_NAME:
        raise InvalidLine("`id` is too long for a file name")
    return given


def _paths(given: object) -> dict[str, str]:
    paths: Any = [given] if isinstance(given, str) else given
    listed = list(paths.values()) if isinstance(paths, dict) else paths
    if not isinstance(listed, list) or not all(isinstance(path, str) and path for path in listed):
        raise InvalidLine("its pictures must be a path, a list of paths, or an object from names to paths")
    address = next((path for path in listed if is_address(path)), None)
    if address is not None:
        raise InvalidLine(address_fault(address))
    try:
        return {name: str(path) for name, path in named_images(paths).items()} if listed else {}
    except UsageError as error:
        raise InvalidLine(error.message) from None


def _program_text(file: Path) -> str:
    try:
        return read_program(file)
    except UsageError as error:
        raise InvalidLine(error.message) from None


def _file_state(path: Path) -> tuple[int, int]:
    """Return a file's size and time of change. A missing file is reported when the task is run."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return -1, -1
    return found.st_size, found.st_mtime_ns

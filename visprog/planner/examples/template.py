"""An example as a template: fixed words, slots, and where the program uses what fills them."""

from __future__ import annotations

from dataclasses import dataclass

from visprog.language.program import Call
from visprog.planner.bank import Example
from visprog.planner.examples import vocabulary
from visprog.planner.examples.slots import Slot
from visprog.planner.examples.wording import Token

_LOOSE = frozenset(vocabulary.PREPOSITIONS) | {"and", "or", "'s", "be", "there", "their", "as"}


@dataclass(frozen=True, slots=True)
class Use:
    """A place of the program that a slot fills: argument `argument` of step `step`, or the step's tool (-1).

    Within a string it is text[start:end]; `end` is 0 where the whole value is meant. `form` says how the
    filling is written there.
    """

    step: int
    argument: int
    slot: int
    form: str
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Template:
    """An example with its slots. `items` are the instruction's tokens; a number stands for a slot."""

    example: Example
    task: str
    items: tuple[Token | int, ...]
    slots: tuple[Slot, ...]
    uses: tuple[Use, ...]
    sides: tuple[tuple[int, str], ...] = ()
    """Slots that hold LEFT or RIGHT, and which of them they hold in the example."""

    @property
    def takes_one(self) -> bool:
        """Whether the program goes on with the best of what it finds."""
        return self.task == "imgedit" and any(
            isinstance(step.value, Call) and step.value.tool == "Crop" for step in self.example.program
        )

    @property
    def fixed(self) -> frozenset[str]:
        """The words that are no slot's, articles and prepositions aside."""
        tokens = (item for item in self.items if isinstance(item, Token))
        loose = _LOOSE | {"face"} if self.task == "nlvr" else _LOOSE  # there, they are counted by any means
        return frozenset(t.key for t in tokens if t.kind == "word" and t.key not in loose)

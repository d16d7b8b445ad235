"""Drafts of programs, with variables named as in the prompt banks."""

from __future__ import annotations

from collections import Counter

from visprog.miniworld.tasks.wording import Noun


class Draft:
    """A program under construction. Each method adds steps and returns the variable of their result."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._numbers: Counter[str] = Counter()

    def find(self, image: str, noun: Noun | str) -> str:
        """Find all things with a name. TOP, BOTTOM, LEFT and RIGHT are halves of the picture."""
        return self._step("BOX", f"Loc(image={image}, object='{noun}')")

    def count(self, image: str, noun: Noun) -> str:
        """Count the things with a name."""
        return self.number(self.find(image, noun))

    def crop(self, image: str, box: str, tool: str = "Crop") -> str:
        """Cut out the found things, or with a tool such as CropLeft the part beside them."""
        return self._step("IMAGE", f"{tool}(image={image}, object={box})")

    def crop_each(self, image: str, box: str) -> str:
        """Cut out each of the found things: a list of pictures."""
        return self._step("IMAGES", f"CropEach(image={image}, object={box})")

    def pick(self, box: str, by: str, place: int = 1) -> str:
        """Pick one of the found things by its place in an order."""
        which = "" if place == 1 else f", place={place}"
        return self._step("BOX", f"Pick(object={box}, by='{by}'{which})")

    def relate(self, box: str, relation: str, to: str) -> str:
        """Keep the found things that have a relation to another."""
        return self._step("BOX", f"Relate(object={box}, relation='{relation}', to={to})")

    def without(self, box: str, other: str) -> str:
        """Keep the found things that are not among the others."""
        return self._step("BOX", f"Without(object={box}, other={other})")

    def without_fitting(self, image: str, box: str, noun: Noun) -> str:
        """Keep the found things that do not fit a description."""
        call = f"Filter(image={image}, object={box}, query='{noun}', negate=True)"
        return self._step("BOX", call)

    def keep(self, box: str, where: str) -> str:
        """Keep the found things with a positive answer in a list."""
        return self._step("BOX", f"Keep(object={box}, where={where})")

    def find_stuff(self, image: str, kind: str) -> str:
        """Find the region of a kind of stuff."""
        regions = self._step("OBJ", f"Seg(image={image})")
        return self._step("OBJ", f"Select(image={image}, object={regions}, query='{kind}')")

    def number(self, box: str) -> str:
        """Count found things."""
        return self._step("ANSWER", f"Count(object={box})")

    def measure(self, box: str, what: str) -> str:
        """Measure each of the found things: a list of numbers."""
        return self._step("LIST", f"Measure(object={box}, what='{what}')")

    def find_in_each(self, images: str, noun: Noun) -> str:
        """Find all things with a name in each picture of a list."""
        return self._step("BOXES", f"Loc(image={images}, object='{noun}')")

    def crop_from_each(self, images: str, boxes: str) -> str:
        """Cut out the found things of each picture of a list."""
        return self._step("IMAGES", f"Crop(image={images}, object={boxes})")

    def number_each(self, boxes: str) -> str:
        """Count the found things of each picture of a list."""
        return self._step("ANSWERS", f"Count(object={boxes})")

    def ask_each(self, images: str, question: str) -> str:
        """Ask a question about each picture of a list: a list of answers."""
        return self._step("ANSWERS", f"Vqa(image={images}, question='{question}')")

    def ask(self, image: str, question: str) -> str:
        """Ask a question about a picture."""
        return self._step("ANSWER", f"Vqa(image={image}, question='{question}')")

    def evaluate(self, expression: str) -> str:
        """Evaluate an expression over earlier answers."""
        quote = '"' if "'" in expression else "'"
        return self._step("ANSWER", f"Eval({quote}{expression}{quote})")

    def yes_if(self, condition: str) -> str:
        """Answer 'yes' if a condition is true, otherwise 'no'."""
        return self.evaluate(f"'yes' if {condition} else 'no'")

    def text(self) -> str:
        """Return the program. Its result is the value of the last step."""
        return "\n".join(self._lines)

    def text_with_result(self, result: str) -> str:
        """Return the program with this variable as its result."""
        return f"{self.text()}\nRESULT={result}"

    def _step(self, stem: str, call: str) -> str:
        target = f"{stem}{self._numbers[stem]}"
        self._numbers[stem] += 1
        self._lines.append(f"{target}={call}")
        return target

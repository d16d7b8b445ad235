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
        return self._step("ANSWER", f"Count(object={self.find(image, noun)})")

    def crop(self, image: str, box: str, tool: str = "Crop") -> str:
        """Cut out the found things, or with a tool such as CropLeft the part beside them."""
        return self._step("IMAGE", f"{tool}(image={image}, object={box})")

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

"""Descriptions: what a category looks like, in a language model's words.

S. Pratt and others, "What does a platypus look like? Generating customized prompts for zero-shot image
classification" (CuPL), ICCV 2023: a name says less to a model that compares pictures and texts than sentences
on what the thing looks like.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from threading import Lock

from visprog.answer_text import bare
from visprog.model_text import spoken, without_marker
from visprog.models.roles import LanguageModel, Message
from visprog.parallel import parallel_map

COUNT = 6
"""How many descriptions of a category are asked for."""

_REQUEST = (
    "Describe what a thing looks like to someone who has to recognise it in a photograph. Answer with "
    f"{COUNT} sentences and nothing else, one a line, without numbers or bullets. Each sentence names the "
    "thing and tells another part of its looks: shape, colour, parts, size, surroundings. At most 20 words a "
    "sentence."
)
_AT_ONCE = 8
_REMEMBERED = 4096


class Descriptions:
    """What language models said of categories, so that the next picture does not ask again.

    Kept by the model's fingerprint; what a model without one says is not kept. Safe between threads.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()
        self._lock = Lock()

    def of(self, categories: Sequence[str], language_model: LanguageModel) -> list[tuple[str, ...]]:
        """Return sentences for each category, none where the model said nothing of use.

        Raises ModelError where the model cannot be asked.
        """
        return list(parallel_map(partial(self._of, language_model), categories, workers=_AT_ONCE))

    def _of(self, language_model: LanguageModel, category: str) -> tuple[str, ...]:
        key = getattr(language_model, "fingerprint", ""), category
        with self._lock:
            known = self._known.get(key)
        if known is None:
            turns = [Message("system", _REQUEST), Message("user", f"What does this look like: {category}?")]
            known = sentences_of(language_model.complete(turns).text)
            if key[0] and known:
                self._keep(key, known)
        return known

    def _keep(self, key: tuple[str, str], sentences: tuple[str, ...]) -> None:
        with self._lock:
            self._known[key] = sentences
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def sentences_of(answer: str) -> tuple[str, ...]:
    """Read one sentence a line, without markers, quotes and repetitions, each with its full stop.

    Introductions (a line that ends in a colon) and lines of fewer than three words are left out.
    """
    found: dict[str, None] = {}
    for line in spoken(answer).splitlines():
        item = without_marker(line)
        sentence = bare(line if item is None else item)
        if len(sentence.split(maxsplit=2)) > 2 and not sentence.endswith(":"):
            found.setdefault(sentence.rstrip(".") + ".")
        if len(found) == 2 * COUNT:
            break
    return tuple(found)

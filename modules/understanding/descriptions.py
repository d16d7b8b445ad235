"""Descriptions: a language model describes what categories look like.

A model that compares pictures and texts classifies better with sentences about an object's looks than with
its name alone (S. Pratt and others, "What does a platypus look like? Generating customized prompts for
zero-shot image classification", CuPL, ICCV 2023).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from threading import Lock

from visprog.answer_text import strip_wrappers
from visprog.model_text import clean_reply, without_marker
from visprog.models.roles import LanguageModel, Message

COUNT = 6
"""Number of sentences that the model is asked for."""

_REQUEST = (
    "Describe what a thing looks like to someone who has to recognise it in a photograph. Answer with "
    f"{COUNT} sentences and nothing else, one a line, without numbers or bullets. Each sentence names the "
    "thing and tells another part of its looks: shape, colour, parts, size, surroundings. At most 20 words a "
    "sentence."
)
_AT_ONCE = 8
_REMEMBERED = 4096


class Descriptions:
    """A cache of descriptions by model and category. Safe between threads.

    Descriptions of a model without a fingerprint are not kept.
    """

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str], tuple[str, ...]] = OrderedDict()
        self._lock = Lock()

    def of(self, categories: Sequence[str], language_model: LanguageModel) -> list[tuple[str, ...]]:
        """Return the sentences about each category. They are empty if the model's answer has none.

        Raises ModelError if the model fails.
        """

        def within(context: Context, category: str) -> tuple[str, ...]:
            return context.run(self._of, category, language_model)

        # The tokens that a model uses are counted in the caller's context, which other threads do not have.
        contexts = [copy_context() for _ in categories]
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="visprog-describe") as pool:
            return list(pool.map(within, contexts, categories))

    def _of(self, category: str, language_model: LanguageModel) -> tuple[str, ...]:
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
    """Read one sentence a line, without markers, quotes and repetitions.

    Each sentence ends with a full stop. Lines that end with a colon or have fewer than three words are
    ignored.
    """
    found: dict[str, None] = {}
    for line in clean_reply(answer).splitlines():
        item = without_marker(line)
        sentence = strip_wrappers(line if item is None else item)
        if len(sentence.split(maxsplit=2)) > 2 and not sentence.endswith(":"):
            found.setdefault(sentence.rstrip(".") + ".")
        if len(found) == 2 * COUNT:
            break
    return tuple(found)

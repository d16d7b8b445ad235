"""The roles that tools ask for. A tool names a role, never a library; a profile names a model for it.

A model may have a `fingerprint`, a string that no other model has (identifier, revision, options). The
results of steps are cached under it. A model without one is identified by its object.

A model that can answer many calls in one pass may have a second method, such as `answer_batch` for `answer`.
It gets a list of calls, each a tuple of the arguments of `answer`, and returns the list of their results, in
order. The engine then combines calls, at most as many as the attribute `batch_size` of the model allows. If
the method raises an error, the engine makes the calls one by one; if memory runs out, it halves the batch.
Equal calls share one result, so nobody may change it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from visprog.values import Image, Regions


class Detector(Protocol):
    """Finds things by name."""

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the boxes of everything that one of `labels` names, with that label, best first."""
        ...


class FaceDetector(Protocol):
    """Finds faces."""

    def detect_faces(self, image: Image) -> Regions:
        """Return a tight box for each face, best first."""
        ...


class Segmenter(Protocol):
    """Divides a picture into things and stuff."""

    def segment(self, image: Image) -> Regions:
        """Return a region with a label and a mask for each thing and each kind of stuff."""
        ...


class Masker(Protocol):
    """Turns boxes into masks."""

    def mask(self, image: Image, regions: Regions) -> Regions:
        """Return the same regions in the same order, each with a mask."""
        ...


class ImageTextScorer(Protocol):
    """Scores how well texts describe pictures."""

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return logits of shape (images, texts): the softmax of a row is the texts' probability."""
        ...


class VisualQA(Protocol):
    """Answers questions about a picture."""

    def answer(self, image: Image, question: str) -> str:
        """Return a short answer, such as 'yes', '3' or 'red'."""
        ...


class Inpainter(Protocol):
    """Repaints a part of a picture."""

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return a picture of the same size in which `mask`, shape (height, width), shows `prompt`.

        An empty prompt, 'nothing', 'background' or 'remove ...' asks to remove the content of the mask and to
        continue the background there; see `visprog.models.inpainting.asks_for_removal`.
        """
        ...


class Captioner(Protocol):
    """Describes a picture in a sentence."""

    def caption(self, image: Image) -> str:
        """Return one sentence."""
        ...


class Transcriber(Protocol):
    """Turns speech into text."""

    def transcribe(self, samples: NDArray[np.float32]) -> str:
        """Return the spoken text. `samples` is mono at 16 kHz, shape (samples,), between -1 and 1."""
        ...


class Message(NamedTuple):
    """One turn of a conversation with a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


class Completion(NamedTuple):
    """The answer of a language model, and its cost in tokens if known.

    `read` lists the places of the messages that the model saw; None means all of them. `remarks` are
    sentences for the user about a request or an answer that needed special treatment.
    """

    text: str
    model: str = ""
    input_tokens: int | None = None
    output_tokens: int | None = None
    read: tuple[int, ...] | None = None
    remarks: tuple[str, ...] = ()


class LanguageModel(Protocol):
    """Continues a conversation."""

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. Raises ModelError if the model gives none."""
        ...


@runtime_checkable
class StoppableLanguageModel(LanguageModel, Protocol):
    """A language model that can be stopped while it answers. Not every LanguageModel can."""

    def complete_until(
        self,
        messages: Sequence[Message],
        done: Callable[[str], bool],
        *,
        max_tokens: int,
        temperature: float | None = None,
    ) -> Completion:
        """Return the next turn, which ends as soon as `done` returns True for its text.

        Raises AnswerCut if the answer is longer than `max_tokens`, and ModelError as `complete` does.
        """
        ...


ROLES: dict[str, type] = {
    "detector": Detector,
    "face_detector": FaceDetector,
    "segmenter": Segmenter,
    "masker": Masker,
    "image_text_scorer": ImageTextScorer,
    "visual_qa": VisualQA,
    "inpainter": Inpainter,
    "language_model": LanguageModel,
    "captioner": Captioner,
    "transcriber": Transcriber,
}
"""All roles, by the names that profiles use."""


class Models(Protocol):
    """The source of the engine's models, such as `visprog.models.zoo.Zoo`."""

    def get(self, role: str) -> object:
        """Return the model that fills the role. Raises ModelUnavailable."""
        ...

    def loaded(self, role: str) -> object | None:
        """Return the model that fills the role; None if it is not loaded."""
        ...

    def has(self, role: str) -> bool:
        """Return whether a model fills the role. The model is not loaded."""
        ...

    def fingerprint(self, role: str) -> str:
        """Return the fingerprint of the role's model. The model is not loaded."""
        ...

    def is_stable(self, role: str) -> bool:
        """Return whether the role's fingerprint means the same model in every process."""
        ...

    def settings(self, tool: str) -> Mapping[str, Any]:
        """Return the settings that replace the defaults of the tool of this name."""
        ...

"""The roles that tools ask for. A tool names a role, never a library; a profile says which model fills it.

A model may have a `fingerprint`, a string that tells it from every other model (identifier, revision,
options): steps are remembered under it. A model without one is told apart by being another object.

A model that can answer many calls in one pass may have, beside a method such as `answer`, one that is named
`answer_batch`. It is given a list of calls, each a tuple of the arguments that `answer` takes, and returns a
list of what `answer` would return for each, in order. The engine then gathers calls, `batch_size` of them at
most where the model says so. Where the method raises anything, the calls are made one by one; where memory
did not suffice, by halves. What is returned for equal calls is shared: nobody changes it.
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
        """Return the boxes of everything that one of `labels` names, labelled so, best first."""
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
    """Says how well pictures and texts fit together."""

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return logits of shape (images, texts): the softmax of a row is the texts' probability."""
        ...


class VisualQA(Protocol):
    """Answers questions about a picture."""

    def answer(self, image: Image, question: str) -> str:
        """Return a short answer, such as 'yes', '3' or 'red'."""
        ...


class Inpainter(Protocol):
    """Paints a part of a picture anew."""

    def inpaint(self, image: Image, mask: NDArray[np.bool_], prompt: str) -> Image:
        """Return a picture of the same size in which `mask`, shape (height, width), shows `prompt`.

        An empty prompt, 'nothing', 'background' or 'remove ...' asks for what is there to be removed, as
        `visprog.models.inpainting.asks_for_removal` tells: the background goes on in its place.
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
        """Return what is said. `samples` is mono at 16 kHz, shape (samples,), between -1 and 1."""
        ...


class Message(NamedTuple):
    """One turn of a conversation with a language model."""

    role: Literal["system", "user", "assistant"]
    content: str


class Completion(NamedTuple):
    """What a language model answered, and what it cost in tokens where that is known.

    `read` are the places of the messages that the model was shown, where it was not shown all of them.
    `remarks` are sentences for people: what had to be asked or read in another way than usual.
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
        """Return the next turn. Raises ModelError where there is none to be had."""
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
        """Return the next turn, which ends as soon as `done` says so of its text.

        Raises AnswerCut if `max_tokens` did not suffice, and ModelError as `complete` does.
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
"""Every role by the name that profiles use."""


class Models(Protocol):
    """Where the engine asks for models. `visprog.models.zoo.Zoo` is one."""

    def get(self, role: str) -> object:
        """Return the model that fills the role. Raises ModelUnavailable."""
        ...

    def has(self, role: str) -> bool:
        """Whether something fills the role, as far as can be told without loading it."""
        ...

    def fingerprint(self, role: str) -> str:
        """Return what tells the model that fills the role from every other, without loading it."""
        ...

    def is_stable(self, role: str) -> bool:
        """Whether the role's fingerprint means the same model in another process too."""
        ...

    def settings(self, tool: str) -> Mapping[str, Any]:
        """Return the settings of the tool of this name that differ from its own."""
        ...

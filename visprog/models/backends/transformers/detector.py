"""Detectors that find what words name: OWL-ViT, OWLv2 and Grounding DINO.

Several labels are asked of one picture in one pass, and a box that fits two of them is returned under both.
OWL-ViT and OWLv2 judge each label by itself; Grounding DINO reads them as one text, where a label's
neighbours move its scores a little. Faces are things of the name 'face'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from visprog.errors import ModelFailed
from visprog.models.backends.transformers.boxes import Belief, regions_of
from visprog.models.backends.transformers.geometry import computing, load_precise, refuse_thin
from visprog.models.backends.transformers.network import Network
from visprog.models.backends.transformers.owl import OwlDetector
from visprog.values import Image, Region, Regions

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class _Family(NamedTuple):
    """How a family of detectors is asked by default, and from which score on it is believed."""

    template: str
    threshold: float


_OWL = _Family("a photo of {}", 0.1)
_GROUNDING = _Family("{}", 0.25)
_FAMILIES = {"owlvit": _OWL, "owlv2": _OWL, "grounding-dino": _GROUNDING, "mm-grounding-dino": _GROUNDING}
"""By the library's name for the architecture; the thresholds are the library's."""


def load_detector(role: str, identifier: str, options: Mapping[str, Any]) -> OwlDetector | GroundingDetector:
    """Load a detector of things, or of faces.

    Options: `threshold` and `nms`, from 0 to 1, `template`, a text with {}, and `face`, the word for a face.
    """
    del role
    network = load_precise(
        "AutoModelForZeroShotObjectDetection",
        identifier,
        options,
        ("threshold", "nms", "template", "face"),
        kinds=tuple(_FAMILIES),
        processor="AutoProcessor",
    )
    family = _FAMILIES[network.kind]
    kind = OwlDetector if family is _OWL else GroundingDetector
    belief = Belief(options.get("threshold", family.threshold), options.get("nms", 0.5))
    template = options.get("template", family.template)
    return kind(network, belief, template=template, face=options.get("face", "face"))


class _Pass(NamedTuple):
    """One run of the network: its inputs, and for each label the columns of the logits that speak for it."""

    inputs: Any
    columns: Mapping[str, Sequence[int]]


class GroundingDetector:
    """Finds things by name, and faces by the name `face`. May be shared by threads.

    A label is asked for in the words of `template`. Picture and labels are seen together from the first
    layers on: nothing of a picture can be kept for other labels.
    """

    def __init__(self, network: Network, belief: Belief, *, template: str = "{}", face: str = "face") -> None:
        self._network = network
        self._belief = belief
        self._template = template
        self._face = face
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the boxes of everything that one of `labels` names, labelled so, best first."""
        names = list(dict.fromkeys(labels))
        refuse_thin(image)
        with self._network.lock:
            found = list(self._find(image, names)) if names else []
        return Regions(sorted(found, key=lambda region: -region.score), size=image.size)

    def detect_faces(self, image: Image) -> Regions:
        """Return a box for each face, best first."""
        return self.detect(image, [self._face])

    def _find(self, image: Image, names: Sequence[str]) -> Iterator[Region]:
        for inputs, columns in self._ask(image.to_pil(), names):
            with computing(self._network):
                outputs = self._network.model(**inputs.to(self._network.device))
            for name, chosen in columns.items():
                logits, edges = outputs.logits[..., chosen], outputs.pred_boxes
                yield from regions_of(self._network, self._belief, name, logits, edges, image.size)

    def _ask(self, picture: Picture, names: Sequence[str]) -> Iterator[_Pass]:
        """Ask "a. b."; the columns are tokens, and a label's are those between two full stops."""
        stop = self._network.tokenizer.convert_tokens_to_ids(".")
        longest = self._network.model.config.max_text_len
        for part in self._parts(names, longest - 2):
            text = " ".join(f"{phrase}." for phrase in part.values())
            inputs = self._network.processor(images=picture, text=text, return_tensors="pt")
            spans: list[list[int]] = [[]]
            for position, token in enumerate(inputs["input_ids"][0].tolist()[:longest]):
                if token == stop:
                    spans.append([])
                elif position:  # the first token begins the text
                    spans[-1].append(position)
            yield _Pass(inputs, dict(zip(part, spans, strict=False)))

    def _parts(self, names: Sequence[str], room: int) -> list[dict[str, str]]:
        """Divide labels, each with the phrase for it, so that each part's text has `room` tokens at most."""
        parts: list[dict[str, str]] = []
        left = 0
        for name in names:
            phrase = _phrase(self._template.replace("{}", name))
            if not phrase:
                continue
            tokens = len(self._network.tokenizer(phrase, add_special_tokens=False)["input_ids"]) + 1
            if tokens > room:
                raise ModelFailed(
                    f"the label {name!r} has {tokens} tokens; "
                    f"{self._network.identifier} reads {room} at most",
                    help="use a shorter label",
                )
            if not parts or tokens > left:
                parts.append({})
                left = room
            parts[-1][name] = phrase
            left -= tokens
        return parts


def _phrase(text: str) -> str:
    """Return a label as Grounding DINO reads it: lower case, without the marks that separate phrases."""
    return " ".join(re.sub(r"[.?]", " ", text.lower()).split())

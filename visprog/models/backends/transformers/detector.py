"""Detectors that find things by name: OWL-ViT, OWLv2 and Grounding DINO.

One pass searches a picture for several labels. A box that fits two labels is returned with both. OWL-ViT and
OWLv2 score each label separately. Grounding DINO reads all labels as one text, so that a label's neighbours
change its scores a little. Faces are found by the label 'face'.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from visprog.errors import ModelFailed, UsageError
from visprog.models.backends.transformers.boxes import Limits, regions_of
from visprog.models.backends.transformers.geometry import computing, load_precise, reject_thin
from visprog.models.backends.transformers.network import Network
from visprog.models.backends.transformers.owl import OwlDetector
from visprog.values import Image, Region, Regions

if TYPE_CHECKING:
    from PIL.Image import Image as Picture


class _Family(NamedTuple):
    """The default template and the default minimum score of a family of detectors."""

    template: str
    threshold: float


_OWL = _Family("a photo of {}", 0.1)
_GROUNDING = _Family("{}", 0.25)
_FAMILIES = {"owlvit": _OWL, "owlv2": _OWL, "grounding-dino": _GROUNDING, "mm-grounding-dino": _GROUNDING}
"""The families, by the library's names of architectures. The thresholds are the library's defaults."""


def load_detector(role: str, identifier: str, options: Mapping[str, Any]) -> OwlDetector | GroundingDetector:
    """Load a detector of things, or of faces.

    The options are `threshold` and `nms`, from 0 to 1, `template`, a text with {}, `face`, the label for
    faces, and for OWL-ViT and OWLv2 `tiles`.
    """
    del role  # both roles use the same class
    network = load_precise(
        "AutoModelForZeroShotObjectDetection",
        identifier,
        options,
        ("threshold", "nms", "template", "face", "tiles"),
        kinds=tuple(_FAMILIES),
        processor="AutoProcessor",
    )
    family = _FAMILIES[network.kind]
    limits = Limits(options.get("threshold", family.threshold), options.get("nms", 0.5))
    template = options.get("template", family.template)
    face = options.get("face", "face")
    if family is _OWL:
        return OwlDetector(network, limits, template=template, face=face, tiles=options.get("tiles", False))
    if options.get("tiles"):
        raise UsageError(
            f"`tiles` is not an option of {network.kind}", help="only OWL-ViT and OWLv2 search tiles"
        )
    return GroundingDetector(network, limits, template=template, face=face)


class _Pass(NamedTuple):
    """One pass of the network: its inputs, and the columns of the logits that belong to each label."""

    inputs: Any
    columns: Mapping[str, Sequence[int]]


class GroundingDetector:
    """Finds things by name, and faces by the label `face`. Safe between threads.

    A label is put into `template`. The network mixes picture and labels from its first layers on, so a
    picture cannot be encoded once for all labels.
    """

    def __init__(self, network: Network, limits: Limits, *, template: str = "{}", face: str = "face") -> None:
        self.network = network
        self._limits = limits
        self._template = template
        self._face = face
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the boxes of everything that one of `labels` names, with that label, best first."""
        names = list(dict.fromkeys(labels))
        reject_thin(image)
        with self.network.lock:
            found = list(self._find(image, names)) if names else []
        return Regions(sorted(found, key=lambda region: -region.score), size=image.size)

    def detect_faces(self, image: Image) -> Regions:
        """Return a box for each face, best first."""
        return self.detect(image, [self._face])

    def _find(self, image: Image, names: Sequence[str]) -> Iterator[Region]:
        for inputs, columns in self._ask(image.to_pil(), names):
            with computing(self.network):
                outputs = self.network.model(**inputs.to(self.network.device))
            for name, chosen in columns.items():
                logits, edges = outputs.logits[..., chosen], outputs.pred_boxes
                yield from regions_of(self.network, self._limits, name, logits, edges, image.size)

    def _ask(self, picture: Picture, names: Sequence[str]) -> Iterator[_Pass]:
        """Yield passes with the text "a. b.". Columns are tokens; a label has those before its full stop."""
        stop = self.network.tokenizer.convert_tokens_to_ids(".")
        longest = self.network.model.config.max_text_len
        for part in self._parts(names, longest - 2):
            text = " ".join(f"{phrase}." for phrase in part.values())
            inputs = self.network.processor(images=picture, text=text, return_tensors="pt")
            spans: list[list[int]] = [[]]
            for position, token in enumerate(inputs["input_ids"][0].tolist()[:longest]):
                if token == stop:
                    spans.append([])
                elif position:  # the first token begins the text
                    spans[-1].append(position)
            yield _Pass(inputs, dict(zip(part, spans, strict=False)))

    def _parts(self, names: Sequence[str], room: int) -> list[dict[str, str]]:
        """Divide the labels into parts, so that the text of each part has at most `room` tokens."""
        parts: list[dict[str, str]] = []
        left = 0
        for name in names:
            phrase = _phrase(self._template.replace("{}", name))
            if not phrase:
                continue
            tokens = len(self.network.tokenizer(phrase, add_special_tokens=False)["input_ids"]) + 1
            if tokens > room:
                raise ModelFailed(
                    f"the label {name!r} has {tokens} tokens; {self.network.identifier} reads {room} at most",
                    help="use a shorter label",
                )
            if not parts or tokens > left:
                parts.append({})
                left = room
            parts[-1][name] = phrase
            left -= tokens
        return parts


def _phrase(text: str) -> str:
    """Return a label in the form of Grounding DINO: lower case, without `.` and `?`."""
    return " ".join(re.sub(r"[.?]", " ", text.lower()).split())

"""Pictures against texts: CLIP (Radford et al., 2021), SigLIP (Zhai et al., 2023) and SigLIP 2."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.transformers.network import Network, load_network
from visprog.values import Image

T = TypeVar("T")

Vector = NDArray[np.float32]

TEMPLATES = (
    "{}",
    "a photo of {}.",
    "a photo of a {}.",
    "a photo of the {}.",
    "a photo of a big {}.",
    "a photo of a small {}.",
    "a close photo of a {}.",
)
"""What `templates = "default"` sets a noun into. CLIP's paper (section 3.1.4) found that the mean over
several such sentences beats any single one; `big` and `small` are its own examples."""

_PARTS = ("get_text_features", "get_image_features", "logit_scale")

_BATCH = 32
_TEXTS, _IMAGES = 4096, 2048


def load_scorer(role: str, identifier: str, options: Mapping[str, Any]) -> ContrastiveScorer:
    """Load a model that embeds pictures and texts into one space.

    The option `templates` is "default" (`TEMPLATES`), "none" (the text itself), or a list of texts with {}.
    """
    del role  # it fills one alone
    templates = read_templates(options.get("templates", "default"))
    network = load_network("AutoModel", identifier, options, ("templates",))
    if not all(hasattr(network.model, part) for part in _PARTS):
        raise ModelUnavailable(
            f"{identifier} is a {network.kind} model, which does not compare pictures with texts",
            help="choose a CLIP, SigLIP or SigLIP 2 checkpoint",
        )
    return ContrastiveScorer(network, templates)


def read_templates(written: object) -> tuple[str, ...]:
    """Return the templates that the option means. Raises UsageError."""
    if written == "default":
        return TEMPLATES
    if written == "none":
        return ("{}",)
    listed = written if isinstance(written, list | tuple) else ()
    if listed and all(isinstance(template, str) and "{}" in template for template in listed):
        return tuple(listed)
    raise UsageError(
        f"the option `templates` is {written!r}",
        help='write "default", "none", or a list of texts with {} where the noun goes',
    )


class ContrastiveScorer:
    """Scores by the angle between a picture's embedding and a text's.

    A text is set into each template, and the mean of the normalised embeddings, normalised again, stands for
    it. A text that ends in a full stop is a sentence and stands for itself. The last embeddings are
    remembered, so that a text or a picture that comes again is not encoded again.
    """

    def __init__(self, network: Network, templates: Sequence[str] = TEMPLATES) -> None:
        self._network = network
        self._templates = tuple(templates)
        self._read: _Recent = _Recent(_TEXTS)
        self._seen: _Recent = _Recent(_IMAGES)
        self._scale = float(network.model.logit_scale.detach().float().exp())
        bias = getattr(network.model, "logit_bias", None)
        self._bias = float(bias.detach().float()) if bias is not None else 0.0
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return logits of shape (images, texts), on the model's own scale."""
        if not images or not texts:
            return np.zeros((len(images), len(texts)), dtype=np.float32)
        with self._network.lock:
            seen = self._seen.vectors([image.digest for image in images], images, self._see)
            read = self._read.vectors(texts, texts, self._understand)
        return np.asarray(seen @ read.T * self._scale + self._bias)

    def _see(self, images: Sequence[Image]) -> list[Vector]:
        prepare = self._network.processor
        batches = [images[start : start + _BATCH] for start in range(0, len(images), _BATCH)]
        return [
            vector
            for batch in batches
            for vector in self._embed(
                self._network.model.get_image_features,
                prepare(images=[image.to_pil() for image in batch], return_tensors="pt"),
            )
        ]

    def _understand(self, texts: Sequence[str]) -> list[Vector]:
        worded = [self._worded(text) for text in texts]
        flat = [sentence for sentences in worded for sentence in sentences]
        batches = [flat[start : start + _BATCH] for start in range(0, len(flat), _BATCH)]
        vectors = iter([vector for batch in batches for vector in self._encode(batch)])
        return [_normalised(np.mean([next(vectors) for _ in sentences], axis=0)) for sentences in worded]

    def _worded(self, text: str) -> list[str]:
        text = text.strip()
        if text.endswith("."):
            return [text]
        return [template.replace("{}", text) for template in self._templates]

    def _encode(self, sentences: Sequence[str]) -> list[Vector]:
        longest = int(self._network.model.config.text_config.max_position_embeddings)
        if "siglip" in self._network.kind:  # trained on lower-case text, padded to one length without a mask
            sentences, padding, longest = [text.lower() for text in sentences], "max_length", min(64, longest)
        else:
            padding = "longest"
        inputs = self._network.processor(
            text=list(sentences), padding=padding, max_length=longest, truncation=True, return_tensors="pt"
        )
        return self._embed(self._network.model.get_text_features, inputs)

    def _embed(self, features: Callable[..., Any], inputs: Any) -> list[Vector]:
        import torch

        with torch.inference_mode():
            output = features(**self._network.placed(inputs)).pooler_output
        return [_normalised(vector) for vector in output.float().cpu().numpy()]


class _Recent:
    """The vectors of the `capacity` keys asked for last."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._kept: OrderedDict[str, Vector] = OrderedDict()

    def vectors(
        self, keys: Sequence[str], items: Sequence[T], encode: Callable[[Sequence[T]], list[Vector]]
    ) -> Vector:
        """Return one row for each key; `encode` is given the items of those that are new, each once."""
        new = {key: item for key, item in zip(keys, items, strict=True) if key not in self._kept}
        found = {key: self._kept[key] for key in keys if key in self._kept}
        if new:
            found |= zip(new, encode(list(new.values())), strict=True)
        for key, vector in found.items():
            self._kept[key] = vector
            self._kept.move_to_end(key)
        while len(self._kept) > self._capacity:
            self._kept.popitem(last=False)
        return np.stack([found[key] for key in keys])


def _normalised(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)

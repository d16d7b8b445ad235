"""Pictures against texts: CLIP (Radford et al., 2021), SigLIP (Zhai et al., 2023) and SigLIP 2."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelUnavailable
from visprog.models.backends.transformers.network import Network, load_network
from visprog.models.encodings import Encodings
from visprog.values import Image

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
"""The sentences for a noun with `templates = "default"`. CLIP's paper (section 3.1.4) found that the mean
over
several such sentences is better than any single one; `big` and `small` are its examples."""

NAMED_TEMPLATES = {"default": TEMPLATES, "none": ("{}",)}
"""The values of the option `templates` that are names."""

_PARTS = ("get_text_features", "get_image_features", "logit_scale")

_BATCH = 32


def load_scorer(role: str, identifier: str, options: Mapping[str, Any]) -> ContrastiveScorer:
    """Load a model that embeds pictures and texts into one space.

    The option `templates` is "default" (`TEMPLATES`), "none" (the text itself), or a list of texts with {}.
    """
    del role  # it fills only one
    templates = read_templates(options.get("templates", "default"))
    network = load_network("AutoModel", identifier, options, ("templates",))
    if not all(hasattr(network.model, part) for part in _PARTS):
        raise ModelUnavailable(
            f"{identifier} is a {network.kind} model, which does not compare pictures with texts",
            help="choose a CLIP, SigLIP or SigLIP 2 checkpoint",
        )
    return ContrastiveScorer(network, templates)


def read_templates(written: str | Sequence[str]) -> tuple[str, ...]:
    """Return the templates for a value of the option `templates`."""
    if isinstance(written, str):
        return NAMED_TEMPLATES[written]
    return tuple(written)


class ContrastiveScorer:
    """Scores by the angle between a picture's embedding and a text's.

    A text is put into each template. The mean of the normalised embeddings, normalised again, represents the
    text. A text that ends in a full stop is a sentence and is used without templates. The last embeddings are
    remembered, so that repeated texts and pictures are not encoded again.
    """

    def __init__(self, network: Network, templates: Sequence[str] = TEMPLATES) -> None:
        self.network = network
        self._templates = tuple(templates)
        self.text_encodings = Encodings(self._encode_texts)
        self.image_encodings = Encodings(self._encode_images, batch_size=_BATCH)
        self._scale = float(network.model.logit_scale.detach().float().exp())
        bias = getattr(network.model, "logit_bias", None)
        self._bias = float(bias.detach().float()) if bias is not None else 0.0
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return logits of shape (images, texts), on the model's own scale."""
        [table] = self.score_batch([(images, texts)])
        return table

    def score_batch(
        self, calls: Sequence[tuple[Sequence[Image], Sequence[str]]]
    ) -> list[NDArray[np.floating]]:
        """Return the result of `score` for each call. New pictures and texts are encoded together."""
        some = [(images, texts) for images, texts in calls if images and texts]
        with self.network.lock:
            seen = self.image_encodings.of({image.digest: image for images, _ in some for image in images})
            read = self.text_encodings.of({text: text for _, texts in some for text in texts})
        return [
            self._compared([seen[image.digest] for image in images], [read[text] for text in texts])
            if images and texts
            else np.zeros((len(images), len(texts)), dtype=np.float32)
            for images, texts in calls
        ]

    def _compared(self, seen: Sequence[Vector], read: Sequence[Vector]) -> NDArray[np.floating]:
        return np.asarray(np.stack(seen) @ np.stack(read).T * self._scale + self._bias)

    def _encode_images(self, images: Sequence[Image]) -> list[Vector]:
        pictures = [image.to_pil() for image in images]
        inputs = self.network.processor(images=pictures, return_tensors="pt")
        return self._embed(self.network.model.get_image_features, inputs)

    def _encode_texts(self, texts: Sequence[str]) -> list[Vector]:
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
        longest = int(self.network.model.config.text_config.max_position_embeddings)
        if "siglip" in self.network.kind:  # trained on lower-case text, padded to one length without a mask
            sentences, padding, longest = [text.lower() for text in sentences], "max_length", min(64, longest)
        else:
            padding = "longest"
        inputs = self.network.processor(
            text=list(sentences), padding=padding, max_length=longest, truncation=True, return_tensors="pt"
        )
        return self._embed(self.network.model.get_text_features, inputs)

    def _embed(self, features: Callable[..., Any], inputs: Any) -> list[Vector]:
        import torch

        with torch.inference_mode():
            output = features(**self.network.placed(inputs)).pooler_output
        return [_normalised(vector) for vector in output.float().cpu().numpy()]


def _normalised(vector: Vector) -> Vector:
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), dtype=np.float32)

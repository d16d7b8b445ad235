"""OWL-ViT (Minderer et al., 2022) and OWLv2: one encoding of a picture serves for all labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from visprog.models.backends.transformers.boxes import Limits, regions_of
from visprog.models.backends.transformers.geometry import computing, reject_thin
from visprog.models.backends.transformers.network import Network
from visprog.models.backends.transformers.tiles import cut, joined
from visprog.models.encodings import Encodings
from visprog.values import Image, Region, Regions

_BATCH_SIZE = 16


class _Seen(NamedTuple):
    """The encoding of a picture: features of shape (places, width), and a box for each place."""

    features: Any
    boxes: Any


class OwlDetector:
    """Finds things by name, and faces by the label `face`. Safe between threads.

    With `tiles`, four overlapping parts of a picture are searched too, for small things.
    A label is put into `template`. The encodings of pictures and labels are cached, so that another label in
    the same picture is cheap, and so is the same label in another picture.
    """

    def __init__(
        self,
        network: Network,
        limits: Limits,
        *,
        template: str = "{}",
        face: str = "face",
        tiles: bool = False,
    ) -> None:
        self.network = network
        self._limits = limits
        self._template = template
        self._face = face
        self._tiles = tiles
        self.image_encodings = Encodings(self._encode_images, batch_size=_BATCH_SIZE)
        self.text_encodings = Encodings(self._encode_labels)
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def detect(self, image: Image, labels: Sequence[str]) -> Regions:
        """Return the boxes of everything that one of `labels` names, with that label, best first."""
        return self.detect_batch([(image, labels)])[0]

    def detect_batch(self, calls: Sequence[tuple[Image, Sequence[str]]]) -> list[Regions]:
        """Return the result of `detect` for each call. New pictures are encoded together."""
        if not self._tiles:
            return self._detect(calls)
        parts = {image.digest: cut(image) for image, labels in calls if labels}
        listed = [[(part, labels) for part in parts.get(image.digest, [image])] for image, labels in calls]
        found = iter(self._detect([call for several in listed for call in several]))
        return [
            joined([next(found) for _ in several], self._limits.nms) if len(several) > 1 else next(found)
            for several in listed
        ]

    def _detect(self, calls: Sequence[tuple[Image, Sequence[str]]]) -> list[Regions]:
        pictures = {image.digest: image for image, labels in calls if labels}
        for image, _ in calls:
            reject_thin(image)
        with self.network.lock:
            seen = self.image_encodings.of(pictures)
            read = self.text_encodings.of({name: name for _, labels in calls for name in labels})
            found = [
                list(self._find(seen[image.digest], {name: read[name] for name in labels}, image.size))
                if labels
                else []
                for image, labels in calls
            ]
        return [
            Regions(sorted(regions, key=lambda region: -region.score), size=image.size)
            for (image, _), regions in zip(calls, found, strict=True)
        ]

    def detect_faces(self, image: Image) -> Regions:
        """Return a box for each face, best first."""
        return self.detect(image, [self._face])

    def detect_faces_batch(self, calls: Sequence[tuple[Image]]) -> list[Regions]:
        """Return the result of `detect_faces` for each picture."""
        return self.detect_batch([(image, [self._face]) for (image,) in calls])

    def _find(self, seen: _Seen, names: dict[str, Any], size: tuple[int, int]) -> Iterator[Region]:
        import torch

        with computing(self.network):
            queries = torch.stack(list(names.values()))[None]
            logits, _ = self.network.model.class_predictor(seen.features[None], queries)
        for index, name in enumerate(names):
            column = logits[..., [index]]
            yield from regions_of(self.network, self._limits, name, column, seen.boxes[None], size)

    def _encode_images(self, images: Sequence[Image]) -> list[_Seen]:
        model, prepare = self.network.model, self.network.processor.image_processor
        inputs = prepare(images=[image.to_pil() for image in images], return_tensors="pt")
        with computing(self.network):
            grids, _ = model.image_embedder(inputs["pixel_values"].to(self.network.device))
            features = grids.flatten(1, 2)
            boxes = model.box_predictor(features, grids)
        return [_Seen(*(part.clone() for part in parts)) for parts in zip(features, boxes, strict=True)]

    def _encode_labels(self, names: Sequence[str]) -> list[Any]:
        import torch

        texts = [self._template.replace("{}", name) for name in names]
        inputs = self.network.processor(text=[texts], return_tensors="pt", truncation=True)
        with computing(self.network):
            output = self.network.model.base_model.get_text_features(**inputs.to(self.network.device))
            vectors = torch.nn.functional.normalize(output.pooler_output, dim=-1)
        return [vector.clone() for vector in vectors]

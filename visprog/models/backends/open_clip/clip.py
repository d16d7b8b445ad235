"""Models of OpenCLIP: CoCa (Yu and others, 2022), which compares and describes pictures, and CLIP."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from visprog.errors import ModelUnavailable
from visprog.libraries import needs
from visprog.models import fingerprints
from visprog.models.backends.transformers.scorer import TEMPLATES, read_templates
from visprog.models.checkpoints import find_checkpoint, loading, place
from visprog.models.encodings import Encodings
from visprog.models.locks import ModelLock
from visprog.models.profile import Spec
from visprog.values import Image

if TYPE_CHECKING:
    import torch

_SLENDER = 100
"""Maximum ratio of a picture's sides. The ends of a thinner picture are cut off; the model ignores them."""

_SHORTEST, _LONGEST = 5, 30
"""OpenCLIP's limits of a caption in tokens, including the start and end tokens."""


class OpenClip:
    """Scores how well texts describe pictures (ImageTextScorer).

    A text is put into each of `templates`, and the mean of the embeddings, normalised again, represents it. A
    text that ends in a full stop is a sentence and is used without templates. Safe between threads.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        tokenizer: Any,
        *,
        device: torch.device,
        dtype: torch.dtype,
        templates: Sequence[str] = TEMPLATES,
        fingerprint: str = "",
    ) -> None:
        from open_clip.transform import PreprocessCfg, image_transform_v2

        self.model = model.eval()
        self._tokenizer = tokenizer
        self._device = device
        self._dtype = dtype
        self._templates = tuple(templates)
        self._preprocess = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
        self.image_encodings = Encodings(self._look)
        self.text_encodings = Encodings(self._read)
        self._lock = ModelLock()
        self.fingerprint = fingerprint
        self.nbytes = sum(weight.numel() * weight.element_size() for weight in model.parameters())

    def score(self, images: Sequence[Image], texts: Sequence[str]) -> NDArray[np.floating]:
        """Return logits of shape (images, texts): cosines of the embeddings, scaled as the model learned."""
        [table] = self.score_batch([(images, texts)])
        return table

    def score_batch(
        self, calls: Sequence[tuple[Sequence[Image], Sequence[str]]]
    ) -> list[NDArray[np.floating]]:
        """Return the result of `score` for each call. New pictures and texts are embedded together."""
        some = [(images, texts) for images, texts in calls if images and texts]
        with self._lock, self._computing():
            seen = self.image_encodings.of({image.digest: image for images, _ in some for image in images})
            read = self.text_encodings.of({text: text for _, texts in some for text in texts})
        return [
            self._compared([seen[image.digest] for image in images], [read[text] for text in texts])
            if images and texts
            else np.zeros((len(images), len(texts)), dtype=np.float32)
            for images, texts in calls
        ]

    def _compared(self, seen: Sequence[torch.Tensor], read: Sequence[torch.Tensor]) -> NDArray[np.floating]:
        import torch

        with torch.inference_mode():
            logits = self.model.logit_scale.exp() * torch.stack([*seen]) @ torch.stack([*read]).T
            if getattr(self.model, "logit_bias", None) is not None:
                logits = logits + self.model.logit_bias
        return np.asarray(logits.cpu().numpy())

    @contextmanager
    def _computing(self) -> Iterator[None]:
        """Compute in the chosen precision. The weights stay in full precision, as the library requires."""
        import torch

        half = self._dtype != torch.float32
        with (
            torch.inference_mode(),
            torch.autocast(self._device.type, self._dtype if half else None, enabled=half),
        ):
            yield

    def _look(self, images: Sequence[Image]) -> list[torch.Tensor]:
        embeddings = self.model.encode_image(self._pixels(images), normalize=True).float()
        return [embedding.clone() for embedding in embeddings]

    def _read(self, texts: Sequence[str]) -> list[torch.Tensor]:
        import torch

        worded = [self._worded(text.strip()) for text in texts]
        tokens = self._tokenizer([sentence for sentences in worded for sentence in sentences])
        embeddings = self.model.encode_text(tokens.to(self._device), normalize=True).float()
        means = [part.mean(dim=0) for part in embeddings.split([len(sentences) for sentences in worded])]
        return [torch.nn.functional.normalize(mean, dim=-1) for mean in means]

    def _worded(self, text: str) -> list[str]:
        if text.endswith("."):
            return [text]
        return [template.replace("{}", text) for template in self._templates]

    def _pixels(self, images: Sequence[Image]) -> torch.Tensor:
        import torch

        pixels = torch.stack([self._preprocess(_middle(image).to_pil()) for image in images])
        return pixels.to(self._device)


class CoCa(OpenClip):
    """An OpenClip that also describes a picture in a sentence (Captioner)."""

    def __init__(
        self,
        model: torch.nn.Module,
        tokenizer: Any,
        *,
        device: torch.device,
        dtype: torch.dtype,
        templates: Sequence[str] = TEMPLATES,
        beams: int = 3,
        fingerprint: str = "",
    ) -> None:
        super().__init__(
            model, tokenizer, device=device, dtype=dtype, templates=templates, fingerprint=fingerprint
        )
        self._beams = beams

    def caption(self, image: Image) -> str:
        """Return one sentence, found by a beam search."""
        with self._lock, self._computing():
            seen = self.model(self._pixels([image]))
            tokens = self.search(seen["image_features"], seen["image_embs"])
        marks = (self._tokenizer.sot_token_id, self._tokenizer.eot_token_id)
        text: str = self._tokenizer.decode([token for token in tokens if token not in marks])
        return text.strip()

    def search(self, latent: torch.Tensor, embeddings: torch.Tensor) -> tuple[int, ...]:
        """Return the tokens of the caption with the best mean log-probability that the beam search finds.

        OpenCLIP's own generation uses parts that transformers no longer has.
        """
        live, done = [_Phrase(0.0, (self._tokenizer.sot_token_id,))], list[_Phrase]()
        longest = min(_LONGEST, self.model.context_length) - 1
        while len(done) < self._beams and len(live[0].tokens) < longest:
            live, ended = self._grown(live, self._chances(live, latent, embeddings))
            done += ended
        if len(done) < self._beams:
            done += live
        return max(done, key=lambda phrase: phrase.chance / len(phrase.tokens)).tokens

    def _chances(
        self, phrases: Sequence[_Phrase], latent: torch.Tensor, embeddings: torch.Tensor
    ) -> torch.Tensor:
        """Return the log-probabilities of the next token, shape (phrases, vocabulary)."""
        import torch

        texts = torch.tensor([phrase.tokens for phrase in phrases], device=self._device)
        logits: torch.Tensor = self.model(
            None,
            texts,
            image_latent=latent.expand(len(phrases), *latent.shape[1:]),
            image_embs=embeddings.expand(len(phrases), *embeddings.shape[1:]),
            output_labels=False,
        )["logits"][:, -1].float()
        if texts.shape[1] < _SHORTEST:
            logits[:, self._tokenizer.eot_token_id] = -torch.inf
        return logits.log_softmax(dim=-1)

    def _grown(
        self, phrases: Sequence[_Phrase], chances: torch.Tensor
    ) -> tuple[list[_Phrase], list[_Phrase]]:
        """Return the best phrases that are one token longer: the unfinished ones and the finished ones."""
        sums = chances + chances.new_tensor([[phrase.chance] for phrase in phrases])
        best, places = sums.flatten().topk(2 * self._beams)
        live, done = list[_Phrase](), list[_Phrase]()
        for rank, (chance, index) in enumerate(zip(best.tolist(), places.tolist(), strict=True)):
            before, token = divmod(index, sums.shape[1])
            phrase = _Phrase(chance, (*phrases[before].tokens, token))
            if token != self._tokenizer.eot_token_id:
                live.append(phrase)
            elif rank < self._beams:
                done.append(phrase)
        return live[: self._beams], done


class _Phrase(NamedTuple):
    """A caption, complete or not, and its log-probability."""

    chance: float
    tokens: tuple[int, ...]


def load(role: str, identifier: str, options: Mapping[str, Any]) -> OpenClip:
    """Load `ARCHITECTURE/TAG` from OpenCLIP's list, a repository of the hub, or a folder.

    The folder contains open_clip_config.json and the weights. The options are `templates` ("default", "none",
    or a list of texts with {}), and `beams`, the width of the search for a caption. Raises ModelUnavailable.
    """
    templates = read_templates(options.get("templates", "default"))
    with needs("open_clip"):
        import open_clip
    folder = find_checkpoint(repository(identifier), options.get("revision"))
    _check(folder, role)
    device, dtype = place(options)
    with loading(identifier), _root_logger_untouched():
        model = open_clip.create_model(f"local-dir:{folder}", device=device)
        tokenizer = open_clip.get_tokenizer(f"local-dir:{folder}")
    shared = {
        "device": device,
        "dtype": dtype,
        "templates": templates,
        "fingerprint": fingerprints.fingerprint(Spec("open_clip", identifier, options)),
    }
    if isinstance(model, open_clip.CoCa):
        return CoCa(model, tokenizer, beams=options.get("beams", 3), **shared)
    return OpenClip(model, tokenizer, **shared)


def repository(identifier: str) -> str:
    """Return the repository of the hub for `ARCHITECTURE/TAG`; other identifiers are returned unchanged."""
    with needs("open_clip"):
        import open_clip
    architecture, _, tag = identifier.partition("/")
    known = open_clip.get_pretrained_cfg(architecture, tag) if tag else None
    return str((known or {}).get("hf_hub", "")).strip("/") or identifier


def _check(folder: Path, role: str) -> None:
    """Raise ModelUnavailable for a folder that is incomplete or does not fit the role."""
    file = folder / "open_clip_config.json"
    if not file.is_file():
        raise ModelUnavailable(f"{folder} has no open_clip_config.json", help="give a checkpoint of OpenCLIP")
    try:
        model = json.loads(file.read_text("utf-8"))["model_cfg"]
        text = model["text_cfg"]
    except (ValueError, KeyError, TypeError) as cause:
        raise ModelUnavailable(f"{file} describes no model", help="fetch the checkpoint again") from cause
    if not any(path.suffix in (".safetensors", ".bin") for path in folder.iterdir()):
        raise ModelUnavailable(f"{folder} has no weights", help="fetch the checkpoint again")
    if "hf_model_name" in text:
        raise ModelUnavailable(
            f"the text tower of {folder} is another model, {text['hf_model_name']}, not in the folder",
            help="choose a checkpoint with OpenCLIP's own text tower, such as coca_ViT-B-32",
        )
    if role == "captioner" and ("multimodal_cfg" not in model or "hf_tokenizer_name" in text):
        raise ModelUnavailable(f"{folder} is not a CoCa: it cannot describe pictures", help="choose a CoCa")


@contextmanager
def _root_logger_untouched() -> Iterator[None]:
    """Stop OpenCLIP's log calls from configuring the root logger, which would then print everything."""
    silent = logging.NullHandler()
    logging.getLogger().addHandler(silent)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(silent)


def _middle(image: Image) -> Image:
    width, height = (min(edge, _SLENDER * min(image.size)) for edge in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))

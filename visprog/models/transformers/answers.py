"""Questions about a picture, and captions: ViLT (Kim et al., 2021), BLIP (Li et al., 2022), chat models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from visprog.errors import ModelUnavailable
from visprog.models.short_answer import short_answer
from visprog.models.transformers.network import Network, architecture_of, load_network, sees_and_writes
from visprog.models.transformers.pretrained import quiet
from visprog.models.transformers.vision_language import VisionLanguageModel, fitted, load_vision_language
from visprog.values import Image

_ANSWER_TOKENS, _CAPTION_TOKENS = 20, 50
_SIDE = 4096


def load_answers(
    role: str, identifier: str, options: Mapping[str, Any]
) -> ViltAnswers | BlipAnswers | BlipCaptions | VisionLanguageModel:
    """Load a model for visual_qa or captioner. Raises ModelUnavailable for one that cannot fill it."""
    kind, classes = architecture_of(identifier, options)
    if kind == "vilt" and role == "visual_qa":
        return ViltAnswers(load_network("ViltForQuestionAnswering", identifier, options))
    if kind == "blip" and role == "visual_qa" and "BlipForConditionalGeneration" not in classes:
        return BlipAnswers(load_network("BlipForQuestionAnswering", identifier, options))
    if kind == "blip" and role == "captioner" and "BlipForQuestionAnswering" not in classes:
        return BlipCaptions(load_network("BlipForConditionalGeneration", identifier, options))
    if kind != "blip" and sees_and_writes(kind):
        return load_vision_language(role, identifier, options)
    raise ModelUnavailable(
        f"{identifier} is a {classes[0] if classes else kind}, which does not fill the role {role}",
        help="ViLT answers questions, BLIP answers or captions as its checkpoint says, and an "
        "image-text-to-text model does both",
    )


class ViltAnswers:
    """Chooses the likeliest of the answers that the model was trained on (3,129 for VQA 2)."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def answer(self, image: Image, question: str) -> str:
        """Return the answer as the model's list has it."""
        import torch

        network = self._network
        images = network.processor.image_processor
        # Its sides become multiples of a step: one that would come to less than a step would be nothing.
        elongated = int(images.size["shortest_edge"] * 1333 / 800) // images.size_divisor - 1
        inputs = network.processor(
            images=fitted(image, _SIDE, max(elongated, 1)),
            text=question,
            truncation=True,
            max_length=network.model.config.max_position_embeddings,
            return_tensors="pt",
        )
        with network.lock, torch.inference_mode():
            logits = network.model(**network.placed(inputs)).logits
        return str(network.model.config.id2label[int(logits[0].argmax())])


class BlipAnswers:
    """Writes the answer to a question."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def answer(self, image: Image, question: str) -> str:
        """Return a short answer, by the rule of `visprog.models.short_answer`."""
        longest = self._network.model.config.text_config.max_position_embeddings
        limits = {"truncation": True, "max_length": longest}
        return short_answer(_written(self._network, image, _ANSWER_TOKENS, text=question, **limits), question)


class BlipCaptions:
    """Writes a caption."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def caption(self, image: Image) -> str:
        """Return a caption, in lower case as the model writes it."""
        return _written(self._network, image, _CAPTION_TOKENS)


def _written(network: Network, image: Image, most: int, **text: Any) -> str:
    """Return what BLIP writes about a picture: the likeliest words, at most `most` tokens."""
    import torch

    inputs = network.processor(images=image.to_pil(), return_tensors="pt", **text)
    with network.lock, quiet(), torch.inference_mode():
        tokens = network.model.generate(**network.placed(inputs), max_new_tokens=most, do_sample=False)
    return str(network.tokenizer.decode(tokens[0], skip_special_tokens=True)).strip()

"""Questions about a picture, and captions: ViLT (Kim et al., 2021), BLIP (Li et al., 2022), chat models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from visprog.errors import ModelUnavailable
from visprog.model_text import clean_reply
from visprog.models.backends.transformers.network import (
    Network,
    architecture_of,
    load_network,
    reads_pictures_and_writes,
)
from visprog.models.backends.transformers.pretrained import quiet
from visprog.models.backends.transformers.vision_language import (
    VisionLanguageModel,
    fitted,
    load_vision_language,
)
from visprog.models.encodings import Encodings
from visprog.models.short_answer import short_answer
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
    if kind != "blip" and reads_pictures_and_writes(kind):
        return load_vision_language(role, identifier, options)
    raise ModelUnavailable(
        f"{identifier} is a {classes[0] if classes else kind}, which does not fill the role {role}",
        help="ViLT answers questions, a checkpoint of BLIP either answers or captions, and an "
        "image-text-to-text model does both",
    )


class ViltAnswers:
    """Chooses the most likely of the answers that the model was trained on (3,129 for VQA 2).

    Picture and question go through all layers together, so a picture cannot be encoded once for all
    questions.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def answer(self, image: Image, question: str) -> str:
        """Return the answer from the model's list."""
        return self.answer_batch([(image, question)])[0]

    def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
        """Return the answer to each question about its picture, in one pass."""
        import torch

        network = self.network
        images = network.processor.image_processor
        # The processor rounds the sides down to multiples of a step: a side below one step would become 0.
        elongated = int(images.size["shortest_edge"] * 1333 / 800) // images.size_divisor - 1
        inputs = network.processor(
            images=[fitted(image, _SIDE, max(elongated, 1)) for image, _ in calls],
            text=[question for _, question in calls],
            padding=True,
            truncation=True,
            max_length=network.model.config.max_position_embeddings,
            return_tensors="pt",
        )
        with network.lock, torch.inference_mode():
            logits = network.model(**network.placed(inputs)).logits
        labels = network.model.config.id2label
        return [str(labels[index]) for index in logits.argmax(-1).tolist()]


class BlipAnswers:
    """Writes answers to questions. The encodings of pictures are cached for other questions."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.image_encodings = Encodings(self._encode)
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def answer(self, image: Image, question: str) -> str:
        """Return a short answer, by the rule of `visprog.models.short_answer`."""
        return self.answer_batch([(image, question)])[0]

    def answer_batch(self, calls: Sequence[tuple[Image, str]]) -> list[str]:
        """Return the answer to each question about its picture.

        New pictures are encoded together. Questions of the same length share a pass; none is padded, because
        the library's decoder would read the padding.
        """
        import torch

        network = self.network
        longest = network.model.config.text_config.max_position_embeddings
        asked = network.processor(
            text=[question for _, question in calls], truncation=True, max_length=longest
        )["input_ids"]
        by_length: dict[int, list[int]] = {}
        for index, tokens in enumerate(asked):
            by_length.setdefault(len(tokens), []).append(index)
        answers: dict[int, str] = {}
        with network.lock, quiet(), torch.inference_mode():
            seen = self.image_encodings.of({image.digest: image for image, _ in calls})
            for indices in by_length.values():
                pictures = torch.stack([seen[calls[index][0].digest] for index in indices])
                questions = torch.tensor([asked[index] for index in indices], device=network.device)
                written = network.tokenizer.batch_decode(
                    self._write(pictures, questions), skip_special_tokens=True
                )
                answers.update(zip(indices, written, strict=True))
        return [short_answer(answers[index].strip(), asked) for index, (_, asked) in enumerate(calls)]

    def _encode(self, images: Sequence[Image]) -> list[Any]:
        return [grid.clone() for grid in self.network.model.vision_model(_pixels(self.network, images))[0]]

    def _write(self, pictures: Any, questions: Any) -> Any:
        """Return the tokens of the most likely answers. The library's `generate` would not use the cache."""
        model, text = self.network.model, self.network.model.config.text_config
        understood = model.text_encoder(
            input_ids=questions, encoder_hidden_states=pictures, return_dict=False
        )[0]
        return model.text_decoder.generate(
            input_ids=questions.new_full((len(questions), 1), model.decoder_start_token_id),
            eos_token_id=text.sep_token_id,
            pad_token_id=text.pad_token_id,
            encoder_hidden_states=understood,
            encoder_attention_mask=understood.new_ones(understood.shape[:2]).long(),
            max_new_tokens=_ANSWER_TOKENS,
            do_sample=False,
        )


class BlipCaptions:
    """Writes a caption."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.fingerprint = network.fingerprint
        self.nbytes = network.nbytes

    def caption(self, image: Image) -> str:
        """Return a caption, in lower case."""
        return self.caption_batch([(image,)])[0]

    def caption_batch(self, calls: Sequence[tuple[Image]]) -> list[str]:
        """Return the caption of each picture, in one pass."""
        import torch

        network = self.network
        pixels = _pixels(network, [image for (image,) in calls])
        with network.lock, quiet(), torch.inference_mode():
            tokens = network.model.generate(
                pixel_values=pixels, max_new_tokens=_CAPTION_TOKENS, do_sample=False
            )
        captions = network.tokenizer.batch_decode(tokens, skip_special_tokens=True)
        return [clean_reply(str(caption)) for caption in captions]


def _pixels(network: Network, images: Sequence[Image]) -> Any:
    inputs = network.processor(images=[image.to_pil() for image in images], return_tensors="pt")
    return network.placed(inputs)["pixel_values"]

"""ViLT, BLIP and image-text-to-text models answer and caption as the library's own code does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from tests.models.tiny_checkpoints import answering_models, language_models
from tests.models.tiny_checkpoints.pictures import SIZES, picture
from visprog.errors import ModelFailed, ModelUnavailable, UsageError
from visprog.models.backends.transformers import BACKEND, vision_language
from visprog.models.backends.transformers.generation import Generated
from visprog.models.backends.transformers.vision_language import VisionLanguageModel, fitted
from visprog.models.roles import Message
from visprog.models.short_answer import short_answer
from visprog.models.zoo import Zoo

load = BACKEND.load

QUESTIONS = ["is there a dog?", "how many?", "what colour is the bus on the left, and why?"]
CPU = {"device": "cpu"}
SOUND_SHAPES = [name for name in SIZES if name not in ("strip", "flat")]
"""Those that ViLT's own processor can bring to its size."""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Build a checkpoint by its builder's name, once."""
    built: dict[str, Path] = {}

    def build(name: str) -> Path:
        if name not in built:
            folder = tmp_path_factory.mktemp(name)
            if name == "blip_captions":
                built[name] = answering_models.blip(folder, "BlipForConditionalGeneration")
            else:
                built[name] = getattr(answering_models, name)(folder)
        return built[name]

    return build


Checkpoint = Callable[[str], Path]


@pytest.mark.parametrize("shape", SOUND_SHAPES)
def test_vilt_chooses_the_answer_that_the_library_chooses(checkpoint: Checkpoint, shape: str) -> None:
    folder = checkpoint("vilt")
    model: Any = load("visual_qa", str(folder), CPU)
    processor = transformers.ViltProcessor.from_pretrained(folder)
    network = transformers.ViltForQuestionAnswering.from_pretrained(folder).eval()
    for question in QUESTIONS:
        inputs = processor(
            picture(shape).to_pil(), question, return_tensors="pt", truncation=True, max_length=40
        )
        with torch.no_grad():
            index = network(**inputs).logits.argmax(-1).item()
        assert model.answer(picture(shape), question) == network.config.id2label[index]


def test_vilt_s_answers_depend_on_picture_and_question(checkpoint: Checkpoint) -> None:
    model: Any = load("visual_qa", str(checkpoint("vilt")), CPU)
    assert len({model.answer(picture("landscape", seed), QUESTIONS[0]) for seed in range(12)}) > 1
    assert len({model.answer(picture("landscape"), f"{word}?") for word in "abcdefghijkl"}) > 1


@pytest.mark.parametrize("shape", ["strip", "flat"])
def test_vilt_answers_about_pictures_too_narrow_for_its_processor(checkpoint: Checkpoint, shape: str) -> None:
    model: Any = load("visual_qa", str(checkpoint("vilt")), CPU)
    assert model.answer(picture(shape), QUESTIONS[0]) in answering_models.ANSWERS


@pytest.mark.parametrize("shape", SIZES)
def test_blip_answers_as_the_library_s_documentation_does(checkpoint: Checkpoint, shape: str) -> None:
    folder = checkpoint("blip")
    model: Any = load("visual_qa", str(folder), CPU)
    processor = transformers.BlipProcessor.from_pretrained(folder)
    network = transformers.BlipForQuestionAnswering.from_pretrained(folder).eval()
    for question in QUESTIONS[:2]:
        inputs = processor(images=picture(shape).to_pil(), text=question, return_tensors="pt")
        written = network.generate(**inputs, max_new_tokens=20)
        expected = processor.decode(written[0], skip_special_tokens=True)
        assert model.answer(picture(shape), question) == short_answer(expected, question)


@pytest.mark.parametrize("shape", SIZES)
def test_blip_captions_as_the_library_s_documentation_does(checkpoint: Checkpoint, shape: str) -> None:
    folder = checkpoint("blip_captions")
    model: Any = load("captioner", str(folder), CPU)
    processor = transformers.BlipProcessor.from_pretrained(folder)
    network = transformers.BlipForConditionalGeneration.from_pretrained(folder).eval()
    written = network.generate(
        **processor(images=picture(shape).to_pil(), return_tensors="pt"), max_new_tokens=50
    )
    assert model.caption(picture(shape)) == processor.decode(written[0], skip_special_tokens=True).strip()


def of_pipeline(folder: Path, content: list[dict[str, Any]], most: int) -> str:
    pipe = transformers.pipeline("image-text-to-text", model=str(folder), device="cpu")
    [found] = pipe(
        text=[{"role": "user", "content": content}],
        return_full_text=False,
        max_new_tokens=most,
        generate_kwargs={"do_sample": False},
    )
    return str(found["generated_text"])


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("architecture", ["llava", "qwen2_vl"])
def test_a_chat_model_answers_as_the_library_s_pipeline(
    checkpoint: Checkpoint, architecture: str, shape: str
) -> None:
    folder = checkpoint(architecture)
    model: Any = load("visual_qa", str(folder), {**CPU, "side": 256})
    asked: list[Any] = [
        {"type": "image", "image": fitted(picture(shape), 256, 100)},
        {"type": "text", "text": f"{_instruction()}{QUESTIONS[0]}"},
    ]
    assert model.answer(picture(shape), QUESTIONS[0]) == short_answer(of_pipeline(folder, asked, 32))


def _instruction() -> str:
    return vision_language.SHORT_ANSWER_REQUEST


def test_a_chat_model_is_asked_for_a_short_answer(checkpoint: Checkpoint) -> None:
    assert "a single word, a number or a short phrase" in _instruction()


def test_a_chat_model_captions_in_one_line(checkpoint: Checkpoint) -> None:
    model: Any = load("captioner", str(checkpoint("llava")), CPU)
    caption = model.caption(picture("landscape"))
    assert caption
    assert len(caption.splitlines()) <= 1


def test_a_chat_model_s_answers_depend_on_the_picture(checkpoint: Checkpoint) -> None:
    model: Any = load("visual_qa", str(checkpoint("llava")), CPU)
    answers = {model.answer(picture("landscape", seed), QUESTIONS[0]) for seed in range(4)}
    assert len(answers) > 1


def test_one_chat_model_fills_three_roles_and_is_loaded_once(checkpoint: Checkpoint) -> None:
    name = f"transformers:{checkpoint('llava')}"
    zoo = Zoo(models={"visual_qa": name, "captioner": name, "language_model": name}, device="cpu")
    model = zoo.get("visual_qa")
    assert isinstance(model, VisionLanguageModel)
    assert zoo.get("captioner") is model
    assert zoo.get("language_model") is model
    assert (
        Zoo(models={"language_model": name}, device="cpu").get("language_model").__class__
        is VisionLanguageModel
    )


def test_a_chat_model_continues_a_conversation_without_a_picture(checkpoint: Checkpoint) -> None:
    folder = checkpoint("llava")
    model: Any = load("language_model", str(folder), {**CPU, "max_new_tokens": 300})
    said = model.complete([Message("user", "hi")])
    assert said.text == of_pipeline(folder, [{"type": "text", "text": "hi"}], 300).strip()
    assert said.input_tokens == len("hi") + 3


@pytest.mark.parametrize("shape", ["landscape", "strip"])
def test_a_model_without_a_chat_template_is_asked_in_plain_words(checkpoint: Checkpoint, shape: str) -> None:
    folder = checkpoint("blip2")
    model: Any = load("visual_qa", str(folder), CPU)
    processor = transformers.AutoProcessor.from_pretrained(folder)
    network = transformers.Blip2ForConditionalGeneration.from_pretrained(folder).eval()
    text = f"Question: {QUESTIONS[0]} Answer:"
    inputs = processor(images=picture(shape).to_pil(), text=text, return_tensors="pt")
    written = network.generate(**inputs, max_new_tokens=32, do_sample=False)[0][
        inputs["input_ids"].shape[1] :
    ]
    expected = short_answer(processor.decode(written, skip_special_tokens=True))
    assert model.answer(picture(shape), QUESTIONS[0]) == expected
    with pytest.raises(ModelFailed, match="has no chat template"):
        model.complete([Message("user", "hi")])


def test_a_picture_is_scaled_to_its_longer_side_and_not_cropped() -> None:
    assert fitted(picture("large"), 400, 100).size == (400, 300)
    assert fitted(picture("portrait"), 400, 100).size == (60, 90)
    narrow = fitted(picture("flat"), 400, 10)
    assert narrow.size == (200, 20)
    assert narrow.crop((0, 8, 200, 11)).tobytes() == picture("flat").to_pil().tobytes()


@pytest.mark.parametrize(
    ("name", "role"),
    [("vilt", "captioner"), ("blip", "captioner"), ("blip_captions", "visual_qa")],
)
def test_a_model_made_for_another_role_is_refused_by_name(
    checkpoint: Checkpoint, name: str, role: str
) -> None:
    with pytest.raises(ModelUnavailable, match=rf"For\w+, which does not fill the role {role}"):
        load(role, str(checkpoint(name)), CPU)


def test_a_language_model_cannot_fill_visual_qa(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="LlamaForCausalLM, which does not fill the role visual_qa"):
        load("visual_qa", str(language_models.random_causal(tmp_path)), CPU)


def test_a_checkpoint_without_all_its_weights_is_rejected(checkpoint: Checkpoint, tmp_path: Path) -> None:
    network = transformers.ViltModel.from_pretrained(checkpoint("vilt"))
    processor = transformers.ViltProcessor.from_pretrained(checkpoint("vilt"))
    language_models.save(network, processor, tmp_path)
    with pytest.raises(ModelUnavailable, match=r"lacks .* of the weights of ViltForQuestionAnswering"):
        load("visual_qa", str(tmp_path), CPU)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"side": 0}, "`side` of .* must be a number of pixels"),
        ({"max_new_tokens": "many"}, "`max_new_tokens` of .* must be a number of tokens"),
        ({"thinking": 1}, "`thinking` of .* must be true or false"),
        ({"colour": 1}, "takes no option `colour`"),
    ],
)
def test_faulty_options_are_rejected(checkpoint: Checkpoint, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        load("visual_qa", str(checkpoint("llava")), options)


def test_the_library_prints_nothing(checkpoint: Checkpoint, capfd: pytest.CaptureFixture[str]) -> None:
    folders = {name: str(checkpoint(name)) for name in ("vilt", "blip", "llava", "qwen2_vl")}
    capfd.readouterr()
    transformers.logging.enable_progress_bar()
    for folder in folders.values():
        model: Any = load("visual_qa", folder, CPU)
        model.answer(picture("landscape"), QUESTIONS[0])
    assert capfd.readouterr() == ("", "")
    assert transformers.logging.is_progress_bar_enabled()


@pytest.mark.parametrize("asked", ["answer", "caption"])
def test_a_thought_that_is_cut_off_is_an_error(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, asked: str
) -> None:
    model: Any = load("visual_qa", str(checkpoint("llava")), CPU)
    endless = Generated("<think>the dog is", 5, 32, True)
    monkeypatch.setattr(vision_language, "generate", lambda *_, **__: endless)
    question = [QUESTIONS[0]] if asked == "answer" else []
    with pytest.raises(ModelFailed, match="still thinking at its limit of 32 tokens"):
        getattr(model, asked)(picture("landscape"), *question)

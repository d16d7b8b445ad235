"""Local language models give the answers of their training, and those of the library's pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from tests.models.tiny_checkpoints import answering_models, language_models
from visprog.errors import AnswerCut, ContextTooLong, ModelFailed, ModelUnavailable, UsageError
from visprog.models.backends.transformers import BACKEND
from visprog.models.backends.transformers.chat import completion
from visprog.models.backends.transformers.generation import Generated
from visprog.models.backends.transformers.language import TransformersLanguageModel, transcript
from visprog.models.progress import listening
from visprog.models.roles import Message
from visprog.models.usage import counting
from visprog.models.zoo import Zoo

load = BACKEND.load

BRIEF = Message("system", "Be brief.")
FRUIT = Message("user", "Name a fruit.")
BIRD = Message("user", "Name a bird.")
LESSONS = {
    "<|system|>Be brief.<|end|><|user|>Name a fruit.<|end|><|assistant|>": "An apple.<|end|>",
    "<|user|>Name a bird.<|end|><|assistant|>": "<think>Hm.</think>A robin.<|end|>",
}
PLAIN = {"Be brief.\n\nUser: Name a fruit.\n\nAssistant:": " An apple.\nUser: Name a bird.\n\nAssistant:"}


@pytest.fixture(scope="module")
def chat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return language_models.taught(LESSONS, tmp_path_factory.mktemp("chat"))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return language_models.taught(PLAIN, tmp_path_factory.mktemp("base"), template=None, context=128)


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return language_models.taught_t5({"a fruit": "plum", "a bird": "wren"}, tmp_path_factory.mktemp("t5"))


def language_model(folder: Path, **options: Any) -> TransformersLanguageModel:
    model = load("language_model", str(folder), {"device": "cpu", **options})
    assert isinstance(model, TransformersLanguageModel)
    return model


def test_a_chat_model_gives_the_answer_that_it_was_trained_for(chat: Path) -> None:
    said = language_model(chat).complete([BRIEF, FRUIT])
    assert said.text == "An apple."
    assert said.model == str(chat)


def test_half_precision_gives_the_same_answer(chat: Path, t5: Path) -> None:
    assert language_model(chat, dtype="bfloat16").complete([BRIEF, FRUIT]).text == "An apple."
    assert language_model(t5, dtype="bfloat16").complete([Message("user", "a bird")]).text == "wren"


def test_the_tokens_of_the_template_are_counted(chat: Path) -> None:
    with counting() as usage:
        said = language_model(chat).complete([BRIEF, FRUIT])
    assert said.input_tokens == len("Be brief." + "Name a fruit.") + 5
    assert said.output_tokens == len("An apple.") + 1
    assert usage.tokens == (said.input_tokens, said.output_tokens)


def test_thoughts_are_removed(chat: Path) -> None:
    assert language_model(chat).complete([BIRD]).text == "A robin."


def test_an_answer_with_only_thoughts_is_an_error() -> None:
    for text in ("<think>Hm, a", "[THINK]Hm, a", "◁think▷Hm, a"):
        with pytest.raises(ModelFailed, match="the answer of tiny was cut at its limit of 32 tokens"):
            completion(Generated(text, 5, 32, False), "tiny")


def test_the_answer_is_the_library_s_pipeline_s(chat: Path) -> None:
    pipe = transformers.pipeline("text-generation", model=str(chat), device="cpu")
    turns = [{"role": turn.role, "content": turn.content} for turn in (BRIEF, FRUIT)]
    [found] = pipe(turns, max_new_tokens=40, do_sample=False)
    assert language_model(chat).complete([BRIEF, FRUIT]).text == found["generated_text"][-1]["content"]


def test_a_base_model_reads_a_transcript_and_stops_before_the_next_turn(base: Path) -> None:
    said = language_model(base).complete([BRIEF, FRUIT])
    assert said.text == "An apple."
    assert said.output_tokens is not None
    assert said.output_tokens < len(" An apple.\nUser: Name a bird.")


def test_a_transcript_names_the_speakers() -> None:
    turns = [BRIEF, FRUIT, Message("assistant", "An apple."), BIRD]
    assert transcript(turns) == (
        "Be brief.\n\nUser: Name a fruit.\n\nAssistant: An apple.\n\nUser: Name a bird.\n\nAssistant:"
    )
    assert transcript([FRUIT]) == "Name a fruit."


def test_t5_turns_one_text_into_another(t5: Path) -> None:
    model = language_model(t5)
    assert [model.complete([Message("user", text)]).text for text in ("a fruit", "a bird")] == [
        "plum",
        "wren",
    ]
    network = transformers.T5ForConditionalGeneration.from_pretrained(t5).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(t5)
    [written] = network.generate(
        **tokenizer("a fish", return_tensors="pt"), max_new_tokens=300, do_sample=False
    )
    expected = tokenizer.decode(written, skip_special_tokens=True).strip()
    assert language_model(t5, max_new_tokens=300).complete([Message("user", "a fish")]).text == expected


def test_t5_has_no_longest_prompt(t5: Path) -> None:
    model = language_model(t5, max_new_tokens=400)
    try:
        said = model.complete([Message("user", "a bird " * 200)]).input_tokens
    except ModelFailed as fault:
        assert "was cut at its limit of 400 tokens" in fault.message  # it was read; the answer had no end
    else:
        assert said == 1400


def test_a_prompt_longer_than_the_context_is_an_error_and_nothing_is_cut_off(base: Path) -> None:
    with pytest.raises(
        ContextTooLong, match="the prompt has 200 tokens, which do not fit into the context"
    ) as caught:
        language_model(base).complete([Message("user", "x" * 200)])
    assert "longer context" in (caught.value.help or "")


def test_the_context_can_be_made_smaller(chat: Path) -> None:
    with pytest.raises(ContextTooLong, match="do not fit into the context"):
        language_model(chat, context=20).complete([BRIEF, FRUIT])


def test_an_answer_cut_at_its_limit_is_an_error(chat: Path) -> None:
    with pytest.raises(AnswerCut, match="was cut at its limit of 4 tokens") as caught:
        language_model(chat, max_new_tokens=4).complete([BRIEF, FRUIT])
    assert caught.value.text == "An a"
    assert "max_new_tokens" in (caught.value.help or "")


def test_an_answer_ends_as_soon_as_it_is_done(chat: Path) -> None:
    model = language_model(chat)
    said = model.complete_until([BRIEF, FRUIT], lambda text: text.endswith("app"), max_tokens=100)
    assert said.text == "An app"
    assert said.output_tokens == len("An app")
    assert model.complete_until([BRIEF, FRUIT], lambda _: False, max_tokens=100).text == "An apple."


@pytest.mark.parametrize(("options", "limit"), [({}, 5), ({"max_new_tokens": 3}, 3)])
def test_the_lower_of_two_limits_applies(chat: Path, options: Mapping[str, Any], limit: int) -> None:
    with pytest.raises(AnswerCut, match=f"limit of {limit} tokens") as caught:
        language_model(chat, **options).complete_until([BRIEF, FRUIT], lambda _: False, max_tokens=5)
    assert caught.value.text == "An apple."[:limit].strip()


def test_a_model_that_thinks_first_has_its_own_limit(chat: Path) -> None:
    model = language_model(chat, thinking=True)
    assert model.complete_until([BRIEF, FRUIT], lambda _: False, max_tokens=5).text == "An apple."


def test_progress_is_reported_token_by_token(chat: Path) -> None:
    heard: list[tuple[int, int]] = []
    with listening(lambda done, total: heard.append((done, total))):
        language_model(chat, max_new_tokens=50).complete([BRIEF, FRUIT])
    assert heard == [(number, 50) for number in range(1, len("An apple.") + 2)]


def test_an_answer_of_exactly_the_limit_is_complete(chat: Path) -> None:
    whole = len("An apple.") + 1
    assert language_model(chat, max_new_tokens=whole).complete([BRIEF, FRUIT]).text == "An apple."


def test_an_answer_fits_into_the_rest_of_the_context(base: Path) -> None:
    prompt = "User: " + "q" * 100
    with pytest.raises(ModelFailed, match=rf"cut at its limit of {128 - len(prompt)} tokens"):
        language_model(base).complete([Message("user", prompt)])


def drawn(model: TransformersLanguageModel, temperature: float | None) -> str:
    try:
        return model.complete([Message("user", "Name")], temperature=temperature).text
    except ModelFailed as fault:
        return fault.message


def test_only_a_positive_temperature_samples(chat: Path, base: Path) -> None:
    model = language_model(chat)
    torch.manual_seed(0)
    assert len({drawn(model, 5.0) for _ in range(4)}) == 4
    assert {drawn(model, None), drawn(model, 0.0), drawn(model, None)} == {drawn(model, None)}
    assert model.complete([BRIEF, FRUIT], temperature=None).text == "An apple."


def test_sampling_settings_of_the_checkpoint_do_not_make_it_random(chat: Path, tmp_path: Path) -> None:
    network = transformers.AutoModelForCausalLM.from_pretrained(chat)
    network.generation_config.update(do_sample=True, temperature=5.0, top_p=0.9, top_k=20)
    language_models.save(network, transformers.AutoTokenizer.from_pretrained(chat), tmp_path)
    model = language_model(tmp_path)
    assert {model.complete([BRIEF, FRUIT]).text for _ in range(3)} == {"An apple."}


def test_a_template_without_system_turns_gets_the_text_with_the_first_question(tmp_path: Path) -> None:
    refusing = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no system turns') }}{% endif %}"
    lesson = {"<|user|>Be brief.\n\nName a fruit.<|end|><|assistant|>": "A fig.<|end|>"}
    language_models.taught(lesson, tmp_path, template=refusing + language_models.TEMPLATE)
    assert language_model(tmp_path).complete([BRIEF, FRUIT]).text == "A fig."


def test_threads_can_share_a_model(chat: Path) -> None:
    model = language_model(chat)
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda turns: model.complete(turns).text, [[BRIEF, FRUIT], [BIRD]] * 4)
        assert list(found) == ["An apple.", "A robin."] * 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"max_new_tokens": 0}, "`max_new_tokens` of .* must be a number of tokens"),
        ({"context": True}, "`context` of .* must be a number of tokens"),
        ({"thinking": "no"}, "`thinking` of .* must be true or false"),
        ({"beams": 3}, "takes no option `beams`"),
    ],
)
def test_faulty_options_are_rejected(chat: Path, options: Mapping[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        language_model(chat, **options)


def test_a_model_that_writes_no_text_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be loaded"):
        language_model(answering_models.vilt(tmp_path))


def test_a_missing_checkpoint_is_reported_with_the_command_that_fetches_it() -> None:
    with pytest.raises(ModelUnavailable, match="not downloaded completely") as caught:
        Zoo(models={"language_model": "transformers:someone/nothing"}).get("language_model")
    assert "visprog models pull someone/nothing" in (caught.value.help or "")


def test_the_library_prints_nothing(chat: Path, capfd: pytest.CaptureFixture[str]) -> None:
    language_model(chat).complete([BRIEF, FRUIT], temperature=0.01)
    assert capfd.readouterr() == ("", "")

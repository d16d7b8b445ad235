"""The API's models against a real server: `transformers serve` with tiny models that say known words."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from visprog import Image, VisProg
from visprog.errors import ModelFailed, ModelRefused
from visprog.models.backends.openai.language import OpenAILanguageModel
from visprog.models.backends.openai.service import Service
from visprog.models.backends.openai.vision import OpenAIVision
from visprog.models.roles import Completion, Message

pytest.importorskip("torch", reason="the server runs on torch")
pytest.importorskip("transformers", reason="the server is a part of transformers")
pytest.importorskip("fastapi", reason="the server needs `pip install 'transformers[serving]'`")
pytest.importorskip("uvicorn", reason="the server needs `pip install 'transformers[serving]'`")

CHAIN = ["<assistant>", "sloop", "ketch", "yawl", "<end>"]
"""After each of these words the models say the next one."""
WORDS = ["<unknown>", "<image>", "<user>", "<system>", "how", "many", "boats", *CHAIN]
TEMPLATE = (
    "{% for message in messages %}<{{ message['role'] }}> "
    "{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for part in message['content'] %}"
    "{{ '<image>' if part['type'] == 'image' else part['text'] }} {% endfor %}"
    "{% endif %} {% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)
HOW_MANY = [Message("user", "how many boats")]


def tokenizer_of_words() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: n for n, word in enumerate(WORDS)}, unk_token="<unknown>"))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        unk_token="<unknown>",
        eos_token="<end>",
        pad_token="<end>",
        additional_special_tokens=["<image>"],
        chat_template=TEMPLATE,
    )


def language_config() -> Any:
    from transformers import LlamaConfig

    end = WORDS.index("<end>")
    return LlamaConfig(
        vocab_size=len(WORDS),
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
        bos_token_id=end,
        eos_token_id=end,
        pad_token_id=end,
    )


def teach(model: Any) -> None:
    """Let the layers return their input, and the head predict the successor of each word."""
    import torch

    with torch.no_grad():
        for weights in model.parameters():
            weights.zero_()
        for name, weights in model.named_parameters():
            if name.endswith("language_model.norm.weight") or name == "model.norm.weight":
                weights.fill_(1.0)
        model.get_input_embeddings().weight.copy_(torch.eye(len(WORDS), 16))
        for before, after in pairwise(CHAIN):
            model.get_output_embeddings().weight[WORDS.index(after), WORDS.index(before)] = 1.0
    model.generation_config.do_sample = False
    model.generation_config.eos_token_id = WORDS.index("<end>")


def save_speaker(folder: Path) -> None:
    """Save a language model."""
    from transformers import LlamaForCausalLM

    model = LlamaForCausalLM(language_config())
    teach(model)
    model.save_pretrained(folder)
    tokenizer_of_words().save_pretrained(folder)


def save_seer(folder: Path) -> None:
    """Save a model that is shown pictures too."""
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    sight = CLIPVisionConfig(
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=16,
        patch_size=8,
    )
    config = LlavaConfig(
        vision_config=sight,
        text_config=language_config(),
        image_token_index=WORDS.index("<image>"),
        image_seq_length=4,
    )
    model = LlavaForConditionalGeneration(config)
    teach(model)
    model.save_pretrained(folder)
    LlavaProcessor(
        CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16}),
        tokenizer_of_words(),
        patch_size=8,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=TEMPLATE,
    ).save_pretrained(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    for _ in range(1200):
        if process.poll() is not None:
            break
        try:
            with direct.open(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text('utf-8', 'replace')[-3000:]}")


class Served(NamedTuple):
    """The base URL of a running server, and the names of its models."""

    url: str
    speaker: str
    seer: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    save_speaker(folder / "speaker")
    save_seer(folder / "seer")
    port, log = free_port(), folder / "log.txt"
    command = [sys.executable, "-c", "from transformers.cli.transformers import app; app()", "serve"]
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    settings = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            command + options, env={**os.environ, **settings}, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            wait_for(f"http://127.0.0.1:{port}", process, log)
            yield Served(f"http://127.0.0.1:{port}/v1", str(folder / "speaker"), str(folder / "seer"))
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@pytest.fixture(autouse=True)
def _settings(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("OPENAI_BASE_URL", served.url)
    monkeypatch.setenv("OPENAI_MODEL", served.speaker)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def test_an_address_in_the_environment_is_enough(served: Served) -> None:
    answer = OpenAILanguageModel().complete(HOW_MANY)
    assert Completion("sloop ketch yawl", answer.model, 5, 4) == answer
    assert served.speaker in answer.model


def test_a_temperature_of_zero_is_accepted() -> None:
    assert OpenAILanguageModel().complete(HOW_MANY, temperature=0.0).text == "sloop ketch yawl"


def test_a_program_lists_what_the_model_knows_and_records_the_tokens() -> None:
    run = VisProg(models={"language_model": "openai:"}).execute("RESULT=List(query='boats', max=3)")
    assert run.result == ["sloop ketch yawl"]
    assert run.steps[0].tokens.output_tokens == 4
    assert run.steps[0].tokens.input_tokens > 5


def test_a_model_that_sees_pictures_answers_a_question_about_one(served: Served) -> None:
    picture = Image(np.full((40, 300, 3), 90, dtype=np.uint8))
    model = {"model": f"openai:{served.seer}", "deadline": 30}
    run = VisProg(models={"visual_qa": model}).execute(
        "RESULT=Vqa(image=IMAGE, question='how many')", picture
    )
    assert run.result == "sloop ketch yawl"
    assert run.steps[0].tokens.output_tokens == 4


def test_a_model_without_schemas_is_an_error_after_two_attempts(served: Served) -> None:
    with pytest.raises(ModelFailed, match="a wrong answer twice: it contains no JSON object"):
        OpenAIVision(served.seer).detect(Image(np.zeros((30, 30, 3), dtype=np.uint8)), ["boat"])


def test_a_model_that_the_server_does_not_have_is_an_error() -> None:
    with pytest.raises((ModelRefused, ModelFailed), match="HTTP"):
        OpenAILanguageModel("nobody/nothing", service=Service(deadline=2)).complete(HOW_MANY)


def test_an_unreachable_address_is_named_in_the_error() -> None:
    service = Service(base_url=f"http://127.0.0.1:{free_port()}/v1", deadline=0.5)
    with pytest.raises(ModelFailed, match="connection to http://127"):
        OpenAILanguageModel(service=service).complete(HOW_MANY)
    service.close()

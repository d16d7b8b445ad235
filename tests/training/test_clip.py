"""What CLIP is taught: parts of pictures and what they are called."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch

from training import clip
from training.loop import Schedule, fit
from training.pictures import Pictures
from visprog.miniworld.catalogue import STUFF
from visprog.miniworld.scene import generator


@pytest.fixture(scope="module")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Pictures:
    return Pictures(tmp_path_factory.mktemp("pool"), "train", 24)


def test_a_batch_has_things_stuff_and_whole_pictures(pool: Pictures) -> None:
    samples = clip.batch(pool, generator(0, "train", "test"))
    assert {sample.pixels.shape for sample in samples} == {(96, 96, 3)}
    assert all(sample.name in sample.true for sample in samples)
    assert any(sample.name in STUFF for sample in samples)
    assert any(" to the left of " in sample.text or " and " in sample.text for sample in samples)
    assert sum(sample.text.startswith("a photo of") for sample in samples) > 20


def test_what_is_true_of_a_picture_is_never_held_against_it(pool: Pictures) -> None:
    """With the same texts for all, nothing can be told apart: a loss that counted them would not be zero."""
    model, tokenizer = clip.build()
    one = next(
        sample for sample in clip.batch(pool, generator(0, "train", "test")) if sample.name not in STUFF
    )
    assert clip.contrast(model, tokenizer, [one, one, one]).item() == pytest.approx(0, abs=1e-6)
    other = one._replace(name="unheard of", true=("unheard of",))
    assert clip.contrast(model, tokenizer, [one, other]).item() > 0.1


def test_the_tokenizer_knows_the_worlds_words_whole() -> None:
    _, tokenizer = clip.build()
    assert len(tokenizer.tokenize("a photo of two police officers above a wooden floor")) == 10
    assert (
        tokenizer.decode(tokenizer("Żebra 7!")["input_ids"], skip_special_tokens=True).strip() == "żebra 7 !"
    )


def test_training_lowers_the_loss(pool: Pictures, tmp_path: Path) -> None:
    model, tokenizer = clip.build()
    samples = clip.batch(pool, generator(1, "train", "test"))[::12]
    losses: list[float] = []

    def loss(network: torch.nn.Module, step: int) -> torch.Tensor:
        value = clip.contrast(network, tokenizer, samples)
        losses.append(value.item())
        return value

    fit(model, loss, Schedule(steps=25, rate=1e-3), tmp_path)
    assert losses[-1] < 0.6 * losses[0]

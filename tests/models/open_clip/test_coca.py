"""The models give the results of OpenCLIP, used as in its documentation, on the same tiny checkpoints."""

from __future__ import annotations

import json
import logging
import shutil
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visprog.errors import ModelUnavailable, UsageError
from visprog.extras import install_extra
from visprog.models.backends.open_clip import BACKEND
from visprog.models.backends.open_clip.clip import CoCa, OpenClip, repository
from visprog.models.zoo import Zoo
from visprog.values import Image

torch = pytest.importorskip("torch")
open_clip = pytest.importorskip("open_clip")

from tests.models.open_clip.tiny_coca import CLIP, COCA, build, save  # noqa: E402

load: Callable[..., Any] = BACKEND.load

TEXTS = ["a red boat", "two dogs", "green grass", "People at a table."]
SIZES = [(80, 50), (40, 90), (32, 32), (1, 1), (3, 200), (1600, 900)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("open_clip")
    return {
        "coca": save(build(COCA), COCA, root / "coca"),
        "clip": save(build(CLIP), CLIP, root / "clip"),
    }


def loaded(folder: Path, **options: Any) -> CoCa:
    model = load("captioner", str(folder), options)
    assert isinstance(model, CoCa)
    return model


@pytest.fixture(scope="module")
def coca(folders: dict[str, Path]) -> CoCa:
    return loaded(folders["coca"])


def noise(width: int, height: int) -> Image:
    return Image(np.random.default_rng(width).integers(0, 256, (height, width, 3), dtype=np.uint8))


def reference(folder: Path) -> tuple[Any, Any, Any]:
    """Return OpenCLIP's model, preprocessing and tokenizer."""
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    return model.eval(), preprocess, open_clip.get_tokenizer(f"local-dir:{folder}")


@pytest.mark.parametrize("kind", ["coca", "clip"])
@pytest.mark.parametrize("size", SIZES)
def test_scores_are_those_of_the_library(folders: dict[str, Path], kind: str, size: tuple[int, int]) -> None:
    image = noise(*size)
    model, preprocess, tokenizer = reference(folders[kind])
    with torch.no_grad():
        seen = model.encode_image(preprocess(image.to_pil())[None], normalize=True)
        read = model.encode_text(tokenizer(TEXTS), normalize=True)
        expected = (model.logit_scale.exp() * seen @ read.T).numpy()
    found = load("image_text_scorer", str(folders[kind]), {"templates": "none"}).score([image], TEXTS)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.ptp(expected) > 0.01


def test_templates_are_averaged_as_clips_paper_does(folders: dict[str, Path]) -> None:
    image, templates = noise(64, 48), ["a photo of {}.", "{}", "a drawing of a {}."]
    model, preprocess, tokenizer = reference(folders["coca"])
    with torch.no_grad():
        seen = model.encode_image(preprocess(image.to_pil())[None], normalize=True)
        rows = []
        for text in TEXTS[:3]:
            sentences = [template.replace("{}", text) for template in templates]
            mean = model.encode_text(tokenizer(sentences), normalize=True).mean(dim=0)
            rows.append(mean / mean.norm())
        expected = (model.logit_scale.exp() * seen @ torch.stack(rows).T).numpy()
    found = loaded(folders["coca"], templates=templates).score([image], TEXTS[:3])
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_batch_has_the_scores_of_single_pictures(folders: dict[str, Path], coca: CoCa) -> None:
    pictures = [noise(*size) for size in SIZES] * 7
    alone = np.concatenate([loaded(folders["coca"]).score([picture], TEXTS) for picture in pictures[:6]] * 7)
    np.testing.assert_allclose(coca.score(pictures, TEXTS), alone, atol=1e-4)
    by_text = np.concatenate([coca.score(pictures, [text]) for text in TEXTS], axis=1)
    np.testing.assert_allclose(by_text, alone, atol=1e-4)


def test_no_pictures_or_texts_give_an_empty_table(coca: CoCa) -> None:
    assert coca.score([], TEXTS).shape == (0, 4)
    assert coca.score([noise(10, 10)], []).shape == (1, 0)


def test_a_picture_and_a_text_are_embedded_once(folders: dict[str, Path]) -> None:
    model = loaded(folders["coca"])
    shapes: list[tuple[str, int]] = []
    model.model.visual.register_forward_hook(lambda _, given, __: shapes.append(("image", len(given[0]))))
    model.model.text.register_forward_hook(lambda _, given, __: shapes.append(("text", len(given[0]))))
    first, second = noise(20, 30), noise(30, 20)
    table = model.score([first, second, first], TEXTS[3:] * 2)
    assert shapes == [("image", 2), ("text", 1)]
    assert np.array_equal(table[0], table[2])
    model.score([second], TEXTS[3:])
    assert len(shapes) == 2


def test_the_caches_of_pictures_and_texts_are_bounded(folders: dict[str, Path]) -> None:
    model = loaded(folders["coca"])
    model.score([noise(9, 9)], ["a cat"])
    model.image_encodings.capacity = 2 * model.image_encodings.nbytes
    model.text_encodings.capacity = 3 * model.text_encodings.nbytes
    pictures = [noise(width, 9) for width in range(9, 14)]
    expected = model.score(pictures, TEXTS)
    assert (len(model.image_encodings), len(model.text_encodings)) == (2, 3)
    np.testing.assert_allclose(model.score(pictures[::-1], TEXTS), expected[::-1], atol=1e-4)


@pytest.fixture
def own_generation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let OpenCLIP generate with the parts that transformers still has, which excludes its beam search."""
    import transformers
    from open_clip import coca_model

    for name in (
        "LogitsProcessorList", "TopKLogitsWarper", "RepetitionPenaltyLogitsProcessor",
        "MinLengthLogitsProcessor", "MaxLengthCriteria", "StoppingCriteriaList",
    ):  # fmt: skip
        monkeypatch.setattr(coca_model, name, getattr(transformers, name), raising=False)
    monkeypatch.setattr(coca_model, "_has_transformers", True)
    monkeypatch.setitem(coca_model.GENERATION_TYPES, "top_k", transformers.TopKLogitsWarper)


@pytest.mark.usefixtures("own_generation")
@pytest.mark.parametrize("size", SIZES)
def test_with_one_beam_the_caption_is_the_librarys_own(
    folders: dict[str, Path], size: tuple[int, int]
) -> None:
    image = noise(*size)
    model, preprocess, _ = reference(folders["coca"])
    pixels = preprocess(image.to_pil())[None]
    tokens = model.generate(pixels, generation_type="top_k", top_k=1)[0]
    text = open_clip.decode(tokens).split("<end_of_text>")[0].replace("<start_of_text>", "")
    assert loaded(folders["coca"], beams=1).caption(image) == text.strip()
    assert len(text) > 10


def likelihood(model: Any, pixels: Any, words: tuple[int, ...]) -> float:
    """Return the mean log-probability of a caption's tokens."""
    with torch.no_grad():
        out = model(pixels, torch.tensor([words]), output_labels=True)
        chances = out["logits"].log_softmax(dim=-1)[0].gather(1, out["labels"][0][:, None])
    return float(chances.sum()) / len(words)


def test_more_beams_find_a_likelier_caption(folders: dict[str, Path]) -> None:
    model, preprocess, _ = reference(folders["coca"])
    captioners = [loaded(folders["coca"], beams=beams) for beams in (1, 6)]
    better = 0
    for width in range(20, 26):
        pixels = preprocess(noise(width, 30).to_pil())[None]
        scores = []
        for captioner in captioners:
            with torch.no_grad():
                seen = captioner.model(pixels)
                words = captioner.search(seen["image_features"], seen["image_embs"])
            assert words[0] == 49406
            assert 5 < len(words) <= 30
            scores.append(likelihood(model, pixels, words))
        better += scores[1] > scores[0]
    assert better >= 4


def test_a_caption_ends_at_the_end_token(folders: dict[str, Path], tmp_path: Path) -> None:
    """The decoder is changed so that it prefers the end token from the sixth token on."""
    model = loaded(folders["coca"])
    decoder = model.model.text_decoder.forward
    letters = [open_clip.SimpleTokenizer().encode(word)[0] for word in "a cat on the mat asleep".split()]

    def telling(image_embs: Any, text_embs: Any) -> Any:
        logits = torch.zeros_like(decoder(image_embs, text_embs))
        for place in range(logits.shape[1]):
            logits[:, place, letters[place] if place < 6 else 49407] = 50.0
        return logits

    model.model.text_decoder.forward = telling
    assert model.caption(noise(30, 30)) == "a cat on the mat asleep"


def test_threads_can_share_a_model(coca: CoCa) -> None:
    pictures = [noise(20, 30), noise(31, 20)] * 2
    alone = [(coca.caption(picture), coca.score([picture], TEXTS).tolist()) for picture in pictures]
    barrier = threading.Barrier(4)

    def together(picture: Image) -> tuple[str, Any]:
        barrier.wait()
        return coca.caption(picture), coca.score([picture], TEXTS).tolist()

    with ThreadPoolExecutor(4) as pool:
        assert alone == list(pool.map(together, pictures))


def test_only_the_middle_of_a_very_thin_picture_is_used(coca: CoCa) -> None:
    thin = noise(100_000, 2)
    middle = thin.crop((49_900, 0, 50_100, 2))
    np.testing.assert_allclose(coca.score([thin], TEXTS), coca.score([middle], TEXTS), atol=1e-4)


def test_both_roles_share_one_model_in_a_zoo(folders: dict[str, Path]) -> None:
    named = {"model": f"open_clip:{folders['coca']}", "beams": 2}
    zoo = Zoo(models={"captioner": named, "image_text_scorer": named})
    found = zoo.get("image_text_scorer")
    assert found is zoo.get("captioner")
    assert isinstance(found, CoCa)
    assert found.fingerprint == zoo.fingerprint("captioner")
    assert found.nbytes == sum(weight.nbytes for weight in build(COCA).parameters())


def test_half_precision_changes_little(folders: dict[str, Path], coca: CoCa) -> None:
    half = loaded(folders["coca"], dtype="bfloat16")
    picture = noise(50, 40)
    np.testing.assert_allclose(half.score([picture], TEXTS), coca.score([picture], TEXTS), atol=0.5)
    assert half.caption(picture)


def test_loading_prints_nothing_and_does_not_configure_the_root_logger(
    folders: dict[str, Path], capfd: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    handlers, kept = list(root.handlers), root.handlers
    root.handlers = []
    try:
        loaded(folders["coca"]).caption(noise(20, 20))
        assert not root.handlers
    finally:
        root.handlers = kept
    assert list(root.handlers) == handlers
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("coca_ViT-B-32/laion2b_s13b_b90k", "laion/CoCa-ViT-B-32-laion2B-s13B-b90k"),
        ("coca_ViT-L-14/laion2b_s13b_b90k", "laion/CoCa-ViT-L-14-laion2B-s13B-b90k"),
        ("laion/CoCa-ViT-B-32-laion2B-s13B-b90k", "laion/CoCa-ViT-B-32-laion2B-s13B-b90k"),
        ("/a/folder", "/a/folder"),
    ],
)
def test_the_librarys_names_are_mapped_to_repositories(identifier: str, expected: str) -> None:
    assert repository(identifier) == expected


def test_missing_weights_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ModelUnavailable, match="laion/CoCa-ViT-B-32-laion2B-s13B-b90k"):
        load("captioner", "coca_ViT-B-32/laion2b_s13b_b90k", {})


def test_a_clip_cannot_fill_the_captioner(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelUnavailable, match="is not a CoCa"):
        load("captioner", str(folders["clip"]), {})
    assert not isinstance(load("image_text_scorer", str(folders["clip"]), {}), CoCa)
    assert isinstance(load("image_text_scorer", str(folders["clip"]), {}), OpenClip)


def test_a_text_tower_of_another_model_is_rejected_without_the_network(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    folder = tmp_path / "roberta"
    shutil.copytree(folders["coca"], folder)
    content = {"model_cfg": {**COCA, "text_cfg": {"hf_model_name": "roberta-base"}}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    with pytest.raises(ModelUnavailable, match="roberta-base"):
        load("image_text_scorer", str(folder), {})


@pytest.mark.parametrize("damage", ["no config", "no weights", "no json", "other weights", "cut weights"])
def test_a_damaged_checkpoint_is_reported(folders: dict[str, Path], tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(folders["coca"], folder)
    config, weights = folder / "open_clip_config.json", folder / "open_clip_model.safetensors"
    if damage == "no config":
        config.unlink()
    elif damage == "no weights":
        weights.unlink()
    elif damage == "no json":
        config.write_text("{")
    elif damage == "other weights":
        shutil.copy(folders["clip"] / weights.name, weights)
    else:
        weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelUnavailable):
        load("captioner", str(folder), {})


def test_a_missing_package_is_reported_with_the_command_that_installs_it(
    folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "open_clip", None)
    with pytest.raises(ModelUnavailable, match="open_clip is not installed") as caught:
        load("captioner", str(folders["coca"]), {})
    assert install_extra("open-clip") in str(caught.value.help)


@pytest.mark.parametrize("options", [{"beam": 2}, {"beams": 0}, {"beams": 2.0}, {"templates": "no braces"}])
def test_wrong_options_are_rejected(folders: dict[str, Path], options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        load("captioner", str(folders["coca"]), options)


def test_another_role_is_rejected(folders: dict[str, Path]) -> None:
    with pytest.raises(ModelUnavailable, match="does not fill the role detector"):
        load("detector", str(folders["coca"]), {})

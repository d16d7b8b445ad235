"""CLIP and SigLIP score as the library does, and encode each picture and text once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from tests.models.tiny_checkpoints import answering_models, contrastive_models
from tests.models.tiny_checkpoints.pictures import SIZES, picture
from visprog.errors import ModelUnavailable, UsageError
from visprog.models.backends.transformers import BACKEND
from visprog.models.backends.transformers.scorer import TEMPLATES, ContrastiveScorer
from visprog.models.encodings import Encodings
from visprog.models.zoo import Zoo

load = BACKEND.load

TEXTS = ["cat", "red dog", "a very long description of the sea and of all that swims in it"]
BUILDERS: dict[str, Callable[[Path], Path]] = {
    "clip": contrastive_models.clip,
    "siglip": contrastive_models.siglip,
    "siglip2": contrastive_models.siglip2,
}


@pytest.fixture(scope="module", params=list(BUILDERS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return BUILDERS[request.param](tmp_path_factory.mktemp(request.param))


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return contrastive_models.clip(tmp_path_factory.mktemp("clip"))


def scorer(folder: Path, **options: Any) -> ContrastiveScorer:
    model = load("image_text_scorer", str(folder), {"device": "cpu", **options})
    assert isinstance(model, ContrastiveScorer)
    return model


def reference(folder: Path, images: list[Any], texts: list[str]) -> Any:
    """Return `logits_per_image` as in the library's documentation."""
    model = transformers.AutoModel.from_pretrained(folder).eval()
    processor = transformers.AutoProcessor.from_pretrained(folder)
    siglip = "siglip" in model.config.model_type
    padding = {"padding": "max_length", "max_length": 64} if siglip else {"padding": True}
    inputs = processor(
        text=texts,
        images=[image.to_pil() for image in images],
        return_tensors="pt",
        truncation=True,
        **padding,
    )
    with torch.no_grad():
        return model(**inputs).logits_per_image.numpy()


@pytest.mark.parametrize("shape", SIZES)
def test_logits_are_the_library_s(folder: Path, shape: str) -> None:
    image = picture(shape)
    found = scorer(folder, templates="none").score([image], TEXTS)
    assert found == pytest.approx(reference(folder, [image], TEXTS), abs=1e-4)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_scores_nearly_the_same(folder: Path, dtype: str) -> None:
    half, full = (
        scorer(folder, dtype=each).score([picture("landscape")], TEXTS) for each in (dtype, "float32")
    )
    assert half == pytest.approx(full, abs=0.15)


def test_logits_differ_between_pictures_and_texts(folder: Path) -> None:
    found = scorer(folder, templates="none").score([picture("landscape"), picture("portrait", 5)], TEXTS)
    assert np.ptp(found, axis=0).min() > 1e-3
    assert np.ptp(found, axis=1).min() > 1e-3


def test_a_batch_has_the_scores_of_single_calls(folder: Path) -> None:
    images = [picture(shape, seed) for seed in range(6) for shape in SIZES]
    together = scorer(folder, templates="none").score(images, TEXTS)
    alone = scorer(folder, templates="none")
    each = np.array([[alone.score([image], [text])[0, 0] for text in TEXTS] for image in images])
    assert together == pytest.approx(each, abs=1e-4)


def test_probabilities_are_those_of_the_library_s_pipeline(clip: Path) -> None:
    image = picture("landscape")
    pipe = transformers.pipeline("zero-shot-image-classification", model=str(clip), device="cpu")
    expected = {
        each["label"]: each["score"]
        for each in pipe(image.to_pil(), candidate_labels=TEXTS, hypothesis_template="a photo of a {}.")
    }
    logits = scorer(clip, templates=["a photo of a {}."]).score([image], TEXTS)[0]
    found = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert dict(zip(TEXTS, found.tolist(), strict=True)) == pytest.approx(expected, abs=1e-4)


def test_several_templates_give_the_normalised_mean_of_normalised_embeddings(clip: Path) -> None:
    model = transformers.AutoModel.from_pretrained(clip).eval()
    processor = transformers.AutoProcessor.from_pretrained(clip)
    image = picture("portrait")
    with torch.no_grad():
        sentences = [template.replace("{}", "cat") for template in TEMPLATES]
        embedded = model.get_text_features(**processor(text=sentences, return_tensors="pt", padding=True))
        units = torch.nn.functional.normalize(embedded.pooler_output, dim=-1)
        mean = torch.nn.functional.normalize(units.mean(dim=0), dim=-1)
        seen = model.get_image_features(**processor(images=image.to_pil(), return_tensors="pt")).pooler_output
        expected = model.logit_scale.exp() * torch.nn.functional.normalize(seen, dim=-1)[0] @ mean
    assert scorer(clip).score([image], ["cat"])[0, 0] == pytest.approx(float(expected), abs=1e-4)


def test_a_sentence_is_used_without_templates(clip: Path) -> None:
    image, sentence = picture("landscape"), "A cat has whiskers."
    plain = scorer(clip, templates="none").score([image], [sentence, "cat"])
    worded = scorer(clip).score([image], [sentence, "cat"])
    assert worded[0, 0] == pytest.approx(plain[0, 0], abs=1e-4)
    assert abs(worded[0, 1] - plain[0, 1]) > 1e-3


def test_braces_in_a_text_are_text(clip: Path) -> None:
    assert np.isfinite(scorer(clip).score([picture("landscape")], ["a {} and {0} and {name!r}"])).all()


def test_the_same_picture_or_text_is_encoded_once(clip: Path) -> None:
    model = scorer(clip, templates="none")
    encoded: list[int] = []

    def counting(encodings: Encodings[Any, Any]) -> Callable[[Sequence[Any]], Iterable[Any]]:
        encode = encodings.encode

        def counted(items: Sequence[Any]) -> Iterable[Any]:
            encoded.append(len(items))
            return encode(items)

        return counted

    for encodings in (model.image_encodings, model.text_encodings):
        encodings.encode = counting(encodings)
    first = model.score([picture("landscape"), picture("landscape")], ["cat", "dog", "cat"])
    assert encoded == [1, 2]
    again = model.score([picture("landscape"), picture("portrait")], ["dog", "bird"])
    assert encoded == [1, 2, 1, 1]
    assert again[0, 0] == first[0, 1]


def test_nothing_to_score_is_an_empty_table(clip: Path) -> None:
    assert scorer(clip).score([], ["cat"]).shape == (0, 1)
    assert scorer(clip).score([picture("landscape")], []).shape == (1, 0)


@pytest.mark.parametrize("templates", ["best", [], ["a photo"], [3], 1])
def test_faulty_templates_are_rejected(clip: Path, templates: object) -> None:
    with pytest.raises(UsageError, match=r"the option `templates` of .* must be"):
        scorer(clip, templates=templates)


def test_a_model_that_cannot_compare_is_rejected(tmp_path: Path) -> None:
    answering_models.vilt(tmp_path)
    with pytest.raises(ModelUnavailable, match=r"lacks|does not compare pictures with texts"):
        scorer(tmp_path)


def test_a_profile_can_load_it_with_options(clip: Path) -> None:
    model = Zoo(models={"image_text_scorer": {"model": f"transformers:{clip}", "templates": "none"}}).get(
        "image_text_scorer"
    )
    assert isinstance(model, ContrastiveScorer)
    assert model.fingerprint.startswith(f"transformers:{clip}")
    assert "templates='none'" in model.fingerprint
    assert transformers.__version__ in model.fingerprint
    assert model.nbytes > 10_000


def test_a_checkpoint_without_its_norms_is_rejected(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    weights = load_file(contrastive_models.clip(tmp_path) / "model.safetensors")
    kept = {name: weight for name, weight in weights.items() if "norm" not in name}
    assert len(kept) < len(weights)
    save_file(kept, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelUnavailable, match=r"lacks \d+ of the weights of CLIPModel.*norm"):
        scorer(tmp_path)

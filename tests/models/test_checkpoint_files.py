"""Only the files that loading needs are fetched from a repository, each once and as safetensors."""

from __future__ import annotations

from visprog.models.checkpoint_files import files_to_fetch, folders_of_pickles

XL = [
    "model_index.json",
    "sd_xl.safetensors",
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.fp16.safetensors",
    "text_encoder/model.safetensors",
    "unet/config.json",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "unet/diffusion_pytorch_model.safetensors",
]


def test_a_model_needs_its_weights_and_their_settings() -> None:
    names = ["README.md", "config.json", "model.safetensors", "weights.bin", "spiece.model", "vocab.txt"]
    assert files_to_fetch(names) == ["config.json", "spiece.model", "vocab.txt", "model.safetensors"]
    assert folders_of_pickles(names) == []


def test_every_part_of_large_weights_is_fetched() -> None:
    parts = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]
    names = [*parts, "model.safetensors.index.json", "consolidated.safetensors", "model.fp16.safetensors"]
    assert files_to_fetch(names) == ["model.safetensors.index.json", *parts]


def test_weights_for_other_software_are_not_fetched() -> None:
    names = ["model.safetensors", "onnx/model.safetensors", "original/a.safetensors", "onnx/config.json"]
    assert files_to_fetch(names) == ["model.safetensors"]


def test_a_pipeline_is_fetched_in_half_precision_if_all_parts_have_it() -> None:
    assert files_to_fetch(XL) == [
        "model_index.json",
        "scheduler/scheduler_config.json",
        "text_encoder/config.json",
        "unet/config.json",
        "text_encoder/model.fp16.safetensors",
        "unet/diffusion_pytorch_model.fp16.safetensors",
    ]


def test_a_pipeline_is_fetched_in_full_precision_if_one_part_has_no_other() -> None:
    names = [name for name in XL if name != "unet/diffusion_pytorch_model.fp16.safetensors"]
    weights = [name for name in files_to_fetch(names) if name.endswith(".safetensors")]
    assert weights == ["text_encoder/model.safetensors", "unet/diffusion_pytorch_model.safetensors"]


def test_the_safety_checker_of_a_pipeline_is_not_fetched() -> None:
    assert not any(
        name.startswith("safety_checker/")
        for name in files_to_fetch([*XL, "safety_checker/config.json", "safety_checker/model.safetensors"])
    )


def test_parts_with_only_pickled_weights_are_named() -> None:
    assert folders_of_pickles(["config.json", "pytorch_model.bin"]) == [""]
    assert folders_of_pickles([*XL, "sd_xl.ckpt", "vae/diffusion_pytorch_model.bin"]) == ["vae"]
    assert folders_of_pickles([*XL, "unet/diffusion_pytorch_model.bin"]) == []

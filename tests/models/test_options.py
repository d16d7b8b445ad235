"""The record of a backend declares the options of its models, and what users write is checked by it."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from visprog.cli.sessions import make_zoo
from visprog.errors import UsageError
from visprog.models.backend import BUILT_IN, Backend, find_backend
from visprog.models.backends.openai.editing import OpenAIInpainter
from visprog.models.backends.openai.vision import OpenAIVision
from visprog.models.backends.opencv.haar import HaarFaceDetector
from visprog.models.backends.opencv.removal import OpenCvRemover
from visprog.models.backends.opencv.yolox import YoloxDetector
from visprog.models.backends.opencv.yunet import YuNetFaceDetector
from visprog.models.backends.segment_anything.sam import SegmentAnything
from visprog.models.backends.transformers.chat import Limits
from visprog.models.backends.transformers.sam import Grid
from visprog.models.options import (
    FLAG,
    FRACTION,
    TABLE,
    TEMPLATES,
    TEXT,
    TEXTS,
    Kind,
    Option,
    check_options,
    number,
    one_of,
    text,
    whole_number,
)
from visprog.models.profile import load_profile, read_spec
from visprog.models.zoo import Zoo


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_models_of_a_role_have_each_option_once(name: str) -> None:
    record = find_backend(name)
    assert record.options
    for role in record.roles:
        for identifier in ("haar", "a.onnx", "a/b"):
            names = [each.name for each in record.options_of(role, identifier)]
            assert len(names) == len(set(names)), role
    for each in record.options:
        assert set(each.roles) <= set(record.roles)
        assert each.meaning
        assert each.kind.expected


MISTYPED = [
    ("detector", "transformers:google/owlv2-base-patch16-ensemble", "treshold", "threshold"),
    ("masker", "transformers:facebook/sam2.1-hiera-base-plus", "point", "points"),
    ("language_model", "transformers:Qwen/Qwen3-4B-Instruct-2507", "max_tokens", "max_new_tokens"),
    ("inpainter", "diffusers:someone/painter", "step", "steps"),
    ("captioner", "open_clip:coca_ViT-B-32/laion2b_s13b_b90k", "beam", "beams"),
    ("segmenter", "segment_anything:sam.pth", "crop", "crops"),
    ("face_detector", "opencv:haar", "smalest", "smallest"),
    ("language_model", "openai:small", "temprature", "temperature"),
]


@pytest.mark.parametrize(("role", "model", "written", "meant"), MISTYPED)
def test_a_mistyped_option_of_a_profile_is_reported_when_the_profile_is_read(
    role: str, model: str, written: str, meant: str, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[models.{role}]\nmodel = '{model}'\n{written} = 1\n")
    with pytest.raises(UsageError, match=f"{model} takes no option `{written}`") as caught:
        load_profile(path)
    assert (caught.value.help or "").startswith(f"did you mean `{meant}`? its options are ")


@pytest.mark.parametrize(("role", "model", "written", "meant"), MISTYPED)
def test_a_mistyped_option_of_the_command_line_is_reported_before_anything_runs(
    role: str, model: str, written: str, meant: str
) -> None:
    with pytest.raises(UsageError, match=f"takes no option `{written}`") as caught:
        make_zoo("base", [f"{role}={model},{written}=1"])
    assert f"`{meant}`" in (caught.value.help or "")


def test_an_option_unlike_any_other_gets_no_suggestion() -> None:
    with pytest.raises(UsageError, match="takes no option `colour`") as caught:
        read_spec("inpainter", "opencv:inpaint,colour=red")
    assert caught.value.help == "its options are side"


@pytest.mark.parametrize(
    ("role", "model", "expected"),
    [
        (
            "detector",
            "transformers:a/b,threshold=high",
            "`threshold` .*must be a number from 0 to 1; found",
        ),
        (
            "detector",
            "transformers:a/b,dtype=float8",
            "`dtype` .*must be auto, .* or bfloat16; found 'float8'",
        ),
        ("segmenter", "transformers:a/b,stuff=sky", "`stuff` .*must be a list of texts; found 'sky'"),
        (
            "inpainter",
            "diffusers:a/b,strength=0",
            "`strength` .*must be a number above 0, at most 1; found 0",
        ),
        ("face_detector", "opencv:haar,side=0", "`side` .*must be a number of pixels, 1 or more; found 0"),
        (
            "language_model",
            "openai:m,deadline=0",
            "`deadline` .*must be the maximum number of seconds .*; found 0",
        ),
    ],
)
def test_a_wrong_value_is_reported_before_anything_runs(role: str, model: str, expected: str) -> None:
    with pytest.raises(UsageError, match=expected):
        make_zoo("base", [f"{role}={model}"])


@pytest.mark.parametrize("written", ["api_key_env=sk-sEcr3t", "base_url=[1,'sEcr3t']", "parameters=sEcr3t"])
def test_the_value_of_a_secret_option_is_not_shown(written: str) -> None:
    with pytest.raises(UsageError, match="found something else") as caught:
        read_spec("language_model", f"openai:m,{written}")
    assert "sEcr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "accepted", "rejected"),
    [
        (TEXT, ["", "a"], [1, None, ["a"]]),
        (FLAG, [True, False], [0, 1, "true"]),
        (TABLE, [{}, {"a": 1}], [[], "a", 1]),
        (TEXTS, [[], ["a"]], ["a", [1], {"a": 1}]),
        (TEMPLATES, ["default", "none", ["{}"]], ["a {}", [], ["a"], [1], 1, {}]),
        (FRACTION, [0, 1, 0.5], [-0.1, 1.1, True, "0.5", float("nan"), float("inf")]),
        (whole_number("n", 2, 4), [2, 4], [1, 5, 2.0, True, "2"]),
        (number("n", lambda value: value > 1), [1.5, 2], [1, float("inf"), float("nan"), True, "2"]),
        (text("t"), ["a"], ["", 1]),
        (one_of("a", "b"), ["a", "b"], ["c", "", None, ["a"]]),
    ],
)
def test_a_kind_accepts_its_values_only(kind: Kind, accepted: list[Any], rejected: list[Any]) -> None:
    assert all(kind.accepts(value) for value in accepted)
    assert not any(kind.accepts(value) for value in rejected)


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(UsageError) as caught:
        check_options({"a": "x" * 100_000}, [Option("a", FLAG, "a thing")], "the model")
    assert len(str(caught.value)) < 1_000


@pytest.mark.parametrize(
    ("backend", "role", "made"),
    [
        ("opencv", "detector", YoloxDetector),
        ("opencv", "inpainter", OpenCvRemover),
        ("openai", "detector", OpenAIVision),
        ("openai", "inpainter", OpenAIInpainter),
        ("segment_anything", "segmenter", SegmentAnything),
        ("transformers", "masker", Grid),
        ("transformers", "language_model", Limits),
    ],
)
def test_the_declared_defaults_are_those_of_the_models(backend: str, role: str, made: Any) -> None:
    parameters = inspect.signature(made).parameters
    declared = {each.name: each.default for each in find_backend(backend).options_of(role, "x.onnx")}
    compared = 0
    for name in declared.keys() & parameters.keys():
        default = parameters[name].default
        if default is not None and declared[name] and name != "deadline":
            compared += 1
            assert declared[name].casefold() == str(default).casefold(), name
    assert compared


def test_a_face_detector_s_defaults_are_declared() -> None:
    defaults = {
        name: str(parameter.default)
        for made in (HaarFaceDetector, YuNetFaceDetector)
        for name, parameter in inspect.signature(made).parameters.items()
    }
    record = find_backend("opencv")
    declared = [
        *record.options_of("face_detector", "haar"),
        *record.options_of("face_detector", "yunet.onnx"),
    ]
    assert [each.name for each in declared] == ["side", "smallest", "side", "threshold"]
    for each in declared:
        assert defaults[each.name] == each.default


def test_an_option_of_another_model_of_the_role_is_not_taken() -> None:
    with pytest.raises(UsageError, match="opencv:haar takes no option `threshold`"):
        read_spec("face_detector", "opencv:haar,threshold=0.5")
    with pytest.raises(UsageError, match=r"opencv:faces\.onnx takes no option `smallest`"):
        read_spec("face_detector", "opencv:faces.onnx,smallest=9")


SAMPLES: dict[str, Any] = {
    "base_url": "http://127.0.0.1:9/v1",
    "api_key_env": "MY_KEY",
    "deadline": 5,
    "max_bytes": 5000,
    "parameters": {"top_p": 0.9},
    "max_tokens": 9,
    "temperature": 0.5,
    "reasoning_effort": "low",
    "longest_side": 512,
    "coordinates": "pixels",
    "structured": False,
    "side": 512,
}


@pytest.mark.parametrize("role", find_backend("openai").roles)
def test_the_openai_backend_takes_the_options_that_it_declares(
    role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "k3y-of-mine")
    record = find_backend("openai")
    options = {each.name: SAMPLES[each.name] for each in record.options_of(role, "small")}
    assert len(options) >= 5
    assert record.load(role, "small", options)


def test_a_backend_that_declares_no_options_checks_them_itself() -> None:
    Backend(name="own", loader="own:load", roles=("captioner",)).check("captioner", "x", {"anything": 1})


def test_a_local_model_takes_the_device_of_all() -> None:
    spec = Zoo("default", device="cpu", dtype="float32").spec("detector")
    assert spec is not None
    find_backend(spec.backend).check("detector", spec.identifier, spec.options)

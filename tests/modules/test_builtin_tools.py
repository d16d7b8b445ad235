from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import pytest

from visprog.language.types import Type
from visprog.modules import TOOLS
from visprog.tools import Registry

NAMES = [
    *("Loc", "FaceDet", "Seg", "Select", "Filter", "Classify", "Mask", "Vqa", "Caption"),
    *("Colour", "ReadCode"),
    *("Replace", "ColorPop", "BgBlur", "Blur", "Pixelate", "Cutout", "Tag", "Outline", "Emoji"),
    *("Crop", "CropLeft", "CropRight", "CropAbove", "CropBelow", "CropInFront", "CropBehind", "CropAhead"),
    *("CropAround", "CropEach", "Region", "Pick", "Sort", "Relate", "Without", "Both", "Keep"),
    *("Measure", "Labels"),
    *("List", "Eval", "Count", "Result"),
]


@pytest.fixture(scope="module")
def registry() -> Registry:
    return Registry(TOOLS)


def test_every_tool_of_the_language_exists(registry: Registry) -> None:
    assert sorted(NAMES) == sorted(registry.names())


@pytest.mark.parametrize(
    ("written", "own"),
    [
        ("LOC", "Loc"),
        ("FACEDET", "FaceDet"),
        ("COLORPOP", "ColorPop"),
        ("BGBLUR", "BgBlur"),
        ("CROP_RIGHTOF", "CropRight"),
        ("CROP_LEFTOF", "CropLeft"),
        ("CropRightOf", "CropRight"),
        ("CROP_FRONTOF", "CropInFront"),
        ("CROP_INFRONTOF", "CropInFront"),
        ("CROP_INFRONT", "CropInFront"),
        ("CropFront", "CropInFront"),
        ("CROP_BEHIND", "CropBehind"),
        ("CROP_AHEAD", "CropAhead"),
        ("CROP_BELOW", "CropBelow"),
        ("CROP_ABOVE", "CropAbove"),
        ("CROP_NEAR", "CropAround"),
        ("CropBeside", "CropAround"),
        ("CROP_NEXTTO", "CropAround"),
    ],
)
def test_names_of_published_programs_resolve(registry: Registry, written: str, own: str) -> None:
    found = registry.get(written)
    assert found is not None
    assert own == found.name


@pytest.mark.parametrize("name", ["Count", *(name for name in NAMES if name.startswith("Crop"))])
def test_box_is_another_name_of_object(registry: Registry, name: str) -> None:
    signature = registry.signature(name)
    assert signature is not None
    parameter = signature.parameter("box")
    assert parameter is not None
    assert parameter.name == "object"


def test_result_has_the_type_of_what_it_names(registry: Registry) -> None:
    signature = registry.signature("RESULT")
    assert signature is not None
    assert signature.same_as == "var"


def test_eval_takes_an_expression(registry: Registry) -> None:
    signature = registry.signature("EVAL")
    assert signature is not None
    assert [parameter.type for parameter in signature.parameters] == [Type.EXPRESSION]
    assert signature.parameter("expression") is signature.parameter("expr")


@pytest.mark.parametrize("name", NAMES)
def test_every_tool_has_one_or_two_sentences_to_show(registry: Registry, name: str) -> None:
    signature = registry.signature(name)
    assert signature is not None
    assert signature.summary.endswith(".")
    assert 20 < len(signature.summary) < 200


def test_optional_roles_are_the_masker_and_the_language_model_of_classify(registry: Registry) -> None:
    optional = {(each.name, need.role) for each in registry for need in each.needs.values() if need.optional}
    assert {role for _, role in optional} == {"masker", "language_model"}
    assert {name for name, role in optional if role == "language_model"} == {"Classify"}


def test_the_package_cannot_be_imported_under_another_name() -> None:
    path = Path(str(importlib.import_module("visprog.modules").__file__))
    spec = importlib.util.spec_from_file_location("modules", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.raises(ImportError, match=r"from visprog\.modules import TOOLS"):
        spec.loader.exec_module(module)
    assert "modules" not in sys.modules

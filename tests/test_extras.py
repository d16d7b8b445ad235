"""Optional packages: the extras that install them, and the advice if they are missing."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from visprog import VisProg, extras
from visprog.doctor import Finding, diagnose
from visprog.extras import missing_extra

ROOT = Path(__file__).parent.parent


def test_the_extras_are_those_of_the_project_file() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    written = {
        extra: [re.split(r"[<>=]", each)[0].replace("-", "_").removesuffix("_torch") for each in requirements]
        for extra, requirements in project["optional-dependencies"].items()
        if extra != "dev"
    }
    assert {extra: list(packages) for extra, packages in extras.EXTRAS.items()} == written


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("torch", "models"),
        ("torchvision.ops", "models"),
        ("huggingface_hub", "models"),
        ("open_clip", "open-clip"),
        ("pillow_heif", "heic"),
        ("ray", "ray"),
        ("cv2", None),
        ("json", None),
    ],
)
def test_a_module_belongs_to_the_extra_that_installs_it(module: str, extra: str | None) -> None:
    assert extras.extra_of(module) == extra


def test_an_installed_visprog_is_named_in_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "runs_from_sources", lambda: False)
    assert extras.install_extra("models") == "pip install 'visprog[models]'"


def test_sources_are_installed_from_their_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])  # no metadata are found
    assert extras.install_extra("models") == "pip install '.[models]'"


@pytest.mark.parametrize(
    ("missing", "wanted", "command"),
    [
        ("filelock", "huggingface_hub", "pip install 'visprog[models]'"),
        ("timm", "open_clip", "pip install 'visprog[open-clip]'"),
        ("torch", "open_clip", "pip install 'visprog[models]'"),
        ("cv2", "cv2", "pip install 'opencv-python>=4.10,<5'"),
        ("httpx", "openai", "pip install 'httpx'"),
    ],
)
def test_the_advice_for_a_missing_dependency_is_the_extra(
    missing: str, wanted: str, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "runs_from_sources", lambda: False)
    assert extras.advice_for(missing, wanted) == command


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Finding]]:
    """Return the findings of the doctor if only Ray is installed."""
    optional = {package for packages in extras.EXTRAS.values() for package in packages} | {"huggingface_hub"}
    installed = extras.is_installed
    monkeypatch.setattr(
        extras, "is_installed", lambda name: name == "ray" or (name not in optional and installed(name))
    )
    with VisProg(planner="examples", models="mini") as session:
        yield diagnose(session)


def test_the_doctor_gives_one_command_for_each_missing_extra(findings: list[Finding]) -> None:
    missing = {each.name for each in findings if each.group == "extras" and each.state == "missing"}
    commands = [each.advice for each in findings if each.advice.startswith("pip install")]
    assert missing == {"models", "open-clip", "heic", "cjk"}
    assert commands == [extras.install_extra(extra) for extra in ("models", "open-clip", "heic", "cjk")]


def test_the_doctor_says_which_models_need_an_extra(findings: list[Finding]) -> None:
    detector = next(each for each in findings if (each.group, each.name) == ("models", "detector"))
    assert detector.state == "missing"
    assert detector.fact == "transformers:visprog-mini/owlvit needs the extra `models`"


def test_the_extra_of_a_backend_is_that_of_its_last_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visprog.extras.is_installed", lambda package: False)
    assert missing_extra(["torch", "open_clip"]) == "open-clip"
    assert missing_extra(["open_clip", "torch"]) == "models"

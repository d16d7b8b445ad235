"""Optional packages, as the installed metadata name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from visprog import VisProg, extras
from visprog.doctor import diagnose

METADATA = """Metadata-Version: 2.1
Name: visprog
Version: 9
Requires-Dist: numpy>=1.26
Requires-Dist: pytest>=1; extra == "models"
Requires-Dist: not-there <5,>=2; extra == 'open-clip'
Requires-Dist: ruff>=0.9; extra == "dev"
"""


@pytest.fixture
def metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "visprog-9.dist-info").mkdir()
    (tmp_path / "visprog-9.dist-info" / "METADATA").write_text(METADATA)
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("metadata")
def test_requirements_are_those_of_the_installed_extras_for_users() -> None:
    assert extras.requirements() == {"models": ("pytest>=1",), "open-clip": ("not-there <5,>=2",)}
    assert [extras.package(each) for each in ("not-there <5,>=2", "a.b_c>1", "d")] == [
        "not-there",
        "a.b_c",
        "d",
    ]


@pytest.mark.usefixtures("metadata")
def test_the_doctor_advises_packages_themselves() -> None:
    with VisProg(planner="examples") as session:
        found = {each.name: each for each in diagnose(session) if each.group == "packages"}
    assert found["pytest"].state == "works"
    assert found["not-there"].state == "missing"
    assert found["not-there"].advice == "pip install 'not-there <5,>=2'"
    assert "ruff" not in found


def test_without_metadata_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.path", [])
    assert extras.requirements() == {}

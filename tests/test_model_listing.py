"""`visprog models` lists the model of each role, and fetches weights."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from visprog import UsageError
from visprog.model_listing import Entry, entries, pull, show, to_json
from visprog.models.fake import FakeDetector
from visprog.models.profile import Profile, read_spec
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo


@pytest.fixture(autouse=True)
def nothing_pulled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key, all extras as if installed, and an empty cache of the hub if its library is installed."""
    monkeypatch.setattr("visprog.model_listing.missing_extra", lambda backend: None)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    try:
        import huggingface_hub  # noqa: F401
    except ImportError:
        return
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))


def zoo(**models: object) -> Zoo:
    specs = {role: read_spec(role, model) for role, model in models.items()}
    return Zoo(Profile("mine", "what I use", specs))


def entry(role: str, among: Zoo) -> Entry:
    return next(each for each in entries(among) if each.role == role)


def test_there_is_an_entry_for_every_role() -> None:
    assert [each.role for each in entries(zoo())] == list(ROLES)


def test_an_entry_has_the_facts_that_the_profile_gives_about_the_model() -> None:
    facts = {"licence": "MIT", "size": "70 KB", "note": "a tiny one"}
    models = zoo(detector={"model": "transformers:tiny/owl", **facts})
    expected = Entry("detector", "transformers:tiny/owl", "MIT", "70 KB", "not here", "a tiny one")
    assert entry("detector", models)._replace(options=()) == expected


def test_an_entry_lists_the_options_of_the_model(capsys: pytest.CaptureFixture[str]) -> None:
    models = zoo(inpainter="opencv:inpaint")
    [data] = [each for each in to_json(entries(models)) if each["role"] == "inpainter"]
    [side] = data["options"]
    assert (side["name"], side["default"]) == ("side", "256")
    assert side["value"] == "a number of pixels from 64 to 512"
    assert side["meaning"]
    show(entries(models), models.profile)
    assert "options: side" in capsys.readouterr().out


def test_a_model_without_weights_is_here() -> None:
    assert entry("face_detector", zoo(face_detector="opencv:haar")).state == "here"


def test_a_folder_is_here_if_it_exists(tmp_path: Path) -> None:
    (tmp_path / "owl").mkdir()
    assert entry("detector", zoo(detector=f"transformers:{tmp_path / 'owl'}")).state == "here"
    assert entry("detector", zoo(detector=f"transformers:{tmp_path / 'other'}")).state == "not here"


def test_a_file_is_here_if_it_exists(tmp_path: Path) -> None:
    (tmp_path / "sam.pth").touch()
    assert entry("masker", zoo(masker=f"segment_anything:{tmp_path / 'sam.pth'}")).state == "here"
    assert entry("masker", zoo(masker=f"segment_anything:{tmp_path / 'none.pth'}")).state == "not here"


def test_an_api_needs_a_key_or_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    assert entry("visual_qa", zoo(visual_qa="openai")).state == "no key or address"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert entry("visual_qa", zoo(visual_qa="openai")).state == "key or address set"


def test_an_object_that_fills_a_role_is_listed_as_given() -> None:
    assert entry("detector", Zoo("base", {"detector": FakeDetector({})})).state == "given"


def test_the_table_names_every_role_and_keeps_names_whole(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("default", "paper", "api", "base"):
        models = Zoo(name)
        show(entries(models), models.profile)
        shown = capsys.readouterr().out
        assert f"profile {name}: " in shown
        for each in entries(models):
            assert each.role in shown
            assert each.model in shown
            assert each.size in shown
        assert (f"`visprog models --models {name} pull`" in shown) == (name in ("default", "paper"))


def test_entries_can_be_written_as_json() -> None:
    data = json.loads(json.dumps(to_json(entries(zoo(detector="transformers:tiny/owl")))))
    assert data[0]["role"] == "detector"
    assert data[0]["state"] == "not here"


def test_a_model_without_weights_cannot_be_fetched() -> None:
    with pytest.raises(UsageError, match="the role visual_qa has no weights to fetch"):
        pull(zoo(visual_qa="openai"), ["visual_qa"])
    with pytest.raises(UsageError, match="the profile `mine` has no models to fetch"):
        pull(zoo(visual_qa="openai"), [])


@pytest.mark.parametrize("name", ["owl", "detectr", "a/b/c", "transformers:owl"])
def test_an_unknown_name_is_rejected(name: str) -> None:
    with pytest.raises(UsageError, match="is neither a role nor a model"):
        pull(zoo(detector="transformers:tiny/owl"), [name])


def test_a_folder_needs_no_fetching(tmp_path: Path) -> None:
    (tmp_path / "owl").mkdir()
    models = zoo(detector=f"transformers:{tmp_path / 'owl'}")
    assert list(pull(models, ["detector"])) == [(str(tmp_path / "owl"), tmp_path / "owl")]


def test_a_folder_that_is_not_there_cannot_be_fetched(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none is neither a folder"):
        list(pull(zoo(detector=f"transformers:{tmp_path / 'none'}"), ["detector"]))


def test_roles_that_share_a_model_fetch_it_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[tuple[str, str | None]] = []

    def fetch(identifier: str, revision: str | None = None) -> Path:
        asked.append((identifier, revision))
        return tmp_path

    monkeypatch.setattr("visprog.model_listing.fetch", fetch)
    models = zoo(
        visual_qa="transformers:tiny/eyes",
        captioner={"model": "transformers:tiny/eyes", "note": "the same"},
        detector={"model": "transformers:tiny/owl", "revision": "refs/pr/8"},
    )
    assert len(list(pull(models, []))) == 2
    assert sorted(asked, key=str) == [("tiny/eyes", None), ("tiny/owl", "refs/pr/8")]
    asked.clear()
    assert len(list(pull(models, ["tiny/owl", "transformers:tiny/owl@main", "tiny/else"]))) == 3
    assert asked == [("tiny/owl", "refs/pr/8"), ("tiny/owl", "main"), ("tiny/else", None)]

"""The profiles that come with VisProg name models that their backends know, and describe them."""

from __future__ import annotations

import re

import pytest

from visprog.models.checkpoints import is_repository
from visprog.models.profile import load_profile, profile_names
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo

HUB = ("transformers", "diffusers", "open_clip")
UNSERVED = {"default": set(), "paper": {"masker", "captioner", "transcriber"}, "api": {"segmenter", "masker"}}


@pytest.mark.parametrize("name", UNSERVED)
def test_a_profile_fills_every_role_that_it_can(name: str) -> None:
    assert name in profile_names()
    assert set(ROLES) - set(load_profile(name).models) == UNSERVED[name]


@pytest.mark.parametrize("name", UNSERVED)
def test_every_model_that_is_fetched_has_a_size_and_a_repository(name: str) -> None:
    for role, spec in load_profile(name).models.items():
        if spec.backend in HUB:
            assert is_repository(spec.identifier), role
            assert re.fullmatch(r"(about )?\d+(\.\d+)? [MG]B", spec.facts["size"]), role
            assert "licence" in spec.facts or "licence" in spec.facts["note"], role
        else:
            assert "size" not in spec.facts, role


@pytest.mark.parametrize("name", UNSERVED)
def test_a_pinned_revision_is_a_commit_or_a_conversion(name: str) -> None:
    revisions = {spec.options.get("revision") for spec in load_profile(name).models.values()} - {None}
    assert all(re.fullmatch(r"refs/pr/\d+|[0-9a-f]{40}", str(revision)) for revision in revisions)


def test_questions_and_captions_share_one_model() -> None:
    zoo = Zoo("default")
    assert zoo.fingerprint("visual_qa") == zoo.fingerprint("captioner")


def test_the_profile_paper_notes_its_other_face_detector() -> None:
    assert "DSFD" in load_profile("paper").models["face_detector"].facts["note"]


def test_every_model_of_the_api_can_be_created_with_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    zoo = Zoo("api")
    for role in load_profile("api").models:
        protocol = [name for name in vars(ROLES[role]) if not name.startswith("_")]
        assert all(callable(getattr(zoo.get(role), name)) for name in protocol), role


@pytest.mark.parametrize("name", UNSERVED)
def test_the_options_of_a_profile_are_accepted_by_its_backends(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    """The options are checked before the missing weights raise ModelUnavailable."""
    pytest.importorskip("torch")
    from visprog import ModelUnavailable

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    zoo = Zoo(name)
    for role, spec in load_profile(name).models.items():
        if spec.backend in HUB:
            with pytest.raises(ModelUnavailable, match="not downloaded completely"):
                zoo.get(role)

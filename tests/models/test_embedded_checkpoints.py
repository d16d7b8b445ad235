"""Checkpoints that come with VisProg are found by name, identified by content, and never fetched."""

from __future__ import annotations

from pathlib import Path

import pytest

import visprog.models
from visprog.errors import ModelUnavailable, UsageError
from visprog.model_listing import entries, pull, show
from visprog.models import checkpoints
from visprog.models.checkpoints import find_checkpoint, is_embedded, is_here
from visprog.models.fingerprints import fingerprint, weight_bytes
from visprog.models.profile import Spec, load_profile
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo


@pytest.fixture
def owl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of `visprog-mini/owlvit` in an installation that has this one alone."""
    monkeypatch.setattr(checkpoints, "__file__", str(tmp_path / "checkpoints.py"))
    folder = tmp_path / "mini" / "owlvit"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def spec() -> Spec:
    return Spec("transformers", "visprog-mini/owlvit")


def test_names_of_embedded_checkpoints_are_recognised() -> None:
    assert is_embedded("visprog-mini/owlvit")
    for other in ("google/owlvit", "visprog-mini", "visprog-mini/", "visprog-mini/..", "visprog-mini/a/b"):
        assert not is_embedded(other)


def test_an_embedded_checkpoint_is_found_in_the_package(
    owl: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere" / "visprog-mini" / "owlvit").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "elsewhere")  # a folder of that name is another thing
    assert find_checkpoint("visprog-mini/owlvit") == owl
    assert is_here("visprog-mini/owlvit")
    assert weight_bytes(spec()) == len(b"weights")


def test_parts_in_separate_folders_are_found(owl: Path) -> None:
    (owl.parent / "inpainting" / "unet").mkdir(parents=True)
    (owl.parent / "inpainting" / "unet" / "model.safetensors").touch()
    assert find_checkpoint("visprog-mini/inpainting") == owl.parent / "inpainting"


@pytest.mark.parametrize("name", ["clip", "owlvit"])
def test_a_missing_embedded_checkpoint_is_reported(owl: Path, name: str) -> None:
    (owl / "model.safetensors").unlink()
    assert not is_here(f"visprog-mini/{name}")
    with pytest.raises(ModelUnavailable, match="is missing from this installation") as caught:
        find_checkpoint(f"visprog-mini/{name}")
    assert "reinstall VisProg" in str(caught.value.help)


def test_an_embedded_checkpoint_has_no_revisions(owl: Path) -> None:
    with pytest.raises(UsageError, match="has no revisions"):
        find_checkpoint("visprog-mini/owlvit", "main")


def test_its_fingerprint_depends_only_on_its_content(owl: Path) -> None:
    weights = owl / "model.safetensors"
    before = fingerprint(spec())
    weights.unlink()
    weights.write_bytes(b"weights")  # as another installation has them, from another time
    assert fingerprint(spec()) == before
    weights.write_bytes(b"WEIGHTS")
    assert fingerprint(spec()) != before


def test_pulling_an_embedded_checkpoint_fetches_nothing(owl: Path) -> None:
    zoo = Zoo("mini")
    assert list(pull(zoo, ["detector"])) == [("visprog-mini/owlvit", owl)]
    with pytest.raises(ModelUnavailable, match="visprog-mini/clip comes with VisProg, but is missing"):
        list(pull(zoo, ["visprog-mini/clip"]))


def test_the_listing_shows_that_it_comes_with_visprog(
    owl: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("visprog.model_listing.missing_extra", lambda packages: None)
    zoo = Zoo("mini")
    states = {entry.role: entry.state for entry in entries(zoo)}
    assert states["detector"] == states["face_detector"] == "comes with VisProg"
    assert states["segmenter"] == "missing from this installation"
    show(entries(zoo), zoo.profile)
    assert "pull" not in capsys.readouterr().out


def test_what_the_profile_names_comes_with_visprog() -> None:
    models = load_profile("mini").models
    assert models.keys() == set(ROLES) - {"transcriber"}
    for spec in models.values():
        assert is_embedded(spec.identifier)
        assert is_here(spec.identifier), spec.identifier


def test_the_weights_are_small() -> None:
    folder = Path(visprog.models.__file__).parent / "mini"
    assert sum(path.stat().st_size for path in folder.rglob("*.*")) < 40e6


def test_things_and_faces_are_found_by_one_model() -> None:
    zoo = Zoo("mini")
    assert zoo.fingerprint("detector") == zoo.fingerprint("face_detector")


def test_the_profile_s_stuff_is_the_world_s() -> None:
    from visprog.miniworld.catalogue import STUFF

    assert load_profile("mini").models["segmenter"].options["stuff"] == list(STUFF)


def test_the_options_of_the_profile_are_accepted_by_its_backends(owl: Path) -> None:
    """The options are checked before the missing weights raise ModelUnavailable."""
    pytest.importorskip("torch")
    (owl / "model.safetensors").unlink()
    zoo = Zoo("mini")
    for role in zoo.profile.models:
        with pytest.raises(ModelUnavailable, match="missing from this installation"):
            zoo.get(role)

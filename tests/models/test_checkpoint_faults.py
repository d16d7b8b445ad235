"""The error for a folder that does not load names the missing or damaged file."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.tiny_checkpoints import language_models
from visprog import ModelUnavailable
from visprog.models.backends.transformers import load
from visprog.models.checkpoint_faults import checkpoint_fault
from visprog.models.checkpoints import find_checkpoint, loading


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return language_models.random_causal(tmp_path_factory.mktemp("sound"))


def write(name: str, content: bytes) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes(content)


def lose_shards(folder: Path) -> None:
    """Keep the first of three files of weights, and the index that lists all three."""
    names = [f"model-{number}-of-3.safetensors" for number in (1, 2, 3)]
    (folder / "model.safetensors").rename(folder / names[0])
    index = {"weight_map": {f"weight{number}": name for number, name in enumerate(names)}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def leave_an_index(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text("[]")


DAMAGES: dict[str, tuple[Callable[[Path], object], str]] = {
    "no settings": (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
    "settings cut": (write("config.json", b'{"model_type": "lla'), "config.json is not JSON"),
    "settings empty": (write("config.json", b""), "config.json is not JSON"),
    "tokenizer cut": (write("tokenizer.json", b"{"), "tokenizer.json is not JSON"),
    "weights cut": (
        lambda folder: os.truncate(folder / "model.safetensors", 3000),
        "model.safetensors is damaged, or not in the safetensors format",
    ),
    "weights empty": (write("model.safetensors", b""), "model.safetensors is damaged"),
    "weights are a page": (
        write("model.safetensors", b"<html>not found</html>"),
        "model.safetensors is not in the safetensors format",
    ),
    "weights are a pointer": (
        write("model.safetensors", b"version https://git-lfs.github.com/spec/v1\n"),
        "model.safetensors is a pointer of Git LFS",
    ),
    "no weights": (
        lambda folder: (folder / "model.safetensors").unlink(),
        "has no weights in the safetensors format",
    ),
    "absent shards": (
        lose_shards,
        "model-2-of-3.safetensors and 1 more of 3 files of weights are missing",
    ),
    "an index of nothing": (
        leave_an_index,
        "model.safetensors.index.json does not list the files of the weights",
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_the_advice_names_the_missing_or_damaged_file(damage: str, sound: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(sound, folder)
    do, words = DAMAGES[damage]
    do(folder)
    with pytest.raises(ModelUnavailable, match="cannot be loaded") as caught:
        load("language_model", str(folder), {"device": "cpu"})
    assert words in (caught.value.help or "")
    assert str(folder) in (caught.value.help or "")
    assert "visprog models pull" not in str(caught.value)


def test_an_intact_folder_has_no_fault(sound: Path) -> None:
    assert checkpoint_fault(sound) is None


def test_an_intact_folder_of_another_kind_is_reported_as_such(sound: Path) -> None:
    with pytest.raises(ModelUnavailable) as caught, loading(str(sound)):
        raise ValueError("unknown architecture")
    assert "of a kind that cannot fill the role" in (caught.value.help or "")
    assert "no file of the folder is damaged" in (caught.value.help or "")


def test_a_name_on_the_hub_keeps_its_advice() -> None:
    with pytest.raises(ModelUnavailable) as caught, loading("some/model"):
        raise ValueError("bad")
    assert "`visprog models pull` fetches damaged files again" in (caught.value.help or "")


def test_a_file_instead_of_a_folder_is_reported(sound: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(sound.parent)
    for name in (str(sound / "model.safetensors"), f"{sound.name}/model.safetensors"):
        with pytest.raises(ModelUnavailable, match="is a file, but a checkpoint is a folder") as caught:
            find_checkpoint(name)
        assert "pull" not in str(caught.value)


@pytest.mark.parametrize("name", ["/no/such/folder", "./none", "~no-such-user-here/model", "a/b/c"])
def test_a_missing_folder_is_reported(name: str) -> None:
    with pytest.raises(ModelUnavailable, match="does not exist"):
        find_checkpoint(name)

"""Checkpoints are fetched from a hub once, as users do it: by processes, from a server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image as PILImage

from tests.models.hub_server import Hub, Repository, environment

pytest.importorskip("torch")
pytest.importorskip("transformers")

from huggingface_hub import snapshot_download
from safetensors.numpy import save_file

from tests.models.tiny_checkpoints.tiny_detectors import save_owl
from visprog import Image, ModelUnavailable
from visprog.models.checkpoints import find_checkpoint
from visprog.models.hub import fetch
from visprog.models.roles import Inpainter
from visprog.models.zoo import Zoo

MIB = 2**20
SECONDS = 60  # the bound only has to be finite
PAINTER = {"model": "diffusers:tiny/painter", "steps": 1}
PROFILE = """
[models.detector]
model = "transformers:tiny/owl"
size = "88 KB"
licence = "MIT"
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny detector as a repository publishes it, with more in it than loading reads."""
    folder = save_owl(tmp_path_factory.mktemp("published") / "owl")
    (folder / "pytorch_model.bin").write_bytes(b"the same weights, pickled")
    (folder / "README.md").write_text("# A tiny detector")
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.safetensors").write_bytes(b"for other software")
    return folder


@pytest.fixture
def hub(checkpoint: Path) -> Iterator[Hub]:
    with Hub({"tiny/owl": Repository(checkpoint)}) as served:
        yield served


def visprog(*words: str | Path, env: dict[str, str], status: int = 0) -> tuple[str, str]:
    """Run the command in the environment `env`; return standard output and standard error."""
    command = [sys.executable, "-W", "error", "-m", "visprog", *map(str, words)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr


def pull(*names: str, env: dict[str, str], status: int = 0) -> tuple[str, str]:
    return visprog("models", "pull", *names, env=env, status=status)


def test_a_pulled_model_works_without_the_hub(hub: Hub, checkpoint: Path, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text(PROFILE)
    home, picture, program = tmp_path / "home", tmp_path / "picture.png", tmp_path / "count.vp"
    PILImage.new("RGB", (60, 40), "red").save(picture)
    program.write_text("OBJ0=Loc(image=IMAGE, object='a')\nRESULT=Count(object=OBJ0)\n")
    run = ("exec", program, picture, "--models", profile, "--device", "cpu")

    _, before = visprog(*run, status=1, env=environment(home))
    out, _ = visprog("models", "--models", profile, "pull", "detector", env=environment(home, hub.url))
    folder = Path(out.removeprefix("tiny/owl\t").strip())
    assert (folder / "model.safetensors").read_bytes() == (checkpoint / "model.safetensors").read_bytes()
    hub.sent.clear()
    count, _ = visprog(*run, env=environment(home))

    assert "the role detector needs transformers:tiny/owl, 88 KB" in before
    assert "not downloaded completely" in before
    assert "visprog models pull tiny/owl" in before
    assert "the profile `base` needs no weights" in before
    assert count.strip().isdecimal()
    assert hub.sent == {}


def test_only_files_that_loading_needs_are_fetched(hub: Hub, tmp_path: Path) -> None:
    pull("tiny/owl", env=environment(tmp_path, hub.url))
    assert set(hub.sent) == {
        "config.json",
        "model.safetensors",
        "processor_config.json",
        "tokenizer.json",
        "tokenizer_config.json",
    }


def test_a_second_pull_fetches_nothing(hub: Hub, tmp_path: Path) -> None:
    first, _ = pull("tiny/owl", env=environment(tmp_path, hub.url))
    hub.sent.clear()
    second, _ = pull("tiny/owl", env=environment(tmp_path, hub.url))
    assert first == second
    assert hub.sent == {}


def test_a_pulled_model_is_found_without_a_network(hub: Hub, tmp_path: Path) -> None:
    first, _ = pull("tiny/owl", env=environment(tmp_path, hub.url))
    offline, _ = pull("tiny/owl", env=environment(tmp_path))
    unreachable, _ = pull("tiny/owl", env=environment(tmp_path, nowhere()))
    assert first == offline == unreachable


def test_an_interrupted_transfer_is_resumed_by_the_next_pull(tmp_path: Path) -> None:
    (tmp_path / "big").mkdir()
    published = tmp_path / "big" / "model.safetensors"
    save_file({"noise": np.frombuffer(os.urandom(24 * MIB), np.uint8)}, published)
    weights = published.read_bytes()
    with Hub({"tiny/big": Repository(tmp_path / "big")}, cut_after=15 * MIB) as hub:
        here = environment(tmp_path / "home", hub.url, HF_TOKEN="hf_aSecretThatStaysHere")
        _, err = pull("tiny/big", status=1, env=here)
        assert "tiny/big cannot be fetched: the hub answered 503" in err
        assert "The part that was fetched is kept" in err
        assert "not here" in visprog("models", "--models", profile_of("tiny/big", tmp_path), env=here)[0]
        hub.cut_after = None
        hub.sent.clear()
        out, _ = pull("tiny/big", env=here)
    start = int(hub.ranges[0].removeprefix("bytes=").removesuffix("-"))
    assert start >= 10 * MIB
    assert hub.sent == {"model.safetensors": len(weights) - start}
    assert (Path(out.split("\t")[1].strip()) / "model.safetensors").read_bytes() == weights
    assert hub.leaked == []


def test_progress_is_shown_on_standard_error(hub: Hub, tmp_path: Path) -> None:
    terminal = environment(tmp_path, hub.url, TQDM_POSITION="-1")  # where bars are shown
    out, err = pull("tiny/owl", env=terminal)
    assert "tiny/owl model.safetensors: 100%" in err
    assert out.count("\n") == 1
    assert pull("tiny/owl", env=environment(tmp_path / "other", hub.url))[1] == ""


def test_a_damaged_file_is_reported_and_fetched_again(
    hub: Hub, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    zoo = Zoo(profile_of("tiny/owl", tmp_path), device="cpu")
    out, _ = pull("tiny/owl", env=environment(tmp_path, hub.url))
    weights = Path(out.split("\t")[1].strip(), "model.safetensors").resolve()
    with weights.open("r+b") as file:
        file.write(b"damaged!")
    with pytest.raises(ModelUnavailable) as caught:
        zoo.get("detector")
    assert "the role detector needs transformers:tiny/owl, 1 MB: tiny/owl cannot be loaded" in (
        caught.value.message
    )
    assert "`visprog models pull` fetches damaged files again" in (caught.value.help or "")
    hub.sent.clear()
    pull("tiny/owl", env=environment(tmp_path, hub.url))
    assert hub.sent == {"model.safetensors": (checkpoint / "model.safetensors").stat().st_size}
    assert hasattr(zoo.get("detector"), "detect")


def test_a_truncated_file_counts_as_missing_and_is_fetched_again(
    hub: Hub, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    out, _ = pull("tiny/owl", env=environment(tmp_path, hub.url))
    os.truncate(Path(out.split("\t")[1].strip(), "model.safetensors").resolve(), 5000)
    with pytest.raises(ModelUnavailable, match="not downloaded completely"):
        find_checkpoint("tiny/owl")
    hub.sent.clear()
    pull("tiny/owl", env=environment(tmp_path, hub.url))
    assert hub.sent == {"model.safetensors": (checkpoint / "model.safetensors").stat().st_size}
    assert find_checkpoint("tiny/owl") == Path(out.split("\t")[1].strip())


def test_a_checkpoint_published_with_damage_does_not_count_as_pulled(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    shutil.copytree(checkpoint, tmp_path / "broken")
    os.truncate(tmp_path / "broken" / "model.safetensors", 5000)
    with Hub({"tiny/broken": Repository(tmp_path / "broken")}) as hub:
        _, err = pull("tiny/broken", status=1, env=environment(tmp_path, hub.url))
    assert "tiny/broken cannot be used: model.safetensors is damaged, or not in the safetensors format" in err
    assert "choose another checkpoint or revision" in err
    with pytest.raises(
        ModelUnavailable, match="tiny/broken, 1 MB: the weights of tiny/broken are not downloaded"
    ):
        Zoo(profile_of("tiny/broken", tmp_path), device="cpu").get("detector")


def test_files_that_another_program_fetched_are_found(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    folder = snapshot_download("tiny/owl", endpoint=hub.url)
    assert find_checkpoint("tiny/owl") == Path(folder)


def test_a_pipeline_is_pulled_in_half_precision_and_paints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("diffusers")
    from tests.models.diffusers.tiny_pipelines import stable_diffusion

    folder = stable_diffusion(tmp_path / "published", "text-to-image")
    for weights in sorted(folder.rglob("*.safetensors")):
        shutil.copy(weights, weights.with_suffix(".fp16.safetensors"))
    for surplus in ("safety_checker/model.safetensors", "sd_all_in_one.safetensors"):
        (folder / surplus).parent.mkdir(exist_ok=True)
        (folder / surplus).write_bytes(b"not read")
    with Hub({"tiny/painter": Repository(folder)}) as hub:
        pull("tiny/painter", env=environment(tmp_path, hub.url))
    fetched = [name for name in hub.sent if name.endswith(".safetensors")]
    assert len(fetched) == 3
    assert all(".fp16." in name for name in fetched)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    painter = cast(Inpainter, Zoo("base", {"inpainter": PAINTER}, device="cpu").get("inpainter"))
    picture = Image.from_pil(PILImage.new("RGB", (40, 32), "red"))
    mask = np.zeros((32, 40), bool)
    mask[8:20, 8:20] = True
    painted = painter.inpaint(picture, mask, "grass").pixels
    assert (painted != picture.pixels).any(axis=2)[mask].any()
    assert (painted == picture.pixels)[~mask].all()


def test_a_gated_repository_is_reported_with_the_page_to_accept_its_terms(
    checkpoint: Path, tmp_path: Path
) -> None:
    with Hub({"tiny/gated": Repository(checkpoint, gated=True)}) as hub:
        here = environment(tmp_path / "home", hub.url)
        profile = profile_of("tiny/gated", tmp_path)
        _, err = visprog("models", "--models", profile, "pull", status=1, env=here)
    assert "for detector (transformers:tiny/gated, 1 MB): tiny/gated is gated" in err
    assert "hf auth login" in err


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tiny/none", "tiny/none is not on the hub, or is private"),
        ("tiny/owl@refs/pr/7", "tiny/owl has no revision refs/pr/7"),
    ],
)
def test_missing_repositories_and_revisions_are_reported(
    name: str, words: str, hub: Hub, tmp_path: Path
) -> None:
    _, err = pull(name, status=1, env=environment(tmp_path, hub.url))
    assert f"error: {words}\n" in err


def test_weights_in_another_revision_are_pulled_from_there(checkpoint: Path, tmp_path: Path) -> None:
    profile = tmp_path / "mine.toml"
    profile.write_text('[models]\ndetector = {model = "transformers:tiny/owl", revision = "refs/pr/8"}\n')
    with Hub({"tiny/owl": Repository(checkpoint, at="refs/pr/8")}) as hub:
        here = environment(tmp_path / "home", hub.url)
        _, err = pull("tiny/owl", status=1, env=here)
        assert "tiny/owl has no revision main" in err
        named, _ = pull("tiny/owl@refs/pr/8", env=here)
        by_role, _ = visprog("models", "--models", profile, "pull", "detector", env=here)
    assert named == by_role
    assert "here ·" not in visprog("models", "--models", profile, env=environment(tmp_path / "none"))[0]
    assert "not here" not in visprog("models", "--models", profile, env=environment(tmp_path / "home"))[0]


def test_pickled_weights_are_not_fetched(checkpoint: Path, tmp_path: Path) -> None:
    shutil.copytree(checkpoint, tmp_path / "pickled")
    (tmp_path / "pickled" / "model.safetensors").unlink()
    with Hub({"tiny/pickled": Repository(tmp_path / "pickled")}) as hub:
        _, err = pull("tiny/pickled", status=1, env=environment(tmp_path / "home", hub.url))
    assert "tiny/pickled has no weights in the safetensors format: the weights are pickled" in err
    assert "refs/pr/1" in err
    assert hub.sent == {}


def test_without_a_network_a_pull_fails_quickly(tmp_path: Path) -> None:
    profile = profile_of("tiny/owl", tmp_path)
    _, err = visprog("models", "--models", profile, "pull", status=1, env=environment(tmp_path, nowhere()))
    assert "for detector (transformers:tiny/owl, 1 MB): tiny/owl cannot be fetched: " in err
    assert "the hub cannot be reached" in err
    assert "The profile `base` needs no weights" in err


def test_a_silent_hub_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visprog.models.hub_listing.PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(
            "huggingface_hub.constants.ENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}"
        )
        with pytest.raises(ModelUnavailable, match="tiny/owl cannot be fetched: the hub cannot be reached"):
            fetch("tiny/owl")


def test_an_offline_setting_is_respected(hub: Hub, tmp_path: Path) -> None:
    _, err = pull("tiny/owl", status=1, env=environment(tmp_path, hub.url, HF_HUB_OFFLINE="1"))
    assert "tiny/owl cannot be fetched, because HF_HUB_OFFLINE is set" in err
    assert hub.sent == {}


def profile_of(identifier: str, folder: Path) -> Path:
    path = folder / "profile.toml"
    path.write_text(f'[models]\ndetector = {{model = "transformers:{identifier}", size = "1 MB"}}\n')
    return path


def nowhere() -> str:
    """Return an address at which nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"

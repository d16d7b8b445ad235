"""A hostile hub cannot write outside its cache, and only intact files count as fetched."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("huggingface_hub")
pytest.importorskip("safetensors")

import numpy as np
from huggingface_hub import close_session
from safetensors.numpy import save

from tests.models.hub_server import Body, Hub, Repository, endless, git_hash_of, sha256_of
from visprog import ModelUnavailable, UsageError
from visprog.models.checkpoints import find_checkpoint, is_here
from visprog.models.hub import fetch

NAME = "some/model"
WEIGHTS = save({"kernel": np.arange(600, dtype=np.float32)})
CONFIG = b'{"model_type": "none"}'
Listing = dict[str, Any]


@pytest.fixture
def published(tmp_path: Path) -> Repository:
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(WEIGHTS)
    (folder / "config.json").write_bytes(CONFIG)
    return Repository(folder)


@pytest.fixture
def hub(published: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that is asked by this process, with its cache in `home`."""
    with Hub({NAME: published}) as served:
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "home" / "hub"))
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", served.url)
        template = served.url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr("huggingface_hub.constants.HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr("visprog.models.hub_files._PAUSE", 0.0)
        yield served
        close_session()


def written(tmp_path: Path) -> set[Path]:
    """Return all files below the test's folder but those that are published, without following links."""
    return {path for path in tmp_path.rglob("*") if path.is_file() and "published" not in path.parts}


def without_hashes(listing: Listing) -> Listing:
    """Return a listing as some mirrors of the hub give it."""
    files = [{"rfilename": each["rfilename"], "size": each["size"]} for each in listing["siblings"]]
    return {**listing, "siblings": files}


def without_facts(listing: Listing) -> Listing:
    return {**listing, "siblings": [{"rfilename": each["rfilename"]} for each in listing["siblings"]]}


@pytest.mark.parametrize("forged", [None, without_hashes, without_facts])
def test_an_honest_hub_is_believed_however_much_it_says(
    forged: Callable[[Listing], Listing] | None, hub: Hub, published: Repository
) -> None:
    if forged is not None:
        published.forged = forged
    folder = fetch(NAME)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert (folder / "model.safetensors").resolve().name == sha256_of(WEIGHTS)
    assert (folder / "config.json").resolve().name == git_hash_of(CONFIG)
    hub.sent.clear()
    assert fetch(NAME) == folder == find_checkpoint(NAME) == fetch(NAME, published.commit)
    assert hub.sent == {}


TAGS = [
    "../../../../../../escaped",
    "/escaped/tag",
    "..",
    "",
    "C:\\escaped",
    "a" * 300,
    "g" * 40,
    "0" * 39,
    f"{'0' * 40}/../../x",
]


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_that_is_no_hash_is_no_path(tag: str, hub: Hub, published: Repository, tmp_path: Path) -> None:
    published.forged = without_hashes
    published.tags = {"model.safetensors": tag, "config.json": tag}
    try:
        folder = fetch(NAME)
    except ModelUnavailable as fault:
        assert "the hub gives neither size nor hash of" in fault.message  # it reported nothing at all
        assert not tag
    else:
        assert (folder / "model.safetensors").read_bytes() == WEIGHTS
        assert len((folder / "model.safetensors").resolve().name) == 64
    assert hub.sent or not tag
    assert all(path.is_relative_to(tmp_path / "home" / "hub") for path in written(tmp_path))


NAMES = [
    "../escaped.json",
    "../../../../escaped.txt",
    "/etc/escaped.json",
    "folder/../../escaped.json",
    "./escaped.json",
    "folder//escaped.json",
    "folder/",
    "..",
    "",
    "zero\0.json",
    "..\\escaped.json",
    "folder\\escaped.json",
    "C:\\escaped.json",
    "C:escaped.json",
    "stream.json:hidden.json",
    "bell\a.json",
    "escape\x1b[2J.json",
    "line\n.json",
    "\ud800.json",
    "../escaped.bin",  # this one would not be fetched
    7,
    None,
    ["config.json"],
]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_is_no_plain_file_name_is_rejected(
    name: object, hub: Hub, published: Repository, tmp_path: Path
) -> None:
    def forged(listing: Listing) -> Listing:
        return {**listing, "siblings": [*listing["siblings"], {"rfilename": name, "size": 5}]}

    published.forged = forged
    with pytest.raises(ModelUnavailable, match="the answer of the hub names the file ") as caught:
        fetch(NAME)
    assert "HF_ENDPOINT" in (caught.value.help or "")
    assert hub.sent == {}
    assert written(tmp_path) == set()
    assert not is_here(NAME)


def test_odd_names_of_files_that_are_not_fetched_do_no_harm(hub: Hub, published: Repository) -> None:
    published.forged = lambda listing: {
        **listing,
        "siblings": [*listing["siblings"], {"rfilename": "onnx\\model.onnx", "size": 5}],
    }
    assert (fetch(NAME) / "model.safetensors").is_file()
    assert set(hub.sent) == {"config.json", "model.safetensors"}


@pytest.mark.parametrize(
    "commit", ["../../escaped", "main", "", "g" * 40, "0" * 39, "0" * 40 + "/..", 7, None]
)
def test_a_commit_that_is_no_hash_is_rejected(
    commit: object, hub: Hub, published: Repository, tmp_path: Path
) -> None:
    published.forged = lambda listing: {**listing, "sha": commit}
    with pytest.raises(ModelUnavailable, match=r"the answer of the hub names the commit .*40 hex digits"):
        fetch(NAME)
    assert hub.sent == {}
    assert written(tmp_path) == set()


ANSWERS: list[Body] = [
    b"",
    b"<html>Log in to this network</html>",
    b"[]",
    b"null",
    b"7",
    b'{"sha": "0"}',
    b'{"siblings": 7}',
    b'{"siblings": [7]}',
    b"[" * 100_000,
    b"\xff\xfe\x00",
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_is_no_listing_is_rejected(
    answer: Body, hub: Hub, published: Repository, tmp_path: Path
) -> None:
    published.forged = lambda _: answer
    with pytest.raises(ModelUnavailable, match="the answer of the hub is not a listing of files") as caught:
        fetch(NAME)
    assert "a login page" in (caught.value.help or "")
    assert hub.sent == {}
    assert written(tmp_path) == set()


def test_a_listing_without_end_is_given_up(
    hub: Hub, published: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    published.forged = lambda _: endless
    with pytest.raises(ModelUnavailable, match=r"the answer of the hub has more than 33,554,432 bytes"):
        fetch(NAME)
    monkeypatch.setattr("visprog.models.hub_listing._LONGEST", 0.0)
    with pytest.raises(ModelUnavailable, match="the answer of the hub took longer than 0 s"):
        fetch(NAME)
    assert hub.sent == {}


def lying(size: object) -> Callable[[Listing], Listing]:
    """Return a function that changes the size of the weights in a listing, and removes the hashes."""

    def forged(listing: Listing) -> Listing:
        files = [
            {**each, "size": size} if each["rfilename"] == "model.safetensors" else each
            for each in without_hashes(listing)["siblings"]
        ]
        return {**listing, "siblings": files}

    return forged


@pytest.mark.parametrize("size", [-1, 1.5, "12", True, None, 10**30, [12]])
def test_a_size_that_is_no_number_of_bytes_is_asked_for_again(
    size: object, hub: Hub, published: Repository
) -> None:
    published.forged = lying(size)
    assert (fetch(NAME) / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.sent["model.safetensors"] == len(WEIGHTS)


def test_more_than_the_disk_holds_is_not_begun(hub: Hub, published: Repository) -> None:
    published.forged = lying(10**18)
    with pytest.raises(ModelUnavailable, match=r"needs 1,000,000,000\.0 GB of disk space, and ") as caught:
        fetch(NAME)
    assert "HF_HOME" in (caught.value.help or "")
    assert hub.sent == {}


def flipped(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("forged", [None, without_hashes])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_content_that_is_not_what_was_announced_does_not_count(
    name: str, forged: Callable[[Listing], Listing] | None, hub: Hub, published: Repository
) -> None:
    if forged is not None:
        published.forged = forged
    published.contents = {name: flipped(published.files[name].read_bytes())}
    with pytest.raises(ModelUnavailable, match=f"{NAME} cannot be used: {name} is not the file that the hub"):
        fetch(NAME)
    assert not is_here(NAME)
    published.contents = {}
    hub.sent.clear()
    fetch(NAME)  # the received part is deleted
    assert hub.sent[name] == len(published.files[name].read_bytes())
    assert is_here(NAME)


def long_body() -> Iterator[bytes]:
    yield WEIGHTS
    yield b"and more"


@pytest.mark.parametrize("body", [endless, long_body, WEIGHTS + b"and more"])
@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_body_longer_than_announced_is_given_up(
    name: str, body: Body, hub: Hub, published: Repository, tmp_path: Path
) -> None:
    published.contents = {name: body}
    with pytest.raises(ModelUnavailable, match=r"the hub sent more than the .* bytes that it ann"):
        fetch(NAME)
    assert hub.repositories
    assert all(path.stat().st_size <= 5000 for path in written(tmp_path))
    assert not is_here(NAME)


def short_body() -> Iterator[bytes]:
    yield WEIGHTS[:1000]


@pytest.mark.parametrize("body", [short_body, WEIGHTS[:1000], b"", lambda: iter(())])
def test_a_body_shorter_than_announced_does_not_count(body: Body, hub: Hub, published: Repository) -> None:
    published.contents = {"model.safetensors": body}
    with pytest.raises(ModelUnavailable, match="cannot be fetched"):
        fetch(NAME)
    assert not is_here(NAME)
    published.contents = {}
    assert (fetch(NAME) / "model.safetensors").read_bytes() == WEIGHTS
    assert hub.sent


def file_of(header: bytes, data: bytes = b"", length: int | None = None) -> bytes:
    return struct.pack("<Q", len(header) if length is None else length) + header + data


def tensor(**facts: object) -> bytes:
    return json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8], **facts}}).encode()


UNSOUND = {
    "empty": b"",
    "garbage": b"random bytes that are no weights at all" * 20,
    "zeros": bytes(500),
    "page": b"<!DOCTYPE html><html>Not found</html>",
    "pickled": b"\x80\x04\x95" + bytes(100),
    "truncated": WEIGHTS[:-4],
    "header alone": WEIGHTS[:8],
    "header beyond the end": file_of(tensor(), length=10**6),
    "endless header": file_of(tensor(), length=2**63),
    "long header": file_of(b" " * 2**25 + b" "),
    "header that is no JSON": file_of(b"{nothing}"),
    "header that is a list": file_of(b"[]"),
    "offsets beyond the end": file_of(tensor(data_offsets=[0, 800], shape=[200]), bytes(8)),
    "offsets the wrong way round": file_of(tensor(data_offsets=[8, 0]), bytes(8)),
    "negative offsets": file_of(tensor(data_offsets=[-8, 0]), bytes(8)),
    "a shape that does not fit": file_of(tensor(shape=[3]), bytes(8)),
    "a shape that overflows": file_of(tensor(shape=[2**62, 2**62]), bytes(8)),
    "an unknown type": file_of(tensor(dtype="F77"), bytes(8)),
    "bytes of no tensor": file_of(tensor(), bytes(16)),
}


@pytest.mark.parametrize("kind", UNSOUND)
def test_weights_that_are_no_safetensors_do_not_count(kind: str, hub: Hub, published: Repository) -> None:
    (published.folder / "model.safetensors").write_bytes(UNSOUND[kind])
    with pytest.raises(ModelUnavailable, match=r"model.safetensors is .*not in the safetensors format"):
        fetch(NAME)
    assert hub.sent.get("model.safetensors", 0) == len(UNSOUND[kind])
    assert not is_here(NAME)


def test_a_pointer_of_git_lfs_is_called_so(hub: Hub, published: Repository) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"
    (published.folder / "model.safetensors").write_bytes(pointer)
    with pytest.raises(ModelUnavailable, match=r"model.safetensors is a pointer of Git LFS"):
        fetch(NAME)
    assert hub.sent


def test_the_key_stays_with_the_hub(hub: Hub, published: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_aSecretThatStaysHere")
    published.moved = True
    assert (fetch(NAME) / "model.safetensors").read_bytes() == WEIGHTS
    published.forged = without_facts
    fetch(NAME)
    assert hub.leaked == []


def test_a_file_where_a_folder_should_be_is_an_error_in_words(hub: Hub, published: Repository) -> None:
    def forged(listing: Listing) -> Listing:
        names = [{**listing["siblings"][0], "rfilename": name} for name in ("a.json", "a.json/b.json")]
        return {**listing, "siblings": [*listing["siblings"], *names]}

    published.forged = forged
    (published.folder / "a.json").write_bytes(CONFIG)
    with pytest.raises(ModelUnavailable, match=f"{NAME} cannot be "):
        fetch(NAME)
    assert hub.repositories
    assert not is_here(NAME)


@pytest.mark.parametrize("revision", ["../../escaped", "/escaped", "..", "a//b", "", "a\0b"])
def test_a_revision_that_is_no_name_is_rejected(revision: str, hub: Hub, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not a valid name of a revision"):
        fetch(NAME, revision)
    assert hub.sent == {}
    assert written(tmp_path) == set()


@pytest.mark.parametrize("name", ["some/..", "some/mo:del", "some/--", "../model", "some/model/more", "some"])
def test_a_name_that_no_repository_has_is_rejected(name: str, hub: Hub) -> None:
    with pytest.raises(UsageError, match="neither a folder nor a valid name of a repository"):
        fetch(name)
    assert hub.sent == {}

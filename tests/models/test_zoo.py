"""A profile names models. They are loaded once, on first use, and errors name what is missing."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from visprog import Image, ModelUnavailable, Regions, UsageError, VisProg
from visprog.models.backend import Backend, find_backend
from visprog.models.backends import opencv as opencv_backend
from visprog.models.backends.opencv import loading as opencv
from visprog.models.checkpoints import has_no_accelerator
from visprog.models.fake import FakeDetector
from visprog.models.profile import Profile, load_profile, profile_names
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo


def test_every_shipped_profile_can_be_read() -> None:
    assert "base" in profile_names()
    for name in profile_names():
        assert load_profile(name).description


def test_a_model_is_loaded_on_first_use_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    loads: list[str] = []
    real = opencv.load

    def load(role: str, identifier: str, options: dict[str, object]) -> object:
        loads.append(identifier)
        return real(role, identifier, options)

    monkeypatch.setattr(opencv, "load", load)
    zoo = Zoo("base")
    assert zoo.has("face_detector")
    assert zoo.loaded("face_detector") is None
    assert loads == []
    threads = [threading.Thread(target=zoo.get, args=("face_detector",)) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert loads == ["haar"]
    assert zoo.loaded("face_detector") is zoo.get("face_detector")


def test_an_object_fills_a_role() -> None:
    detector = FakeDetector({})
    zoo = Zoo("base", {"detector": detector})
    assert zoo.get("detector") is detector
    assert zoo.loaded("detector") is detector
    assert zoo.loaded("segmenter") is None
    assert zoo.fingerprint("detector") != Zoo("base", {"detector": FakeDetector({})}).fingerprint("detector")


def test_the_error_for_a_role_without_a_model_has_advice() -> None:
    with pytest.raises(ModelUnavailable) as caught:
        Zoo("base").get("segmenter")
    assert "the profile `base` has no model for the role segmenter" in caught.value.message
    assert "visprog doctor" in (caught.value.help or "")


def test_a_model_without_its_key_names_role_and_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ModelUnavailable) as caught:
        Zoo("base").get("language_model")
    assert "the role language_model needs" in caught.value.message
    assert "OPENAI_API_KEY" in (caught.value.help or "")


def test_a_custom_profile_is_read_from_its_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[models]\nface_detector = {model = "opencv:haar", side = 640}\n')
    zoo = Zoo(path)
    assert zoo.fingerprint("face_detector").startswith("opencv:haar side=640 opencv-python 4.")
    assert not zoo.has("language_model")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[models]\ndetectr = 'opencv:haar'", "unknown role `detectr`"),
        ("[models]\ndetector = 'opencb:haar'", "unknown backend `opencb`"),
        ("[models]\ndetector = 3", "expected a model for the role detector, found 3"),
        ("[models\n", "is not TOML"),
        ("models = 1", "`models` in the profile .* is not a table"),
    ],
)
def test_a_faulty_profile_is_rejected(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=words):
        Zoo(path)


def test_an_unknown_profile_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unknown profile `bass`") as caught:
        Zoo("bass")
    assert "base" in (caught.value.help or "")
    with pytest.raises(UsageError, match="does not exist"):
        Zoo(tmp_path / "none.toml")


def test_every_role_has_a_description() -> None:
    assert all((role.__doc__ or "").strip() for role in ROLES.values())


class Both:
    """Fills two roles, and takes some memory."""

    nbytes = 100

    def segment(self, image: Image) -> Regions:
        return Regions(size=image.size)

    def mask(self, image: Image, regions: Regions) -> Regions:
        return regions


class OnlyMasks:
    nbytes = 100

    def mask(self, image: Image, regions: Regions) -> Regions:
        return regions


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The name `opencv` stands for a backend that fills two roles; tests replace its loader."""
    record = Backend(name="opencv", loader=f"{opencv.__name__}:load", roles=("segmenter", "masker"))
    with monkeypatch.context() as patch:
        patch.setattr(opencv_backend, "BACKEND", record)
        find_backend.cache_clear()
        yield
    find_backend.cache_clear()


@pytest.fixture
def loads(stand_in: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The identifiers that the backend is asked to load."""
    asked: list[str] = []

    def load(role: str, identifier: str, options: dict[str, object]) -> object:
        asked.append(identifier)
        return Both() if identifier.startswith("both") else OnlyMasks()

    monkeypatch.setattr(opencv, "load", load)
    return asked


def test_roles_with_the_same_model_share_it(loads: list[str]) -> None:
    zoo = Zoo(Profile("own"), {"segmenter": "opencv:both", "masker": "opencv:both"})
    assert zoo.get("segmenter") is zoo.get("masker")
    assert loads == ["both"]


def test_other_options_make_another_model(loads: list[str]) -> None:
    zoo = Zoo(Profile("own"), {"segmenter": "opencv:both", "masker": {"model": "opencv:both", "side": 3}})
    assert zoo.get("segmenter") is not zoo.get("masker")
    assert zoo.fingerprint("segmenter") != zoo.fingerprint("masker")


def test_the_least_recently_used_model_is_unloaded(loads: list[str]) -> None:
    zoo = Zoo(Profile("own"), {"segmenter": "opencv:both", "masker": "opencv:masks"}, memory=150)
    for role in ("segmenter", "masker", "masker", "segmenter"):
        zoo.get(role)
    assert loads == ["both", "masks", "both"]
    roomy = Zoo(Profile("own"), {"segmenter": "opencv:both", "masker": "opencv:masks"}, memory=200)
    for role in ("segmenter", "masker", "segmenter"):
        roomy.get(role)
    assert loads[3:] == ["both", "masks"]


def test_device_and_precision_apply_only_to_local_models() -> None:
    zoo = Zoo(Profile("own"), {"detector": "transformers:x/y", "face_detector": "opencv:haar"}, device="cpu")
    assert "device='cpu'" in zoo.fingerprint("detector")
    assert "device" not in zoo.fingerprint("face_detector")


def test_device_and_precision_change_the_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")

    def fingerprint(gpus: int, device: str = "auto", dtype: str = "auto") -> str:
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        zoo = Zoo(Profile("own"), {"detector": "transformers:x/y"}, device=device, dtype=dtype)
        return zoo.fingerprint("detector")

    monkeypatch.setattr("visprog.models.fingerprints.has_no_accelerator", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert fingerprint(0).endswith(" on cpu in float32")
    assert fingerprint(1).endswith(" on cuda in bfloat16")
    assert fingerprint(1, dtype="float16").endswith(" on cuda")
    assert fingerprint(0, "cuda", "float16") == fingerprint(1, "cuda", "float16")


def test_without_torch_a_local_model_has_a_fingerprint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    zoo = Zoo(Profile("own"), {"detector": "transformers:x/y"})
    assert zoo.fingerprint("detector").startswith("transformers:x/y")


@pytest.mark.parametrize("profile", ["base", "mini"])
def test_without_an_accelerator_fingerprints_do_not_import_torch(profile: str) -> None:
    if profile == "mini" and not has_no_accelerator():
        pytest.skip("torch alone can tell which device is taken here")
    script = (
        "import sys; from visprog.models.roles import ROLES; from visprog.models.zoo import Zoo\n"
        f"zoo = Zoo({profile!r}); print([zoo.fingerprint(role) for role in ROLES if zoo.has(role)] != [])\n"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False"]


def test_another_server_changes_the_fingerprint_which_hides_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://user:secret@127.0.0.1:9/v1")
    here = Zoo("base").fingerprint("language_model")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:10/v1")
    assert here != Zoo("base").fingerprint("language_model")
    assert "secret" not in here


def test_a_profile_bounds_memory_and_sets_tools(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('memory = "1.5 GB"\n[tools.Classify]\ndescriptions = true\n')
    profile = load_profile(path)
    assert profile.memory == 1_500_000_000
    assert Zoo(profile).settings("CLASSIFY") == {"descriptions": True}
    path.write_text('memory = "much"')
    with pytest.raises(UsageError, match="'much' is not an amount of memory"):
        load_profile(path)


def test_options_that_may_contain_a_secret_are_shown_as_a_hash() -> None:
    def fingerprint(address: str) -> str:
        server = {"model": "openai:x", "base_url": address, "parameters": {"token": "secret"}}
        return Zoo(Profile("own"), {"language_model": server}).fingerprint("language_model")

    for address in ("http://user:password@127.0.0.1:9/v1", "user:password@127.0.0.1/v1"):
        assert "password" not in fingerprint(address)
    shown = fingerprint("http://user:password@127.0.0.1:9/v1")
    assert "secret" not in shown
    assert shown != fingerprint("http://127.0.0.1:9/v1")


def test_roles_that_ask_for_the_same_model_at_the_same_time_load_it_once(loads: list[str]) -> None:
    zoo = Zoo(Profile("own"), {"segmenter": "opencv:both", "masker": "opencv:both"})
    meeting = threading.Barrier(2, timeout=20)

    def ask(role: str) -> None:
        meeting.wait()
        zoo.get(role)

    threads = [threading.Thread(target=ask, args=(role,)) for role in ("segmenter", "masker")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert loads == ["both"]


def test_room_is_made_before_a_model_is_loaded(
    stand_in: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    held: list[int] = []
    zoo = Zoo(
        Profile("own"), {"segmenter": "opencv:both", "masker": f"opencv:{tmp_path / 'm.onnx'}"}, memory=150
    )
    (tmp_path / "m.onnx").write_bytes(b"x" * 100)

    def load(role: str, identifier: str, options: dict[str, object]) -> object:
        held.append(zoo.loaded_bytes())
        return Both() if role == "segmenter" else OnlyMasks()

    monkeypatch.setattr(opencv, "load", load)
    zoo.get("segmenter")
    zoo.get("masker")
    assert held == [0, 0]


def test_models_that_are_asked_for_at_the_same_time_are_loaded_within_the_bound(
    stand_in: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lock, both_load = threading.Lock(), threading.Event()
    files = {role: tmp_path / f"{role}.onnx" for role in ("segmenter", "masker")}
    for file in files.values():
        file.write_bytes(b"x" * 100)
    zoo = Zoo(Profile("own"), {role: f"opencv:{file}" for role, file in files.items()}, memory=150)
    under_way, taken = list[str](), list[int]()

    def load(role: str, identifier: str, options: dict[str, object]) -> object:
        with lock:
            under_way.append(role)
            taken.append(zoo.loaded_bytes() + 100 * len(under_way))
            if len(under_way) == 2:
                both_load.set()
        both_load.wait(0.3)
        with lock:
            under_way.remove(role)
        return Both()

    monkeypatch.setattr(opencv, "load", load)
    threads = [threading.Thread(target=zoo.get, args=(role,)) for role in files]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert taken == [100, 100]


def test_a_model_that_could_not_be_loaded_takes_no_room(
    stand_in: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(b"x" * 100)
    (tmp_path / "n.onnx").write_bytes(b"x" * 100)
    models = {"segmenter": f"opencv:{tmp_path / 'm.onnx'}", "masker": f"opencv:{tmp_path / 'n.onnx'}"}
    zoo = Zoo(Profile("own"), models, memory=150)

    def load(role: str, identifier: str, options: dict[str, object]) -> object:
        if role == "segmenter":
            raise ModelUnavailable("it is damaged")
        return Both()

    monkeypatch.setattr(opencv, "load", load)
    with pytest.raises(ModelUnavailable):
        zoo.get("segmenter")
    asking = threading.Thread(target=zoo.get, args=("masker",), daemon=True)
    asking.start()
    asking.join(20)
    assert not asking.is_alive()


def test_a_changed_file_is_another_model(tmp_path: Path) -> None:
    weights, labels = tmp_path / "m.onnx", tmp_path / "labels.txt"
    weights.write_bytes(b"one")
    labels.write_text("dog")

    def fingerprint() -> str:
        model = {"model": f"opencv:{weights}", "labels": str(labels)}
        return Zoo(Profile("own"), {"detector": model}).fingerprint("detector")

    first = fingerprint()
    assert first == fingerprint()
    labels.write_text("dog\ncat")
    second = fingerprint()
    assert first != second
    weights.write_bytes(b"other")
    assert second != fingerprint()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("memory = 'inf GB'", "not an amount of memory"),
        ("memory = '-1 GB'", "not an amount of memory"),
        ("[tools]\nClassify = 3", "`Classify` in .* is not a table"),
        ("detector = 'opencv:haar'", "has the unknown key `detector`"),
    ],
)
def test_a_malformed_profile_is_rejected(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=words):
        load_profile(path)


def test_settings_of_an_unknown_tool_are_rejected() -> None:
    with pytest.raises(UsageError, match="unknown tool `clasify`"):
        VisProg(models=Zoo(Profile("own", tools={"clasify": {"descriptions": True}})))

"""One record describes each backend. Installed packages add backends by an entry point."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from visprog.errors import ModelUnavailable, UsageError, VisProgError
from visprog.extras import is_installed
from visprog.models import backend
from visprog.models.backend import BUILT_IN, GROUP, Backend, backend_names, find_backend
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_record_describes_the_backend(name: str) -> None:
    record = find_backend(name)
    assert record.name == name
    assert record.roles
    assert set(record.roles) <= set(ROLES)
    assert record.distributions
    assert record.remote != (record.placed or name == "opencv")


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_role_that_is_not_in_the_record_is_rejected(name: str) -> None:
    record = find_backend(name)
    if not all(map(is_installed, record.packages)):
        pytest.skip("its packages are not installed")
    for role in set(ROLES) - set(record.roles):
        with pytest.raises(ModelUnavailable, match=role):
            record.load(role, "x", {})


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_role_of_the_record_is_not_rejected_as_a_role(name: str) -> None:
    record = find_backend(name)
    for role in record.roles:
        try:
            record.load(role, "no/such", {})
        except VisProgError as error:
            assert "does not fill" not in error.message


def test_records_load_no_library() -> None:
    program = (
        "import sys\nfrom visprog.models.backend import BUILT_IN, find_backend\n"
        "[find_backend(name) for name in BUILT_IN]\n"
        "heavy = {'torch', 'transformers', 'diffusers', 'segment_anything', 'open_clip', 'openai', 'cv2'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


PACKAGE = """
from visprog.models.backend import Backend

class Echo:
    fingerprint = "echo 1"

    def answer(self, image, question):
        return question

def load(role, identifier, options):
    return Echo()

BACKEND = Backend(name="echo", loader="echoing:load", roles=("visual_qa",), distributions=("echoing",))
NONE = 5
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "echoing.py").write_text(PACKAGE)
    facts = tmp_path / "echoing-1.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: echoing\nVersion: 1.5\n")
    lines = ["echo = echoing:BACKEND", "number = echoing:NONE", "broken = echoing.parts:BACKEND"]
    (facts / "entry_points.txt").write_text(f"[{GROUP}]\n" + "\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    backend.installed_backends.cache_clear()
    find_backend.cache_clear()
    yield
    backend.installed_backends.cache_clear()
    find_backend.cache_clear()
    sys.modules.pop("echoing", None)


def test_an_installed_package_adds_a_backend(installed: None) -> None:
    zoo = Zoo("base", {"visual_qa": "echo:loud"})
    assert backend_names()[-3:] == ("echo", "number", "broken")
    assert isinstance(find_backend("echo"), Backend)
    assert zoo.get("visual_qa").answer(None, "hm?") == "hm?"  # type: ignore[attr-defined]
    assert zoo.fingerprint("visual_qa") == "echo:loud echoing 1.5"


def test_a_faulty_entry_point_is_named(installed: None) -> None:
    with pytest.raises(UsageError, match="the backend `number` is of the type int") as caught:
        find_backend("number")
    assert GROUP in (caught.value.help or "")
    with pytest.raises(UsageError, match="the installed backend `broken` cannot be imported") as broken:
        find_backend("broken")
    assert "echoing.parts:BACKEND" in (broken.value.help or "")
    with pytest.raises(UsageError, match="unknown backend `shout`"):
        find_backend("shout")

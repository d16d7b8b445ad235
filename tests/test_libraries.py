"""First imports wait for each other, and a failed import is explained."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from visprog import extras
from visprog.errors import ModelUnavailable, UsageError, VisProgError
from visprog.libraries import explain, importing, imports_held, needs
from visprog.models.checkpoints import loading

PATIENCE = 20.0


@pytest.mark.parametrize("block", [imports_held, lambda: importing("first"), lambda: loading("tiny/owl")])
def test_first_imports_wait_for_each_other(block: object) -> None:
    inside, leave, came = Event(), Event(), Event()

    def hold() -> None:
        with block():  # type: ignore[operator]
            inside.set()
            assert leave.wait(PATIENCE)

    def follow() -> None:
        with importing(f"second of {id(block)}"):
            came.set()

    with ThreadPoolExecutor(2) as pool:
        holding = pool.submit(hold)
        assert inside.wait(PATIENCE)
        following = pool.submit(follow)
        assert not came.wait(0.1)
        leave.set()
        holding.result(PATIENCE)
        following.result(PATIENCE)
    assert came.is_set()


def test_an_imported_module_takes_no_lock() -> None:
    with importing("known"):
        pass

    def enter() -> None:
        with importing("known"):
            pass

    with ThreadPoolExecutor(1) as pool, imports_held():
        pool.submit(enter).result(PATIENCE)


def test_a_failed_import_is_tried_again() -> None:
    for _ in range(2):
        with pytest.raises(ModelUnavailable), needs("not_there"):
            import not_there  # type: ignore[import-not-found]  # noqa: F401


@pytest.mark.parametrize("kind", [ModelUnavailable, UsageError])
def test_a_package_that_is_missing_has_the_callers_error(kind: type[VisProgError]) -> None:
    with (
        pytest.raises(kind, match="the package not_there is not installed") as caught,
        needs("not_there", kind),
    ):
        import not_there  # noqa: F401
    assert caught.value.help == "install it with `pip install 'not_there'`"
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


@pytest.mark.parametrize("source", ["raise ImportError('libGL.so.1: not found')", "import json.absent"])
def test_the_reason_of_a_failed_import_is_reported(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "broken.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    why = r"broken is installed but .*(libGL|json\.absent)"
    with pytest.raises(ModelUnavailable, match=why) as caught, needs("broken"):
        import broken  # type: ignore[import-not-found]  # noqa: F401
    assert "--force-reinstall 'broken'" in str(caught.value.help)


def test_a_missing_module_of_python_itself_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lzma", None)
    message, advice = explain(ModuleNotFoundError("No module named 'lzma'", name="lzma"), "torchvision")
    assert message == "the package torchvision cannot be imported: this Python has no module lzma"
    assert "pip" not in advice


@pytest.mark.parametrize(
    "text",
    [
        "\nMaskFormer requires the scipy library but it was not found.\n`pip install scipy`",
        "The 'scipy>=1.11' distribution was not found and is required by this application.",
    ],
)
@pytest.mark.parametrize("kind", [ImportError, ModuleNotFoundError])
def test_a_missing_package_is_found_in_the_message_of_a_library(
    kind: type[ImportError], text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    message, advice = explain(kind(text), "transformers")
    assert message == "the extra `models` is not complete: the package scipy is not installed"
    assert advice == f"install it with `{extras.install_extra('models')}`"


def test_loading_names_the_incomplete_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy", None)
    why = "tiny/owl cannot be loaded: the extra `models`"
    with pytest.raises(ModelUnavailable, match=why) as caught, loading("tiny/owl"):
        raise ImportError("it requires the scipy library")
    assert extras.install_extra("models") in str(caught.value.help)

"""Rules for the source files: nothing is evaluated by Python, packages are listed, files stay short."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path
    for folder in ("visprog", "modules", "prompts", "training", "examples", "tests")
    for path in (ROOT / folder).rglob("*.py")
    if not {"modules", "prompts"} & set(path.relative_to(ROOT).parts[1:2])
)


def trees(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        if not folders or path.relative_to(ROOT).parts[0] in folders:
            yield path, ast.parse(path.read_text("utf-8"))


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 60


def test_nothing_is_evaluated_by_python() -> None:
    forbidden = {"eval", "exec", "compile", "__import__"}
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and node.id in forbidden
    ]
    assert not found


def test_no_text_is_formatted_by_a_template_that_is_data() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path, tree in trees("visprog", "modules", "prompts")
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        if node.func.attr in ("format", "format_map")
    ]
    assert not found


def imports(tree: ast.Module) -> set[str]:
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_nothing_imports_the_training_code() -> None:
    for path, tree in trees("visprog", "modules", "prompts", "examples"):
        assert not any(name.partition(".")[0] == "training" for name in imports(tree)), path


def test_the_language_needs_nothing_but_python() -> None:
    known = set(sys.stdlib_module_names) | {"visprog"}
    for path, tree in trees("visprog"):
        if "language" in path.parts:
            assert {name.split(".")[0] for name in imports(tree)} <= known, path


def test_the_package_list_is_the_tree() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    found = set()
    for path in SOURCES:
        parts = path.relative_to(ROOT).parts
        if path.name == "__init__.py" and parts[0] in ("visprog", "modules", "prompts"):
            found.add(".".join(parts[:-1] if parts[0] == "visprog" else ("visprog", *parts[:-1])))
    assert found == set(settings["packages"])


def test_every_data_file_is_packaged() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    for package, patterns in settings.items():
        folder = ROOT / package.replace(".", "/")
        packaged = {path for pattern in patterns for path in folder.glob(pattern)}
        for path in folder.iterdir():
            if path.is_file() and path.suffix not in (".py", ".pyc"):
                assert path in packaged, path


def test_the_weights_that_come_with_the_package_are_packaged_and_small() -> None:
    folder = ROOT / "visprog" / "models" / "mini"
    files = [path for path in folder.rglob("*") if path.is_file()]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    assert "mini/**" in settings["package-data"]["visprog.models"]
    assert sum(path.stat().st_size for path in files) <= 40_000_000
    assert not [path for path in files if path.suffix in (".bin", ".pt", ".pth", ".ckpt", ".pkl")]


def test_the_built_in_tools_have_one_name() -> None:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import modules"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "visprog.modules" in done.stderr


@pytest.mark.parametrize("command", ["import visprog", "import visprog.cli"])
def test_importing_loads_no_large_library(command: str) -> None:
    heavy = ("numpy", "PIL", "cv2", "torch", "openai", "pydantic", "jinja2")
    program = f"{command}; import sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_project_speaks_of_itself_alone() -> None:
    telling = re.compile("/(work|tmp|root)/|TO" + "DO|FIX" + "ME")
    for path in [*SOURCES, *ROOT.glob("*.md"), *(ROOT / "prompts").glob("*.txt"), ROOT / "pyproject.toml"]:
        assert telling.search(path.read_text("utf-8")) is None, path


def test_no_file_has_more_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path, _ in trees("visprog", "modules", "prompts")
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    replaced = {"visprog/planner/examples/slots.py", "visprog/planner/examples/derivation.py"}
    assert long.keys() <= replaced

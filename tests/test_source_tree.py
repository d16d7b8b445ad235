"""What the tree holds to: nothing evaluated by Python, floors above floors, packages as listed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Container, Iterator
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


FLOORS = [
    "errors",
    "extras",
    "libraries",
    "parallel",
    "printable",
    "model_text",
    "language",
    "values",
    "files",
    "budget",
    "metadata",
    "decoding",
    "pixels",
    "images",
    "inputs",
    "audio",
    "models",
    "tools",
    "tool_sources",
    "engine",
    "prompts",
    "planner",
    "trace",
]
"""From the ground up."""

UPSTAIRS = [
    "session",
    "batch",
    "results",
    "listing",
    "model_listing",
    "doctor",
    "cli",
    "miniworld",
    "modules",
]
"""What stands above all floors, and the tools beside them."""

MINIWORLD = [
    {"catalogue", "overlaps"},
    {"scene", "textures"},
    {"drawing"},
    {"captions", "mentions", "sight"},
    {"knowledge"},
    {"tasks"},
    {"oracle"},
    {"exhibits", "demo_page", "demo"},
    {"evaluation"},
]
"""The floors of the miniature world, from the ground up. What stands on one floor may import each other."""


@pytest.mark.parametrize("floor", FLOORS)
def test_a_floor_imports_only_floors_below(floor: str) -> None:
    above = {f"visprog.{name}" for name in FLOORS[FLOORS.index(floor) + 1 :]}
    above |= {f"visprog.{name}" for name in UPSTAIRS}
    allowed = {("language", "visprog.errors"), ("models", "visprog.models")}
    found = []
    for path, tree in trees("visprog", "prompts"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if (parts[1] if parts[0] == "visprog" else parts[0]) != floor:
            continue
        found += [
            f"{path.relative_to(ROOT)} imports {name}"
            for name in imports(_without_type_checking(tree))
            if any(name == each or name.startswith(f"{each}.") for each in above)
            if (floor, name) not in allowed
        ]
    assert not found


def test_a_floor_of_the_miniature_world_imports_only_floors_below() -> None:
    places = {name: number for number, names in enumerate(MINIWORLD) for name in names}
    found = []
    for path, tree in trees("visprog"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[1] != "miniworld" or parts[2] == "__init__":
            continue
        assert parts[2] in places, f"{path.relative_to(ROOT)} stands on no floor"
        for name in imports(_without_type_checking(tree)):
            other = name.removeprefix("visprog.miniworld.").split(".")[0]
            if name.startswith("visprog.miniworld.") and places[other] > places[parts[2]]:
                found.append(f"{path.relative_to(ROOT)} imports {name}")
    assert not found


def test_only_the_command_line_knows_of_the_miniature_world() -> None:
    for path, tree in trees("visprog", "modules", "prompts", "examples"):
        assert not any(name.partition(".")[0] == "training" for name in imports(tree)), path
        parts = path.relative_to(ROOT).parts
        if not {"miniworld", "cli"} & set(parts):
            assert not any(name.startswith("visprog.miniworld") for name in imports(tree)), path


def _without_type_checking(tree: ast.Module) -> ast.Module:
    body = [
        node
        for node in tree.body
        if not (
            isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        )
    ]
    return ast.Module(body, [])


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


def modules() -> dict[str, Path]:
    """Return the files of the package by the names under which they are imported."""
    found = {}
    for path in SOURCES:
        parts = path.relative_to(ROOT).with_suffix("").parts
        if parts[0] in ("visprog", "modules", "prompts"):
            parts = parts if parts[0] == "visprog" else ("visprog", *parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imported(tree: ast.Module, known: Container[str]) -> set[str]:
    """Return the modules that a file imports, at its top or in a function."""
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in known else node.module for name in whole}
    return {name for name in names if name in known}


def test_no_files_import_each_other() -> None:
    files = modules()
    above = {
        name: imported(_without_type_checking(ast.parse(path.read_text("utf-8"))), files) - {name}
        for name, path in files.items()
    }
    while bottom := [name for name, needed in above.items() if not needed & above.keys()]:
        for name in bottom:
            del above[name]
    assert not above


def test_no_file_has_more_than_400_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in modules().values()
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    }
    replaced = {"visprog/planner/examples/slots.py", "visprog/planner/examples/derivation.py"}
    assert long.keys() <= replaced

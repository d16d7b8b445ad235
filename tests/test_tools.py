"""A tool is a typed function, and errors in its declaration are reported with their place."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import pytest

from visprog import Expression, Image, Regions, Registry, Scalar, Tool, ToolError, UsageError, Warn, tool
from visprog.models.roles import Detector, Masker
from visprog.modules import TOOLS
from visprog.tool_sources import load_tools

T = TypeVar("T")


@tool("Find", aliases=["Look", "Seek"], parameter_aliases={"thing": ("what",)})
def find(
    image: Image, thing: str | None = None, *, detector: Detector, masker: Masker | None, warn: Warn
) -> Regions:
    """Find a thing.

    More about it.
    """
    warn("found nothing")
    return Regions(size=image.size)


def test_the_signature_is_read_from_the_function() -> None:
    assert str(find.signature) == "Find(image: Image, thing: str | None = None) -> Regions"
    assert find.signature.summary == "Find a thing."
    assert find.signature.parameters[1].aliases == ("what",)


def test_roles_are_read_from_the_keyword_only_parameters() -> None:
    assert {name: (need.role, need.optional) for name, need in find.needs.items()} == {
        "detector": ("detector", False),
        "masker": ("masker", True),
    }
    assert find.warn_parameter == "warn"


def test_every_type_of_the_language_can_be_annotated() -> None:
    @tool("All")
    def everything(a: Image, b: Regions, c: str, d: int, e: float, f: bool, g: list[str], h: Scalar,
                   i: Expression, j: Any) -> object:  # fmt: skip
        """Accept every type."""

    kinds = [parameter.type for parameter in everything.signature.parameters]
    names = ["Image", "Regions", "str", "int", "float", "bool", "list[str]", "Scalar", "Expression", "any"]
    assert [kind.value for kind in kinds] == names


def test_a_type_variable_makes_the_result_of_the_arguments_type() -> None:
    @tool("Same")
    def same(thing: T) -> T:
        """Return it."""
        return thing

    assert same.signature.same_as == "thing"


def declared(function: Any) -> None:
    Registry([tool("Bad")(function)])


def test_an_invalid_declaration_is_rejected_with_its_reason() -> None:
    def unannotated(image) -> Image:  # type: ignore[no-untyped-def]
        return image  # type: ignore[no-any-return]

    def strange(image: Image) -> dict[str, int]:
        return {}

    def unknown_role(image: Image, *, oracle: int) -> Image:
        return image

    with pytest.raises(ToolError, match="`image` has no type annotation"):
        declared(unannotated)
    with pytest.raises(ToolError, match="which is not a type of the language") as caught:
        declared(strange)
    assert "Image, Regions, str" in str(caught.value)
    with pytest.raises(ToolError, match="`oracle` is annotated int, which is not a role"):
        declared(unknown_role)


def test_names_ignore_case_and_underscores() -> None:
    registry = Registry([find])
    assert all(registry.get(name) is find for name in ("Find", "FIND", "f_i_n_d", "look", "SEEK"))
    assert registry.get("Finder") is None
    assert "look" in registry
    assert registry.names() == ("Find",)


def test_a_name_that_is_already_used_is_rejected() -> None:
    registry = Registry([find])
    with pytest.raises(ToolError, match="the name `LOOK` is already used by Find"):
        registry.add(Tool("LOOK", find.function))


def test_a_declared_tool_is_not_registered() -> None:
    assert "Find" not in Registry(TOOLS)


def test_the_fingerprint_follows_the_code() -> None:
    def version(number: int) -> Tool:
        if number == 1:

            def add(a: int) -> int:
                return a + 1
        else:

            def add(a: int) -> int:
                return a + 2

        return tool("Add")(add)

    assert version(1).fingerprint == version(1).fingerprint
    assert version(1).fingerprint != version(2).fingerprint
    assert Tool("Add", version(1).function, version="7").fingerprint == "Add 7"


def test_the_fingerprint_follows_the_defaults() -> None:
    def version(first: int, second: int) -> Tool:
        @tool("Add")
        def add(a: int = first, *, b: int = second) -> int:
            """Add both."""
            return a + b

        return add

    prints = [version(*given).fingerprint for given in ((1, 2), (1, 2), (3, 2), (1, 3))]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def test_the_fingerprint_ignores_addresses_in_memory() -> None:
    def version() -> Tool:
        @tool("Same")
        def same(a: int, *, how: object = object()) -> int:
            """Return it."""
            return a

        return same

    first, second = version(), version()
    assert first.fingerprint == second.fingerprint
    assert not first.is_stable


def test_a_tool_without_a_file_is_only_stable_with_a_version() -> None:
    def add(a: int) -> int:
        """Add one."""
        return a + 1

    assert tool("Add")(add).is_stable
    add.__code__ = add.__code__.replace(co_filename="<a cell of a notebook>")
    assert not tool("Add")(add).is_stable
    assert tool("Add", version="1")(add).is_stable
    assert all(each.is_stable for each in TOOLS)


def test_an_edited_file_declares_other_tools(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    text = (
        "from visprog import tool\n\nFACTOR = 2\n\n"
        '@tool("Scale")\ndef scale(number: int) -> int:\n    """Multiply."""\n    return number * FACTOR\n'
    )
    path.write_text(text)
    (before,) = load_tools(path)
    path.write_text(text.replace("FACTOR = 2", "FACTOR = 30"))
    (after,) = load_tools(path)
    assert before.fingerprint != after.fingerprint


def test_the_tools_of_a_file_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from __future__ import annotations\n"
        "from visprog import Image, tool\n\n"
        '@tool("Mirror")\n'
        "def mirror(image: Image) -> Image:\n"
        '    """Swap left and right."""\n'
        "    return Image(image.pixels[:, ::-1])\n"
    )
    (mirror,) = load_tools(path)
    assert str(mirror.signature) == "Mirror(image: Image) -> Image"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("x = 1", "contains no tool"),
        ("\n1 / 0", r"failed: ZeroDivisionError: division by zero \(line 2: 1 / 0\)$"),
        ("import json\njson.loads('')\n", r"\(line 2: json.loads\(''\)\)$"),
        ("def", r"SyntaxError: invalid syntax \(mine.py, line 1\)$"),
    ],
)
def test_a_file_without_tools_is_rejected(content: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(content)
    with pytest.raises(ToolError, match=words):
        load_tools(path)


def test_a_missing_or_other_file_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("1 / 0")
    for name, words in (
        ("none.py", "does not exist"),
        (".", "is a folder"),
        ("notes.txt", "not a Python file"),
    ):
        with pytest.raises(UsageError, match=words):
            load_tools(tmp_path / name)


def test_every_built_in_tool_has_a_description() -> None:
    for each in TOOLS:
        assert each.signature.summary.endswith("."), each.name
        assert len(each.signature.summary) > 20, each.name


def test_imported_tools_do_not_belong_to_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(
        "from visprog import tool\nfrom visprog.modules.understanding.loc import loc\n\n"
        '@tool("One")\ndef one() -> int:\n    """Return one."""\n    return 1\n'
    )
    assert [each.name for each in load_tools(path)] == ["One"]


def test_parameters_that_programs_cannot_give_are_rejected() -> None:
    def starred(*images: Image) -> Image:
        return images[0]

    def positional(image: Image, /) -> Image:
        return image

    for function in (starred, positional):
        with pytest.raises(ToolError, match="programs cannot give arguments for"):
            declared(function)


def test_a_name_that_programs_cannot_write_is_rejected() -> None:
    with pytest.raises(ToolError, match="`my tool` is not a valid name for a tool"):
        Registry([Tool("my tool", find.function)])


def test_unknown_settings_are_rejected() -> None:
    registry = Registry(TOOLS)
    registry.check_settings({"classify": {"descriptions": True}})
    with pytest.raises(UsageError, match="unknown tool `Nope` in the profile"):
        registry.check_settings({"Nope": {"no": "tool"}})
    with pytest.raises(UsageError, match="Classify has no setting `descriptons`") as caught:
        registry.check_settings({"classify": {"descriptions": True, "descriptons": True}})
    assert "descriptions" in str(caught.value.help)
    with pytest.raises(UsageError, match="Count has no setting `most`"):
        registry.check_settings({"count": {"most": 3}})

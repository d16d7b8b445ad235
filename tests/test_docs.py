"""The guides agree with the code: their commands, examples, links and figures."""

from __future__ import annotations

import importlib.util
import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.documentation import GUIDES, PAGES, README, ROOT, Block, blocks
from visprog import VisProg
from visprog.cli import app
from visprog.engine import lifting
from visprog.engine.cache.disk import DEFAULT_DISK_BYTES
from visprog.engine.cache.memory import DEFAULT_BYTES
from visprog.language import expression, parser, templates
from visprog.models.backend import BUILT_IN, find_backend
from visprog.models.options import PLACEMENT, REVISION, Option
from visprog.models.profile import load_profile, profile_names
from visprog.models.roles import ROLES
from visprog.modules import TOOLS
from visprog.planner.bank import check_bank, read_bank
from visprog.planner.pattern_check import check_patterns
from visprog.prompts import BANKS, pattern_files
from visprog.tools import Registry

KINDS = {"python", "py", "console", "sh", "toml", "jsonl", "vp", "bank", "patterns"}
OTHER_PROGRAMS = {"git", "cd", "source", "python3", "export", "ollama", "pytest", "ruff", "mypy"}
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
MADE_BY_READERS = {"photo.jpg", "ask.wav", "mirror.py", "mirror.vp"}
"""Files of the reader's own, which the commands of the guides name."""


def commands() -> list[tuple[str, str]]:
    """Return every command on the guides: of shell blocks, of indented lines, and inside of sentences."""
    found = [(block.page.name, line) for block in blocks("sh") for line in block.text.splitlines()]
    for page in GUIDES:
        text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        found += [(page.name, line) for line in re.findall(r"^    (\w.*)$", text, re.MULTILINE)]
        spans = re.findall(r"`((?:visprog|pip|python|pytest|ruff|mypy) [^`]+|[A-Z_]+=1 pytest [^`]+)`", text)
        found += [(page.name, " ".join(span.split())) for span in spans]
    return sorted(set(found))


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    assert {block.kind for block in blocks()} == KINDS


@pytest.mark.parametrize(("page", "line"), commands())
def test_every_command_is_understood(page: str, line: str) -> None:
    """Nothing runs: names of commands, options, modules, extras and files are looked up."""
    for command in line.split(" && "):
        arguments = [word for word in shlex.split(command) if not re.fullmatch(r"[A-Z_]+=\S*", word)]
        match arguments:
            case ["visprog", "COMMAND", *_]:
                pass
            case ["visprog", *rest]:
                _check_visprog(rest)
            case ["pip", "install", *packages]:
                _check_packages(packages)
            case ["python", "-m", module, *_]:
                assert importlib.util.find_spec(module) is not None
            case ["python", script]:
                assert (ROOT / script).is_file()
            case [program, *rest]:
                assert program in OTHER_PROGRAMS
                if program == "pytest":
                    assert [path for path in rest if not (ROOT / path).exists()] == []


def _check_visprog(arguments: list[str]) -> None:
    """Unknown commands and options fail even before `--help`, which makes that nothing runs."""
    outcome = CliRunner().invoke(app, [*arguments, "--help"])
    assert outcome.exit_code == 0, outcome.output
    for word in arguments:
        if re.fullmatch(r"[\w/]+\.(jpg|png|vp|jsonl|py|txt|wav)", word):
            written = word in arguments[arguments.index("-o") :] if "-o" in arguments else False
            assert written or word in MADE_BY_READERS or (ROOT / word).is_file()


def test_an_unknown_option_in_a_guide_is_found() -> None:
    with pytest.raises(AssertionError, match="No such option"):
        _check_visprog(["run", "Hide the face", "photo.jpg", "--no-such-option"])


def _check_packages(arguments: list[str]) -> None:
    for each in arguments:
        if (extras := re.fullmatch(r"\.\[([\w,-]+)\]", each)) is not None:
            assert set(extras[1].split(",")) <= set(EXTRAS)


def test_the_readme_lists_every_extra() -> None:
    assert set(re.findall(r"^\| `\.\[([\w-]+)\]` \|", README.read_text("utf-8"), re.MULTILINE)) == set(EXTRAS)


@pytest.mark.parametrize("block", blocks("toml"), ids=str)
def test_every_profile_is_read(block: Block, tmp_path: Path) -> None:
    text = block.text
    if "[project." in text:
        assert tomllib.loads(text)["project"]["entry-points"].keys() == {"visprog.tools"}
        return
    (tmp_path / "mine.toml").write_text(text, "utf-8")
    profile = load_profile(tmp_path / "mine.toml")
    Registry(TOOLS).check_settings(profile.tools)
    assert profile.models


@pytest.mark.parametrize("block", blocks("jsonl"), ids=str)
def test_every_task_is_one_of_the_example(block: Block) -> None:
    example = (ROOT / "examples" / "tasks.jsonl").read_text("utf-8").splitlines()
    assert set(block.text.splitlines()) <= set(example)


@pytest.mark.parametrize("block", blocks("vp"), ids=str)
def test_every_program_checks(block: Block) -> None:
    assert [found.code for found in VisProg().check(block.text).diagnostics] == []


@pytest.mark.parametrize("block", blocks("bank"), ids=str)
def test_every_bank_checks(block: Block) -> None:
    assert list(check_bank(block.text, Registry(TOOLS))) == []
    assert read_bank(block.text, "gqa").examples


@pytest.mark.parametrize("block", blocks("patterns"), ids=str)
def test_every_block_of_patterns_checks(block: Block) -> None:
    assert list(check_patterns("block.txt", block.text, pattern_files(), Registry(TOOLS))) == []


def anchors(page: Path) -> set[str]:
    """Return what GitHub calls the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https://)([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = target.partition("#")
        place = (page.parent / path) if path else page
        assert place.exists(), target
        assert not anchor or anchor in anchors(place), target


def test_the_readme_leads_to_every_guide() -> None:
    text = README.read_text("utf-8")
    assert [page.name for page in GUIDES if page != README and f"{page.name})" not in text] == []


def test_the_readme_is_short() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_table_has_rows_of_one_length(page: Path) -> None:
    rows = [
        line.replace(r"\|", "").count("|") if line.startswith("|") else 0
        for line in page.read_text("utf-8").splitlines()
    ]
    assert all(one == other for one, other in pairwise(rows) if one and other)


def gigabytes(profile: str, roles: tuple[str, ...] = ()) -> float:
    """Return what the models of the roles take on disk, each counted once."""
    sizes = {
        str(spec): spec.facts["size"].removeprefix("about ").split()
        for role, spec in load_profile(profile).models.items()
        if "size" in spec.facts and (role in roles or not roles)
    }
    return sum(float(number) * {"MB": 1e-3, "GB": 1.0}[unit] for number, unit in sizes.values())


def test_downloads_are_as_large_as_the_guides_say() -> None:
    models = (ROOT / "docs" / "models.md").read_text("utf-8")
    for profile, size in re.findall(r"^\| `(\w+)` \|.*\| ([\d.]+) GB \|$", models, re.MULTILINE):
        assert f"{gigabytes(profile):.1f}" == size
    rows = re.findall(
        r"^\|.*`visprog models --models default pull ([\w ]+)` \| ([\d.]+) GB \|$", models, re.MULTILINE
    )
    assert len(rows) == 3
    for roles, size in rows:
        assert f"{gigabytes('default', tuple(roles.split())):.1f}" == size


def test_the_readme_names_the_downloads_of_the_local_models() -> None:
    everything = gigabytes("default")
    questions = gigabytes("default", ("detector", "visual_qa"))
    text = README.read_text("utf-8")
    assert f"{everything:.1f} GB; {questions:.1f} GB for questions only" in text
    assert f"({gigabytes('default', ('language_model',)):.1f} GB)" in text
    assert f"up to {(load_profile('default').memory or 0) / 1e9:.0f} GB of loaded models" in text


def option_rows(name: str) -> list[str]:
    """Return the rows of the table of options: those of one backend, without the options of local models."""
    return [
        f"| `{name}` | `{option.name}` | {_models_of(option)} | {option.meaning} | {option.default} |"
        for option in find_backend(name).options or ()
        if option not in (REVISION, *PLACEMENT)
    ]


def _models_of(option: Option) -> str:
    models = f" (`{option.models}`)" if option.models != "*" else ""
    return f"{', '.join(f'`{role}`' for role in option.roles) or 'all'}{models}"


def test_the_guide_lists_the_options_of_each_backend() -> None:
    text = (ROOT / "docs" / "models.md").read_text("utf-8")
    shown = [line for line in text.partition("## Options")[2].splitlines() if line.startswith("| `")]
    assert shown == [row for name in BUILT_IN for row in option_rows(name)]


def test_the_guide_names_the_options_of_local_models() -> None:
    text = (ROOT / "docs" / "models.md").read_text("utf-8")
    options = text.partition("## Options")[2].partition("|")[0]
    assert [option.name for option in (*PLACEMENT, REVISION) if f"`{option.name}`" not in options] == []
    for name in BUILT_IN:
        backend = find_backend(name)
        expected = {*(PLACEMENT if backend.placed else ()), *((REVISION,) if backend.pulled else ())}
        assert expected <= set(backend.options or ())


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("tools.md", [tool.name for tool in TOOLS]),
        ("writing-a-bank.md", BANKS),
        ("models.md", [*profile_names(), *ROLES]),
        ("writing-a-backend.md", ROLES),
    ],
)
def test_every_name_is_explained(page: str, names: list[str]) -> None:
    text = (ROOT / "docs" / page).read_text("utf-8")
    assert [name for name in names if not re.search(rf"`{name}\b", text)] == []


def test_every_command_and_only_those_are_listed() -> None:
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8")
    shown = CliRunner().invoke(app, ["--help"]).stdout.partition("Commands:")[2]
    names = re.findall(r"^  (\w+) ", shown, re.MULTILINE)
    assert set(re.findall(r"^\| `visprog (\w+)", text, re.MULTILINE)) == set(names)


def test_every_role_is_filled_by_the_profiles_that_the_guide_names() -> None:
    text = (ROOT / "docs" / "models.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| [^|]+\|([^|]*)\|([^|]*)\|([^|]*)\|$", text, re.MULTILINE)
    rows = [row for row in rows if row[0] in ROLES]
    assert {row[0] for row in rows} == set(ROLES)
    for role, *cells in rows:
        filled = [role in load_profile(name).models for name in ("base", "api", "default")]
        assert [bool(cell.strip()) for cell in cells] == filled, role


def test_limits_are_as_the_guides_say() -> None:
    language = (ROOT / "docs" / "language.md").read_text("utf-8")
    for what, limit in (
        ("steps in a program", parser.MAX_STEPS),
        ("characters in a program", parser.MAX_TEXT),
        ("characters in a line", parser.MAX_LINE),
        ("characters in an expression", expression.MAX_LENGTH),
        ("characters of a value inserted into a text", templates.MAX_INSERTED),
        ("items in a list that a tool is called for", lifting.MAX_ELEMENTS),
    ):
        assert f"| {what} | {limit:,} |" in language
    caching = (ROOT / "docs" / "caching.md").read_text("utf-8")
    assert f"up to {DEFAULT_BYTES // 2**20} MB" in caching
    assert f"up to {DEFAULT_DISK_BYTES / 1e9:.0f} GB" in caching

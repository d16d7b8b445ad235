"""The layout of the package: which file may import which, from the bottom to the top."""

from __future__ import annotations

import ast
from collections.abc import Container, Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

LAYOUT = {
    "visprog": """
        __init__ boxes budget errors extras frame metadata model_text nouns parallel printable prompts
        transparency
        answer_text files language libraries picture pixels regions
        audio decoding inputs tool_code values
        images
        models numbered_pictures
        model_listing tools
        engine modules planner tool_listing tool_sources
        trace
        results session
        batch doctor miniworld
        evaluation
        cli
        __main__
    """,
    "visprog.batch": """
        __init__ configuration failures picture_pool tasks
        outcome output_folder validation
        journal task_runner
        engines
        job_queue runner
        ray_workers reporting
        cluster
    """,
    "visprog.cli": """
        arguments options reporting
        programs running sessions
        planning
        commands
        __init__
    """,
    "visprog.cli.commands": """
        __init__ batch check demo doctor evaluate execute models plan run tools
    """,
    "visprog.engine": """
        __init__ events frames graph threads tool_times
        workers
        batching cache observing
        lifting tool_models tool_values
        step_errors step_keys
        step_run
        execution
        interpreter
    """,
    "visprog.engine.cache": """
        __init__ edition file memory
        codec
        disk
    """,
    "visprog.evaluation": """
        __init__ statistics
        metrics
        benchmark
        benchmarks trials
        examples report
        summary tables
        page runner
        command
    """,
    "visprog.evaluation.benchmarks": """
        __init__ miniworld
    """,
    "visprog.evaluation.benchmarks.miniworld": """
        __init__ baselines perception scoring
        samples
        benchmark
    """,
    "visprog.language": """
        __init__ expression_tree lexer limits program recognition types
        advice coercion diagnostics inference syntax_hints text_references
        binding evaluation list_faults summary templates
        conditions expression program_inputs statement
        parser
        checked scope
        liveness
        checker
    """,
    "visprog.miniworld": """
        __init__ catalogue textures
        knowledge scene
        demo_tasks drawing
        captions demo_page scene_view
        demo mentions tasks
        oracle
    """,
    "visprog.miniworld.tasks": """
        question task wording
        __init__ draft scene_building
        colours comparing counting editing language nlvr tagging
        composition relations
        gqa
    """,
    "visprog.miniworld.tasks.language": """
        geometry group question
        containment insertion order pairs property relations sizes
        difference each
        __init__
    """,
    "visprog.models": """
        __init__ checkpoint_files encodings hub_cache inpainting locks option_text options profiles progress
        roles server_json short_answer usage
        backend checkpoint_faults fake handle hub_listing
        checkpoints hub_files profile
        fingerprints hub
        backends zoo
    """,
    "visprog.models.backends": """
        __init__ openai opencv segment_anything transformers
        diffusers open_clip
    """,
    "visprog.models.backends.diffusers": """
        __init__ inpainter
    """,
    "visprog.models.backends.open_clip": """
        clip
        __init__
    """,
    "visprog.models.backends.openai": """
        address box_marks configuration fallbacks form secrets stream
        __init__ boxes connection keys
        failures
        outcome
        service
        editing language loading speech
        vision
    """,
    "visprog.models.backends.opencv": """
        __init__ haar hypernyms onnx_files patch_fill
        removal yolox yunet
        loading
    """,
    "visprog.models.backends.segment_anything": """
        __init__ sam
    """,
    "visprog.models.backends.transformers": """
        __init__ pretrained tiles
        network
        generation geometry scorer speech
        boxes chat sam
        owl segmenter vision_language
        answers detector language
    """,
    "visprog.modules": """
        halves knowledge logic regions
        manipulation
        understanding
        __init__
    """,
    "visprog.modules.knowledge": """
        __init__ list
    """,
    "visprog.modules.logic": """
        __init__ count eval result
    """,
    "visprog.modules.manipulation": """
        __init__ bidirectional covers crop drawing fonts matting own_parts
        grabcut sprites
        foreground lettering
        background color_pop concealment cutout emoji label_layout replace
        blur label_drawing pixelate
        outline tag
    """,
    "visprog.modules.regions": """
        __init__ geometry own picture words
        measure order relate sets
    """,
    "visprog.modules.understanding": """
        __init__ caption colour descriptions face_det labels loc mask read_code seg vqa
        classify filter select
    """,
    "visprog.planner": """
        __init__ bank extraction language_detection meanings plan result_kind task_selection
        coverage examples prompt
        acceptance
        language_model patterns
        pattern_check selection
    """,
    "visprog.planner.examples": """
        __init__ emoji paraphrases vocabulary word_classes
        wording
        phrases
        people sorts
        slots
        template
        alignment filling rewording
        derivation
        planner
    """,
    "visprog.planner.patterns": """
        __init__ body template terminals
        grammar
        chart normalising
        emission
        planner
    """,
    "visprog.trace": """
        __init__ folders limits number_format program_listing thumbnails
        pictures plates program_html tags templates value_view
        figures record shortening
        page_parts record_json terminal
        page_values
        strips
        html
        run
    """,
}
"""The files and packages in each package, in rows. A name may import only names in the rows above it.

Names in the same row do not import each other. `__init__` is the package's own file.
"""


def source_files() -> dict[str, Path]:
    """Return the files of the package by the names under which they are imported."""
    found = {}
    for folder in ("visprog", "modules", "prompts"):
        for path in (ROOT / folder).rglob("*.py"):
            parts = path.relative_to(ROOT).with_suffix("").parts
            if parts[:2] in (("visprog", "modules"), ("visprog", "prompts")):
                continue  # links to the folders of the top level
            parts = parts if folder == "visprog" else ("visprog", *parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(tree: ast.Module, known: Container[str]) -> set[str]:
    """Return the known modules that a file imports when it runs, at its top or in a function."""
    return _imports(_without_type_checking(tree), known)


def _imports(tree: ast.Module, known: Container[str]) -> set[str]:
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in known else node.module for name in whole}
    return {name for name in names if name in known}


def _without_type_checking(tree: ast.Module) -> ast.Module:
    body = [
        node
        for node in tree.body
        if not (
            isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        )
    ]
    return ast.Module(body, [])


def all_imports() -> dict[str, set[str]]:
    files = source_files()
    return {name: imports(ast.parse(path.read_text("utf-8")), files) - {name} for name, path in files.items()}


def packages_around(file: str, packages: Container[str]) -> Iterator[str]:
    """Yield the packages that contain a file. A package's own `__init__` is inside of it."""
    parts = file.split(".")
    for end in range(1, len(parts) + 1):
        if (package := ".".join(parts[:end])) in packages:
            yield package


def place(file: str, package: str) -> tuple[str, str]:
    """Return the package and the name of the file or folder in it that is or contains the file."""
    name = "__init__" if file == package else file.removeprefix(f"{package}.").partition(".")[0]
    return package, name


def rows(layout: Mapping[str, str]) -> dict[tuple[str, str], int]:
    """Return the row of each place."""
    return {
        (package, name): number
        for package, lines in layout.items()
        for number, line in enumerate(lines.strip().splitlines())
        for name in line.split()
    }


def faults(files: Mapping[str, set[str]], layout: Mapping[str, str]) -> list[str]:
    """Return the files without a row, the rows without a file, and the imports that do not lead upwards."""
    packages = {file.rpartition(".")[0] for file in files if "." in file}
    row = rows(layout)
    around = {file: list(packages_around(file, packages)) for file in files}
    places = {place(file, package) for file in files for package in around[file]}
    found = [f"{package}.{name} has no row" for package, name in sorted(places - row.keys())]
    found += [f"{package}.{name} does not exist" for package, name in sorted(row.keys() - places)]
    for file, imported in files.items():
        for other in imported:
            package = [each for each in around[file] if each in around[other]][-1]
            here, there = place(file, package), place(other, package)
            if here in row and there in row and row[there] >= row[here]:
                found.append(f"{file} imports {other}")
    return found


def test_each_file_imports_only_files_below_it() -> None:
    assert not faults(all_imports(), LAYOUT)


def test_only_its_data_set_and_the_demo_command_import_the_miniature_world() -> None:
    allowed = ("visprog.miniworld", "visprog.evaluation.benchmarks.miniworld", "visprog.cli.commands.demo")
    for file, imported in all_imports().items():
        if not file.startswith(allowed):
            assert not {name for name in imported if name.startswith("visprog.miniworld")}, file


def circle(files: Mapping[str, set[str]]) -> set[str]:
    """Return the files that import each other, directly or through others, and the files above them."""
    above = dict(files)
    while bottom := [name for name, needed in above.items() if not needed & above.keys()]:
        for name in bottom:
            del above[name]
    return set(above)


def test_no_files_import_each_other_even_for_types() -> None:
    files = source_files()
    trees = {name: ast.parse(path.read_text("utf-8")) for name, path in files.items() if name != "visprog"}
    assert not circle({name: _imports(tree, trees) - {name} for name, tree in trees.items()})


def test_a_circle_is_found() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": set()}) == {"a", "b", "c"}


FILES = {
    "house": set(),
    "house.cellar": set(),
    "house.kitchen": {"house.kitchen.stove"},
    "house.kitchen.stove": {"house.cellar"},
    "house.roof": {"house.kitchen.stove", "house.cellar"},
}
FLOORS = {
    "house": """
        __init__ cellar
        kitchen
        roof
    """,
    "house.kitchen": """
        stove
        __init__
    """,
}


def test_a_sound_layout_has_no_faults() -> None:
    assert faults(FILES, FLOORS) == []


@pytest.mark.parametrize(
    ("file", "imported"),
    [
        ("house.cellar", "house.roof"),
        ("house.cellar", "house.kitchen.stove"),
        ("house.kitchen.stove", "house.kitchen"),
        ("house.kitchen.stove", "house.roof"),
        ("house", "house.cellar"),
    ],
)
def test_an_import_of_a_file_above_or_beside_is_found(file: str, imported: str) -> None:
    files = FILES | {file: FILES[file] | {imported}}
    assert faults(files, FLOORS) == [f"{file} imports {imported}"]


def test_a_file_without_a_row_is_found() -> None:
    assert faults(FILES | {"house.kitchen.sink": set()}, FLOORS) == ["house.kitchen.sink has no row"]


def test_a_row_without_a_file_is_found() -> None:
    floors = FLOORS | {"house.kitchen": "stove oven\n__init__"}
    assert faults(FILES, floors) == ["house.kitchen.oven does not exist"]


def test_an_import_inside_a_function_counts() -> None:
    tree = ast.parse("def cook():\n    from house import roof\n    import house.cellar\n")
    assert imports(tree, FILES) == {"house.roof", "house.cellar"}


def test_an_import_for_types_alone_does_not_count() -> None:
    tree = ast.parse("if TYPE_CHECKING:\n    from house import roof\n")
    assert imports(tree, FILES) == set()

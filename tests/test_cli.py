"""The commands of the command line, tested with real processes, real files and a real server."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from PIL import Image as PILImage
from typer.testing import CliRunner

from tests.command_line import ASTRONAUT, folder, visprog
from tests.models.openai_server import KEY, OpenAIServer, answers
from visprog import load_image
from visprog.cli import app

__all__ = ["folder"]

HIDE = (
    "OBJ0=FaceDet(image=IMAGE)\nIMAGE0=Emoji(image=IMAGE, object=OBJ0, emoji='winking_face')\nRESULT=IMAGE0"
)


def test_run_writes_a_result_and_a_trace(folder: Path) -> None:
    out, err = visprog("run", "Hide the face with 8)", ASTRONAUT, "-o", "hidden.png", "--trace", "trace.html")
    assert out == "hidden.png\n"
    assert "planned by examples" in err
    assert "emoji='8)'" in err
    before, after = load_image(ASTRONAUT).pixels, load_image("hidden.png").pixels
    assert (before != after).any(axis=2)[80:160, 190:260].mean() > 0.9  # the face
    assert (before == after)[300:].all()
    assert "<!doctype html>" in (folder / "trace.html").read_text().lower()[:100]
    assert sorted(os.listdir(folder)) == ["hidden.png", "trace.html"]


def test_a_cutout_is_saved_with_its_transparency_or_a_warning(folder: Path) -> None:
    cut = "OBJ0=FaceDet(image=IMAGE)\nRESULT=Cutout(image=IMAGE, object=OBJ0)"
    _, err = visprog("exec", "-", ASTRONAUT, "-o", "face.png", given=cut)
    assert "warning" not in err
    with PILImage.open("face.png") as picture:
        assert picture.getpixel((0, 0)) == (255, 255, 255, 0)
    out, err = visprog("exec", "-", ASTRONAUT, "-o", "face.jpg", given=cut)
    assert out == "face.jpg\n"
    assert "warning: face.jpg cannot store transparency: it has a white background\n" in err
    assert load_image("face.jpg").pixels[0, 0].min() > 250


def test_plan_prints_only_the_program(folder: Path) -> None:
    out, err = visprog("plan", "Hide the faces with ;)", "a picture that need not exist.png")
    assert out.splitlines()[0] == "OBJ0=FaceDet(image=IMAGE)"
    assert len(out.splitlines()) == 3
    assert "planned by examples" in err


def test_a_planned_program_can_be_checked_and_executed(folder: Path) -> None:
    out, _ = visprog("plan", "How many faces are in the image?")
    assert visprog("check", "-", given=out) == ("", "1 file: 0 errors, 0 warnings\n")
    result, _ = visprog("exec", "-", ASTRONAUT, given=out)
    assert result == "1\n"


def test_an_instruction_that_fits_no_example_is_an_error(folder: Path) -> None:
    _, err = visprog("run", "Rotate the picture by 30 degrees", ASTRONAUT, "-o", "out.png", status=1)
    assert "error:" in err
    assert "--planner openai" in err
    assert os.listdir(folder) == []


def test_faults_of_a_program_are_shown_with_their_positions(folder: Path) -> None:
    (folder / "bad.vp").write_text("OBJ0=FaceDet(image=IMAG)\nRESULT=Cuont(object=OBJ0)\n")
    out, err = visprog("check", "bad.vp", status=1)
    assert "--> bad.vp, line 1, column 20" in out
    assert "did you mean `Count`?" in out
    assert err == "1 file: 2 errors, 0 warnings\n"
    out, _ = visprog("check", "bad.vp", "--json", status=1)
    assert [(each["file"], each["code"], each["line"]) for each in json.loads(out)] == [
        ("bad.vp", "unknown-variable", 1),
        ("bad.vp", "unknown-tool", 2),
    ]
    _, err = visprog("exec", "bad.vp", ASTRONAUT, status=1)
    assert "bad.vp has errors, so it was not run" in err


def test_faults_of_a_bank_have_line_numbers_of_the_bank(folder: Path) -> None:
    (folder / "bank.txt").write_text("Tasks.\n\nQuestion: How many?\nProgram:\nRESULT=Count(object=DOGS)\n")
    out, _ = visprog("check", "bank.txt", status=1)
    assert "--> bank.txt, line 5, column 21" in out


def test_pictures_can_have_other_names(folder: Path) -> None:
    program = "RESULT=CropLeft(BEFORE, OBJ0)".replace("OBJ0", "B")
    visprog("check", "-", given=f"B=FaceDet(BEFORE)\n{program}", status=1)
    visprog("check", "-", "--input", "BEFORE", given=f"B=FaceDet(BEFORE)\n{program}")
    (folder / "p.vp").write_text(f"B=FaceDet(BEFORE)\n{program}")
    visprog("exec", "p.vp", "--image", f"BEFORE={ASTRONAUT}", "-o", "left.png")
    assert load_image("left.png").height == 512


def test_a_failed_run_writes_its_trace_and_names_the_failed_step(folder: Path) -> None:
    (folder / "p.vp").write_text("A=Vqa(IMAGE, 'What is it?')\nOBJ0=FaceDet(IMAGE)\nB=Count(OBJ0)\n"
                                 "RESULT=Eval(\"'{A} {B}'\")")  # fmt: skip
    out, err = visprog("exec", "p.vp", ASTRONAUT, "--trace", "trace.json", "-o", "out.txt", status=1)
    assert out == ""
    assert "error: A (line 1, Vqa): the profile `base` has no model for the role visual_qa" in err
    assert "help: name one with `--model visual_qa=" in err
    statuses = [step["status"] for step in json.loads((folder / "trace.json").read_text())["steps"]]
    assert statuses == ["failed", "done", "done", "skipped"]
    assert not (folder / "out.txt").exists()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["{hide}", "{image}"], "add `-o FILE.png`"),
        (["{hide}", "{image}", "-o", "out.txt"], "cannot store"),
        (["{hide}", "{image}", "-o", "none/out.png"], "the folder none does not exist"),
        (["{hide}", "{image}", "-o", "{image}"], "is one of the input pictures"),
        (
            ["{hide}", "{image}", "-o", "out.png", "--trace", "trace.pdf"],
            "use the ending .html, .htm or .json",
        ),
        (["{hide}", "{image}", "-o", "n.json", "--trace", "link.json"], "cannot be the same file"),
        (["{hide}", "none.png", "-o", "out.png"], "the file none.png does not exist"),
        (["{hide}", "--image", "IMAGE", "-o", "out.png"], "write `--image NAME=PATH`"),
        (["{hide}", "{image}", "--image", "IMAGE={image}", "-o", "out.png"], "two pictures are called IMAGE"),
        (["{hide}", "{image}", "-o", "out.png", "--models", "gigantic"], "unknown profile `gigantic`"),
        (["none.vp", "{image}", "-o", "out.png"], "the file none.vp does not exist"),
    ],
)
def test_wrong_usage_is_reported_before_anything_runs(words: list[str], complaint: str, folder: Path) -> None:
    (folder / "hide.vp").write_text(HIDE)
    picture = folder / "picture.png"
    picture.write_bytes(ASTRONAUT.read_bytes())
    (folder / "link.json").symlink_to("n.json")
    filled = [word.replace("{hide}", "hide.vp").replace("{image}", "picture.png") for word in words]
    out, err = visprog("exec", *filled, status=2)
    assert complaint in err
    assert out == ""
    assert sorted(os.listdir(folder)) == ["hide.vp", "link.json", "picture.png"]
    assert picture.read_bytes() == ASTRONAUT.read_bytes()


@pytest.mark.parametrize(
    "words", [["--speech", "none.wav"], ["--tools", "none.py"], ["--models", "none.toml"], ["--tools", "."]]
)
def test_missing_files_are_wrong_usage(words: list[str], folder: Path) -> None:
    _, err = visprog("run", "How many faces are in the image?", ASTRONAUT, *words, status=2)
    assert f"the file {words[1]} does not exist" in err or ". is a folder" in err
    assert "Errno" not in err


@pytest.mark.parametrize("device", ["gpu", "cuda:", "cuda:x", "", "CPU"])
def test_an_unknown_device_is_rejected_even_if_no_model_is_loaded(device: str, folder: Path) -> None:
    words = ["run", "How many faces are in the image?", str(ASTRONAUT), "--device"]
    assert f"unknown device `{device}`" in visprog(*words, device, status=2)[1]


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda:7"])
def test_a_missing_device_is_accepted_if_no_model_uses_it(device: str, folder: Path) -> None:
    (folder / "six.vp").write_text("RESULT=Eval('6')")
    assert visprog("exec", "six.vp", "--device", device)[0] == "6\n"


def test_a_misspelt_setting_is_reported_before_its_tool_is_used(folder: Path) -> None:
    (folder / "mine.toml").write_text("[tools.Classify]\ndescriptons = true\n")
    _, err = visprog("run", "How many faces?", ASTRONAUT, "--models", "mine.toml", status=2)
    assert "Classify has no setting `descriptons`" in err


def test_a_file_that_is_not_a_picture_is_rejected(folder: Path) -> None:
    (folder / "notes.png").write_text("not a picture")
    (folder / "hide.vp").write_text(HIDE)
    _, err = visprog("exec", "hide.vp", "notes.png", "-o", "out.png", status=1)
    assert "notes.png is not a picture that VisProg can read (JPEG, PNG, WEBP, GIF, BMP" in err


def test_the_program_is_shown_and_runs_only_after_confirmation(folder: Path) -> None:
    words = ["run", "Hide the face with 8)", str(ASTRONAUT), "-o", "out.png", "--confirm"]
    _, err = visprog(*words, given="n\n", status=1)
    assert "OBJ0=FaceDet(image=IMAGE)" in err
    assert not (folder / "out.png").exists()
    visprog(*words, given="y\n")
    assert (folder / "out.png").exists()


def test_a_given_program_replaces_planning(folder: Path) -> None:
    (folder / "p.vp").write_text("OBJ0=FaceDet(image=IMAGE)\nRESULT=Count(object=OBJ0)")
    out, _ = visprog("run", "whatever is asked", ASTRONAUT, "--program", "p.vp", "--json")
    record = json.loads(out)
    assert record["instruction"] == "whatever is asked"
    assert record["result"]["value"] == 1 if isinstance(record["result"], dict) else record["result"] == 1


def test_regions_are_printed_as_lines_and_written_as_json(folder: Path) -> None:
    out, _ = visprog("exec", "-", ASTRONAUT, "-o", "faces.json", given="RESULT=FaceDet(IMAGE)")
    assert out == "faces.json\n"
    (face,) = json.loads((folder / "faces.json").read_text())
    assert face["label"] == "face"
    out, _ = visprog("exec", "-", ASTRONAUT, given="RESULT=FaceDet(IMAGE)")
    label, score, box = out.rstrip("\n").split("\t")
    assert (label, [int(edge) for edge in box.split()]) == ("face", face["box"])
    assert 0 <= float(score) <= 1


def test_tools_are_listed_and_described(folder: Path) -> None:
    out, _ = visprog("tools")
    assert "FaceDet" in out
    out, _ = visprog("tools", "CROP_RIGHTOF")
    assert "CropRight(image: Image, object: Regions) -> Image" in out
    out, _ = visprog("tools", "--json")
    assert {"Loc", "Seg", "Emoji"} <= {each["name"] for each in json.loads(out)}
    _, err = visprog("tools", "Rotate", status=2)
    assert "unknown tool `Rotate`" in err


def test_a_file_adds_tools(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "from visprog import Image, tool\n\n"
        '@tool("Mirror")\ndef mirror(image: Image) -> Image:\n'
        '    """Swap left and right."""\n    return Image(image.pixels[:, ::-1])\n'
    )
    words = ["exec", "-", str(ASTRONAUT), "--tools", "mine.py", "-o", "out.png"]
    visprog(*words, given="RESULT=Mirror(IMAGE)")
    assert (load_image("out.png").pixels == load_image(ASTRONAUT).pixels[:, ::-1]).all()
    (folder / "broken.py").write_text("1 / 0")
    _, err = visprog("tools", "--tools", "broken.py", status=1)
    assert "broken.py failed: ZeroDivisionError" in err


def test_doctor_shows_what_works_and_what_is_missing(folder: Path) -> None:
    out, _ = visprog("doctor")
    assert "opencv:haar" in out
    assert "OPENAI_API_KEY" in out
    out, _ = visprog("doctor", "--json")
    states = {(each["group"], each["name"]): each["state"] for each in json.loads(out)}
    assert states["tools", "FaceDet"] == states["planners", "examples"] == "works"
    assert states["tools", "Vqa"] == states["models", "detector"] == "missing"


def test_a_server_plans_and_no_output_contains_its_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(answers(f"Here it is:\n```\n{HIDE}\n```")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        out, err = visprog("run", "Wink", ASTRONAUT, "-o", "out.png", "--trace", "trace.html")
        doctor = "".join(visprog("doctor"))
    assert "planned by openai:" in err
    for text in (out, err, doctor, (folder / "trace.html").read_text()):
        assert KEY not in text
    assert len(server.received) == 1


def test_programs_of_a_server_vote(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = ["RESULT=Eval('1')", "RESULT=Eval('2')", "RESULT=Eval('1 + 1')"]
    with OpenAIServer(*map(answers, programs)) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        out, err = visprog("run", "How many?", ASTRONAUT, "--votes", "3")
    assert out == "2\n"
    assert "2 of 3 programs had this result" in err
    reported = [line for line in err.splitlines() if line.startswith("program ")]
    assert sorted(line.partition(": ")[2] for line in reported[::2]) == sorted(programs)
    assert sorted(line.split()[-1] for line in reported[1::2]) == ["1", "2", "2"]
    assert [line.split()[1].rstrip(":") for line in reported] == ["1", "1", "2", "2", "3", "3"]
    assert err.count("✓ RESULT Eval") == 3


def test_a_program_that_fails_has_no_vote(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OpenAIServer(answers("RESULT=Eval('1 / 0')"), answers("RESULT=Eval('7')")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        out, err = visprog("run", "How many?", ASTRONAUT, "--votes", "2")
    assert out == "7\n"
    assert "returned no result, because a step failed\n" in err


def test_a_server_that_rejects_the_key_is_reported(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.models.openai_server import error

    with OpenAIServer(error(401, f"Incorrect API key provided: {KEY}")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        _, err = visprog("run", "Wink", ASTRONAUT, "-o", "o.png", status=1)
    assert "OPENAI_API_KEY" in err
    assert KEY not in err


def test_help_and_version(folder: Path) -> None:
    out, _ = visprog("--help")
    assert all(word in out for word in ("run", "plan", "check", "exec", "tools", "doctor"))
    assert visprog("--version")[0].startswith("visprog 0.")
    _, err = visprog("rnu", status=2)
    assert "rnu" in err


@pytest.mark.parametrize(
    "words",
    ["run", "plan", "check", "exec", "batch", "tools", "models", "doctor", "demo", "eval miniworld"],
)
def test_help_names_the_values_of_options_in_words(words: str) -> None:
    shown = CliRunner().invoke(app, [*words.split(), "--help"]).output
    options = [line for line in shown.splitlines() if line.lstrip().startswith("-")]
    assert options
    assert not [line for line in options if "<" in line]


def test_usage_names_arguments_in_their_order() -> None:
    shown = CliRunner().invoke(app, ["run", "--help"]).output
    assert shown.splitlines()[0].endswith(" run [OPTIONS] [INSTRUCTION] [IMAGE]...")


def test_pictures_of_every_size_are_processed(folder: Path) -> None:
    for size in ((1, 1), (3, 2000), (6000, 6600)):
        PILImage.new("L", size, 90).save("picture.png")
        _, err = visprog("run", "Hide the faces with 8)", "picture.png", "-o", "out.png")
        assert "found nothing" in err
        assert load_image("out.png").size == size


def test_check_continues_after_a_file_that_cannot_be_read(folder: Path) -> None:
    (folder / "bad.vp").write_text("RESULT=Cuont(object=OBJ0)")
    (folder / "latin.vp").write_bytes(b"\xe9")
    out, err = visprog("check", "none.vp", "bad.vp", "latin.vp", ".", status=2)
    assert "the file none.vp does not exist" in err
    assert err.endswith("\n1 file: 2 errors, 0 warnings; 3 files could not be read\n")
    assert "did you mean `Count`?" in out


def test_with_json_errors_are_printed_as_json(folder: Path) -> None:
    out, _ = visprog("run", "Rotate it", ASTRONAUT, "--json", status=1)
    assert json.loads(out)["ok"] is False
    out, _ = visprog("exec", "-", ASTRONAUT, "--json", given="RESULT=Cuont(IMAGE)", status=1)
    assert [each["code"] for each in json.loads(out)["diagnostics"]] == ["unknown-tool"]
    visprog("tools", "nope", "--json", status=2)


def test_output_files_are_checked_before_anything_runs(folder: Path) -> None:
    (folder / "fold.html").mkdir()
    (folder / "hide.vp").write_text(HIDE)
    _, err = visprog("exec", "hide.vp", ASTRONAUT, "-o", "out.png", "--trace", "fold.html", status=2)
    assert "fold.html is a folder" in err
    _, err = visprog("exec", "hide.vp", ASTRONAUT, "-o", "x" * 300 + ".png", status=2)
    assert "cannot be a file" in err
    _, err = visprog("exec", "hide.vp", folder, "-o", "out.png", status=2)
    assert "is a folder" in err


@pytest.mark.parametrize("name", ["demo.json", "demo.pdf", "demo"])
def test_the_demo_needs_the_name_of_a_page(name: str, folder: Path) -> None:
    _, err = visprog("demo", "-o", name, status=2)
    assert f"the page cannot be written to {name}\nhelp: use the ending .html or .htm" in err
    assert os.listdir(folder) == []


def test_with_a_program_the_instruction_is_optional(folder: Path) -> None:
    (folder / "p.vp").write_text("RESULT=Count(F)".join(["F=FaceDet(image=IMAGE)\n", ""]))
    assert visprog("run", "--program", "p.vp", ASTRONAUT)[0] == "1\n"
    _, err = visprog("run", status=2)
    assert "the instruction is missing" in err

"""A batch with Ray: real processes, some of them killed, and the results of a single process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count, islice
from pathlib import Path
from threading import Lock, Thread
from typing import Any, NamedTuple

import pytest

from tests.batch.tasks_file import lines_of, write_picture, write_tasks
from tests.engine.lifted_programs import random_program, unrolled
from tests.engine.stub_models import noise
from visprog import UsageError, VisProg, load_image, save_image
from visprog.batch.cluster import Cluster
from visprog.batch.engines import Options
from visprog.batch.runner import run_batch
from visprog.cli.sessions import make_session
from visprog.extras import install_extra
from visprog.models.fake import FakeVisualQA

ray = pytest.importorskip("ray", reason="the extra `ray` is not installed")
ray_machines = pytest.importorskip("ray.cluster_utils")

PICTURES, QUESTIONS = 6, 10
TOOLS = '''
import json
import os
import time
from pathlib import Path
from visprog import Image, tool

@tool("Darken")
def darken(image: Image, number: int) -> Image:
    """Darken the picture by `number`, and log the process. From 5 on, wait while a file `hold` exists."""
    keys = sorted(name for name in os.environ if name.startswith("OPENAI_"))
    line = json.dumps([int(image.pixels[0, 0, 0]), os.getpid(), keys]) + "\\n"
    log = os.open("calls.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, line.encode())
    os.close(log)
    while number >= 5 and os.path.exists("hold"):
        time.sleep(0.01)
    return Image(image.pixels - number)

@tool("Die")
def die(image: Image) -> Image:
    """Kill the process."""
    os.kill(os.getpid(), 9)
    return image
'''

FINDERS = '''
import zlib
from typing import Any
import numpy as np
from visprog import Image, Region, Regions, Scalar, tool

def number(image: Image, text: str) -> int:
    return zlib.crc32(text.encode(), zlib.crc32(np.ascontiguousarray(image.pixels).tobytes()))

@tool("Find")
def find(image: Image, object: str) -> Regions:
    """Find up to three boxes that depend on the pixels and the text."""
    rng, found = np.random.default_rng(number(image, object)), []
    for _ in range(int(rng.integers(0, 4))):
        left, top = int(rng.integers(0, image.width)), int(rng.integers(0, image.height))
        found.append(Region((left, top, left + 1 + int(rng.integers(0, 9)), top + 3), object))
    return Regions(found, size=image.size)

@tool("Ask")
def ask(image: Image, question: str) -> Scalar:
    """Answer with one of five words that depends on the pixels and the text."""
    return ("yes", "no", "red", "2", "")[number(image, question) % 5]

@tool("At")
def at(items: list[Any], place: int) -> object:
    """Return the item of a list at `place`, from 0."""
    return items[place]
'''


class Call(NamedTuple):
    """A call of Darken: the picture, the process and the keys in its environment."""

    picture: int
    process: int
    keys: list[str]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with pictures, several tasks on each of them, and a task that fails."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    (tmp_path / "tools.py").write_text(TOOLS)
    (tmp_path / "keyless.toml").write_text("[models]\nface_detector = 'opencv:haar'\n")
    for color in range(PICTURES):
        write_picture(tmp_path, f"{color}.png", 100 + color)
    tasks = [
        {"program": f"RESULT=Darken(IMAGE, {number})", "image": f"{color}.png"}
        for color in range(PICTURES)
        for number in range(QUESTIONS)
    ]
    several = "A=Loc(IMAGE, 'TOP')\nB=Loc(IMAGE, 'LEFT')\nC=Both(A, B)\nRESULT=CropEach(IMAGE, C)"
    parts = {"id": "parts", "program": several, "image": "0.png"}
    gone = {"id": "gone", "program": "RESULT=FaceDet(IMAGE)", "image": "none.png"}
    write_tasks(tmp_path, *tasks, parts, gone)
    return tmp_path


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a running cluster."""
    settings = {"worker_niceness": 0}
    context = ray.init(
        "local", num_cpus=4, include_dashboard=False, log_to_driver=False, _system_config=settings
    )
    yield context.address_info["gcs_address"]
    ray.shutdown()


def batch(*more_options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-W", "error", "-m", "visprog", "batch", "tasks.jsonl"]
    options = ["--tools", "tools.py", "--models", "keyless.toml", "--save", "--workers", "4", *more_options]
    return subprocess.Popen([*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finished(running: subprocess.Popen[str], status: int) -> str:
    _, words = running.communicate(timeout=200)
    assert running.returncode == status, words
    return words


def calls() -> list[Call]:
    lines = Path("calls.log").read_text().splitlines() if Path("calls.log").exists() else []
    return [Call(*json.loads(line)) for line in lines]


def processes() -> set[int]:
    return {each.process for each in calls()}


@contextmanager
def held(folder: Path) -> Iterator[Callable[[], None]]:
    """Inside the block, tasks from 5 on wait until the yielded function is called."""
    hold = folder / "hold"
    hold.touch()
    release = partial(hold.unlink, missing_ok=True)
    try:
        yield release
    finally:
        release()


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 200
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def sessions(*models: str) -> Callable[[], VisProg]:
    return partial(make_session, "auto", "keyless.toml", [Path("tools.py")], list(models))


def test_with_a_killed_worker_the_results_equal_those_of_a_local_run(folder: Path) -> None:
    """The batch starts its own cluster, passes no key on, and prints nothing of Ray."""
    with held(folder):
        running = batch("--out", "spread", "--engine", "ray", "--actors", "2")
        wait_until(lambda: len(calls()) == 18)  # each worker has run 5 tasks, and 4 wait
        victim = calls()[-1].process
        environment = Path(f"/proc/{victim}/environ")
        if environment.exists():
            assert b"sk-secret" not in environment.read_bytes()
            assert b"RAY_AUTH_MODE=token" in environment.read_bytes()
        os.kill(victim, signal.SIGKILL)
    printed = [line for line in finished(running, 1).splitlines() if " of 62, " not in line]
    assert printed == ["62 tasks: 61 done, 1 failed"]
    by_ray = calls()
    assert len(processes()) in (2, 3)  # the other worker may finish before the dead one is replaced
    assert not any(each.keys for each in by_ray)

    finished(batch("--out", "local"), 1)
    for path in [Path("local/results.jsonl"), *Path("local/pictures").iterdir()]:
        assert path.read_bytes() == Path("spread", *path.parts[1:]).read_bytes()
    assert (
        "the file none.png does not exist" in lines_of(Path("spread/results.jsonl"))[-1]["error"]["message"]
    )
    assert len(list(Path("spread/pictures").iterdir())) == PICTURES * QUESTIONS + 2
    assert lines_of(Path("spread/results.jsonl"))[-2]["pictures"] == [
        f"pictures/parts,{n}.png" for n in (1, 2)
    ]


def test_an_interrupted_batch_is_resumed_by_another_engine(folder: Path, cluster: str) -> None:
    journal = folder / "out" / "journal.jsonl"
    with held(folder):
        running = batch("--out", "out", "--engine", "ray", "--address", cluster, "--actors", "1")
        wait_until(lambda: journal.exists() and journal.read_bytes().count(b"\n") > 2)
        running.send_signal(signal.SIGINT)
        assert finished(running, 130).endswith("interrupted\n")
    done = len(lines_of(journal)) - 2
    assert 0 < done <= 5
    worker = calls()[0].process
    wait_until(lambda: not Path(f"/proc/{worker}").exists())
    assert f"({done} finished by earlier commands)" in finished(batch("--out", "out"), 1)


def test_a_picture_stays_with_one_worker_and_needed_keys_are_passed_on(folder: Path, cluster: str) -> None:
    make = sessions("visual_qa=openai:some-model")
    with make() as session, held(folder) as release:

        def release_both() -> None:
            wait_until(lambda: len(processes()) == 2)
            release()

        Thread(target=release_both).start()
        run_batch(session, folder / "tasks.jsonl", folder / "out", engine=Cluster(make, actors=2), workers=3)
    pairs = {(each.picture, each.process) for each in calls()}
    assert len(pairs) <= PICTURES + 1  # the last picture may be shared
    assert all("OPENAI_API_KEY" in each.keys for each in calls())


def test_only_the_task_that_kills_every_worker_fails(folder: Path, cluster: str) -> None:
    ordinary = [{"id": n, "program": f"RESULT=Darken(IMAGE, {n})", "image": "0.png"} for n in range(6)]
    deadly = {"id": "deadly", "program": "A=Darken(IMAGE, 50)\nRESULT=Die(A)", "image": "0.png"}
    file = write_tasks(folder, *ordinary[:3], deadly, *ordinary[3:])
    make = sessions()
    with make() as session:
        summary = run_batch(session, file, folder / "out", engine=Cluster(make, actors=1))
    assert (summary.tasks, summary.failed) == (7, 1)
    record = lines_of(summary.results)[3]
    assert (record["id"], record["error"]["type"]) == ("deadly", "WorkerDied")
    assert record["error"]["message"] == "the process that ran the task died 3 times"


def test_the_tasks_of_a_lost_machine_are_run_by_the_others(folder: Path) -> None:
    """Each of the two machines can run one worker, so the lost worker is not replaced."""
    machine = {"num_cpus": 1, "object_store_memory": 80 * 2**20}
    machines = ray_machines.Cluster(
        initialize_head=True, head_node_args={**machine, "include_dashboard": False}
    )
    try:
        other = machines.add_node(**machine)
        with held(folder):
            running = batch("--out", "out", "--engine", "ray", "--address", machines.address, "--actors", "2")
            wait_until(lambda: len(calls()) == 18)  # each worker has run 5 tasks, and 4 wait
            machines.remove_node(other)
        words = finished(running, 1)
    finally:
        machines.shutdown()
    assert "62 tasks: 61 done, 1 failed" in words
    assert len(processes()) == 2


def test_lifted_steps_have_the_same_results_in_every_worker(folder: Path, cluster: str) -> None:
    """20 random programs with lists, and the same programs with a step for each item."""
    (folder / "finders.py").write_text(FINDERS)
    for name, seed in (("a", 1), ("b", 2)):
        save_image(noise(seed), folder / f"{name}.png")
    make = partial(make_session, "auto", "keyless.toml", [Path("finders.py")], [])
    with make() as session:
        pictures = {"IMAGE": load_image(folder / "a.png"), "LEFT": load_image(folder / "b.png")}
        programs = list(islice(finders_programs(), 20))
        single = [unrolled(session.execute(program, pictures)).program for program in programs]
        images = {"IMAGE": "a.png", "LEFT": "b.png"}
        file = write_tasks(folder, *({"program": each, "images": images} for each in [*programs, *single]))
        here = run_batch(session, file, folder / "here")
        spread = run_batch(session, file, folder / "spread", engine=Cluster(make, actors=2))
    assert here.results.read_bytes() == spread.results.read_bytes()
    records = lines_of(spread.results)
    assert [each.get("result") for each in records[:20]] == [each.get("result") for each in records[20:]]
    assert sum("result" in each for each in records) >= 30


def finders_programs() -> Iterator[str]:
    """Yield random programs with lifted steps that need no model but those of `FINDERS`."""
    for seed in count():
        program = random_program(seed, 12)
        if "(image=V" in program and "Filter(" not in program and "Select(" not in program:
            yield program.replace("Loc(", "Find(").replace("Vqa(", "Ask(")


def test_workers_with_other_settings_are_rejected(folder: Path, cluster: str) -> None:
    engine = Cluster(sessions("visual_qa=openai:other"), actors=1)
    with sessions("visual_qa=openai:some")() as session, pytest.raises(UsageError) as caught:
        run_batch(session, folder / "tasks.jsonl", folder / "out", engine=engine)
    difference = "the model of visual_qa changed from `openai:some` to `openai:other`"
    assert f"has other settings than this process: {difference}" in caught.value.message
    assert calls() == []


def test_a_worker_that_cannot_save_a_file_ends_the_batch(folder: Path, cluster: str) -> None:
    (folder / "out" / "pictures" / "7.png").mkdir(parents=True)
    (folder / "out" / "journal.jsonl").touch()
    make = sessions()
    with make() as session, pytest.raises(Exception, match=r"7\.png is a folder"):
        run_batch(session, Path("tasks.jsonl"), Path("out"), Options(pictures=True), engine=Cluster(make))
    assert len(lines_of(Path("out/journal.jsonl"))) > 2


def test_a_session_that_cannot_be_pickled_is_rejected() -> None:
    models = {"visual_qa": FakeVisualQA(lambda *_: "yes"), "lock": Lock()}
    with pytest.raises(UsageError, match="cannot be sent to other processes"):
        Cluster(lambda: VisProg(models=models))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--engine", "ray", "--address", "127.0.0.1:1"], "Ray cluster at 127.0.0.1:1 cannot be reached"),
        (["--engine", "ray", "--address", "nowhere"], "the address is not HOST:PORT"),
        (["--engine", "spark"], "unknown engine `spark`"),
        (["--actors", "2"], "add `--engine ray`"),
    ],
)
def test_invalid_ray_options_are_reported(options: list[str], message: str, folder: Path) -> None:
    assert message in finished(batch("--out", "out", *options), 2)


def test_without_ray_the_error_tells_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError) as caught:
        Cluster(VisProg)
    assert install_extra("ray") in str(caught.value)


def test_a_finished_batch_starts_no_cluster(tmp_path: Path) -> None:
    file = write_tasks(tmp_path, {"program": "RESULT=Eval('6 * 7')"})
    run_batch(VisProg(), file, tmp_path / "out")
    engine: Any = Cluster(VisProg, address="127.0.0.1:1")
    assert run_batch(VisProg(), file, tmp_path / "out", engine=engine).performed == 0


@pytest.mark.parametrize(
    "failure", [Exception("The current node timed out during startup."), OSError("full")]
)
def test_if_ray_does_not_start_the_error_says_so_and_no_folder_is_left(
    failure: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def init(*_: Any, **__: Any) -> None:
        raise failure

    if ray.is_initialized():
        ray.shutdown()
    monkeypatch.setattr(ray, "init", init)
    file = write_tasks(tmp_path, {"program": "RESULT=Eval('6 * 7')"})
    with pytest.raises(UsageError, match=f"Ray did not start on this machine: {failure}") as caught:
        run_batch(VisProg(), file, tmp_path / "out", engine=Cluster(VisProg))
    assert "--engine local" in str(caught.value.help)
    assert not (tmp_path / "out").exists()

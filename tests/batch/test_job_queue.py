"""Jobs on the same picture go to the same worker, as long as no worker is idle."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from visprog.batch.engines import Job
from visprog.batch.job_queue import JobQueue
from visprog.batch.tasks import Task


def queue_of(*pictures: str) -> JobQueue:
    """Return a queue of one numbered job for each picture; "" means no picture."""
    jobs = JobQueue()
    for number, name in enumerate(pictures):
        paths = {"IMAGE": name, "OTHER": "shared.png"} if name else {}
        jobs.add((bytes([number]), Task(number, "", "", paths, "auto")))
    return jobs


def number(job: Job | None) -> int | None:
    return None if job is None else job[0][0]


def test_a_worker_gets_more_jobs_on_its_picture() -> None:
    jobs = queue_of("a", "b", "a", "b", "c")
    assert [number(jobs.take(worker, idle=True)) for worker in (1, 2, 2, 1, 2)] == [0, 1, 3, 2, 4]
    assert not len(jobs)


def test_a_workers_pictures_are_remembered() -> None:
    jobs = queue_of("a", "b")
    assert [number(jobs.take(worker, idle=True)) for worker in (1, 2)] == [0, 1]
    for name in ("b", "a"):
        jobs.add((name.encode(), Task(name, "", "", {"IMAGE": name}, "auto")))
    assert jobs.take(1, idle=True) == (b"a", Task("a", "", "", {"IMAGE": "a"}, "auto"))


def test_only_an_idle_worker_takes_another_workers_picture_with_the_most_jobs() -> None:
    jobs = queue_of("a", "b", "a", "b", "b")
    assert [number(jobs.take(1, idle=False)) for _ in range(2)] == [0, 2]
    assert number(jobs.take(1, idle=False)) == 1
    assert jobs.take(2, idle=False) is None
    assert number(jobs.take(2, idle=True)) == 3
    assert number(jobs.take(2, idle=False)) == 4


def test_jobs_without_a_picture_go_to_any_worker() -> None:
    jobs = queue_of("", "", "")
    assert [number(jobs.take(worker, idle=False)) for worker in (1, 2, 1)] == [0, 1, 2]
    assert jobs.take(1, idle=True) is None


@given(st.lists(st.sampled_from("abcd")), st.lists(st.tuples(st.integers(0, 2), st.booleans())))
def test_every_job_is_taken_once(pictures: list[str], takes: list[tuple[int, bool]]) -> None:
    jobs = queue_of(*pictures)
    taken = [jobs.take(worker, idle=idle) for worker, idle in takes]
    taken += [jobs.take(0, idle=True) for _ in range(len(jobs))]
    numbers = [number(job) for job in taken if job is not None]
    assert sorted(numbers) == list(range(len(pictures)))  # type: ignore[type-var]
    assert jobs.take(0, idle=True) is None

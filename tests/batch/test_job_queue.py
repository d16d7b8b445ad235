"""Tasks on one picture stay with one worker, and nobody is idle for it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from visprog.batch.engines import Job
from visprog.batch.job_queue import JobQueue
from visprog.batch.tasks import Task


def waiting(*pictures: str) -> JobQueue:
    """Jobs numbered in the order of their pictures; "" stands for none."""
    jobs = JobQueue()
    for number, name in enumerate(pictures):
        paths = {"IMAGE": name, "OTHER": "shared.png"} if name else {}
        jobs.add((bytes([number]), Task(number, "", "", paths, "auto")))
    return jobs


def number(job: Job | None) -> int | None:
    return None if job is None else job[0][0]


def test_a_worker_goes_on_with_the_picture_that_it_has_had() -> None:
    jobs = waiting("a", "b", "a", "b", "c")
    assert [number(jobs.take(worker, idle=True)) for worker in (1, 2, 2, 1, 2)] == [0, 1, 3, 2, 4]
    assert not len(jobs)


def test_it_knows_its_pictures_when_they_come_again() -> None:
    jobs = waiting("a", "b")
    assert [number(jobs.take(worker, idle=True)) for worker in (1, 2)] == [0, 1]
    for name in ("b", "a"):
        jobs.add((name.encode(), Task(name, "", "", {"IMAGE": name}, "auto")))
    assert jobs.take(1, idle=True) == (b"a", Task("a", "", "", {"IMAGE": "a"}, "auto"))


def test_only_an_idle_worker_takes_another_ones_picture_and_of_that_with_most_waiting() -> None:
    jobs = waiting("a", "b", "a", "b", "b")
    assert [number(jobs.take(1, idle=False)) for _ in range(2)] == [0, 2]
    assert number(jobs.take(1, idle=False)) == 1
    assert jobs.take(2, idle=False) is None
    assert number(jobs.take(2, idle=True)) == 3
    assert number(jobs.take(2, idle=False)) == 4


def test_tasks_without_a_picture_are_anybodys() -> None:
    jobs = waiting("", "", "")
    assert [number(jobs.take(worker, idle=False)) for worker in (1, 2, 1)] == [0, 1, 2]
    assert jobs.take(1, idle=True) is None


@given(st.lists(st.sampled_from("abcd")), st.lists(st.tuples(st.integers(0, 2), st.booleans())))
def test_every_job_is_taken_once(pictures: list[str], takes: list[tuple[int, bool]]) -> None:
    jobs = waiting(*pictures)
    taken = [jobs.take(worker, idle=idle) for worker, idle in takes]
    taken += [jobs.take(0, idle=True) for _ in range(len(jobs))]
    numbers = [number(job) for job in taken if job is not None]
    assert sorted(numbers) == list(range(len(pictures)))  # type: ignore[type-var]
    assert jobs.take(0, idle=True) is None

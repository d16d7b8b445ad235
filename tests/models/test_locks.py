"""Many models compute at the same time, but a checkpoint is loaded alone."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from visprog.models.locks import ModelLock, loading_alone

PATIENCE = 20.0
"""Timeout in seconds, after which a thread counts as blocked."""


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def held(lock: ModelLock, entered: Event, leave: Event) -> None:
    with lock:
        entered.set()
        assert leave.wait(PATIENCE)


def begin(pool: ThreadPoolExecutor, lock: ModelLock) -> tuple[Event, Future[None]]:
    """Let another thread hold the lock. Return the event that releases it, and the thread's future."""
    entered, leave = Event(), Event()
    future = pool.submit(held, lock, entered, leave)
    assert entered.wait(PATIENCE)
    return leave, future


def starts(pool: ThreadPoolExecutor, work: Callable[[], object]) -> Future[object]:
    """Start some work, and give it time to block."""
    begun = Event()

    def working() -> object:
        begun.set()
        return work()

    future = pool.submit(working)
    assert begun.wait(PATIENCE)
    time.sleep(0.05)
    return future


def load() -> None:
    with loading_alone():
        pass


def compute(lock: ModelLock) -> None:
    with lock:
        pass


def test_models_compute_at_the_same_time(pool: ThreadPoolExecutor) -> None:
    together = Barrier(3, timeout=PATIENCE)

    def work() -> None:
        with ModelLock():
            together.wait()

    for each in [pool.submit(work) for _ in range(3)]:
        each.result(PATIENCE)


def test_a_model_computes_in_one_thread_at_a_time(pool: ThreadPoolExecutor) -> None:
    lock = ModelLock()
    leave, first = begin(pool, lock)
    second = starts(pool, lambda: compute(lock))
    assert not second.done()
    leave.set()
    second.result(PATIENCE)
    first.result(PATIENCE)


def test_loading_waits_for_running_models_and_then_blocks_new_ones(pool: ThreadPoolExecutor) -> None:
    leave, computing = begin(pool, ModelLock())
    loading = starts(pool, load)
    later = starts(pool, lambda: compute(ModelLock()))
    assert not loading.done()
    assert not later.done()
    leave.set()
    for each in (computing, loading, later):
        each.result(PATIENCE)


def test_two_checkpoints_are_never_loaded_at_the_same_time(pool: ThreadPoolExecutor) -> None:
    with loading_alone():
        other = starts(pool, load)
        assert not other.done()
    other.result(PATIENCE)


def test_a_thread_can_enter_again_while_another_waits_to_load(pool: ThreadPoolExecutor) -> None:
    with ModelLock() as _:
        loading = starts(pool, load)
        compute(ModelLock())
        assert not loading.done()
    loading.result(PATIENCE)
    with loading_alone(), loading_alone():
        compute(ModelLock())


def test_a_failure_leaves_nothing_locked(pool: ThreadPoolExecutor) -> None:
    lock = ModelLock()
    with pytest.raises(ValueError, match="of the model"), lock:
        raise ValueError("of the model")
    with pytest.raises(ValueError, match="of the file"), loading_alone():
        raise ValueError("of the file")
    pool.submit(load).result(PATIENCE)
    pool.submit(compute, lock).result(PATIENCE)


def test_loading_while_holding_a_models_lock_is_an_error(
    pool: ThreadPoolExecutor,
) -> None:
    with ModelLock(), pytest.raises(RuntimeError, match="lock is held"):
        load()
    pool.submit(load).result(PATIENCE)


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns a hundred times as often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(5e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("hasty")
def test_checkpoints_loaded_by_many_threads_are_complete_and_leave_no_global_changes() -> None:
    """Four checkpoints, some of which share weights, are loaded repeatedly in full and half precision."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    from visprog.models.backends.transformers import load as load_model

    tying = transformers.PreTrainedModel.tie_weights
    roles = {"language_model": "t5", "detector": "owlvit", "image_text_scorer": "clip", "masker": "sam"}
    jobs = [
        (role, f"visprog-mini/{name}", {"device": "cpu", "dtype": dtype})
        for _ in range(4)
        for role, name in roles.items()
        for dtype in ("float32", "bfloat16")
    ]
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(lambda job: load_model(*job), jobs))
    assert len(models) == len(jobs)
    assert transformers.PreTrainedModel.tie_weights is tying
    assert torch.get_default_dtype() == torch.float32

"""Training goes on where it stopped, and ends with the same weights."""

from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from training.loop import Schedule, fit


def _model() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(0.1), nn.BatchNorm1d(8), nn.Linear(8, 1))


def _loss(network: nn.Module, step: int) -> Tensor:
    numbers = torch.randn(16, 3, generator=torch.Generator().manual_seed(step))
    dtype = next(network.parameters()).dtype
    output: Tensor = network(numbers.to(dtype))
    return (output.squeeze(-1).float() - numbers.sum(-1)).pow(2).mean()


class _KilledError(Exception):
    pass


@pytest.mark.parametrize("low", [True, False])
def test_an_interrupted_training_ends_as_an_uninterrupted_one(
    tmp_path: Path, low: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    schedule = Schedule(steps=30, rate=1e-2)
    whole = _model()
    fit(whole, _loss, schedule, tmp_path / "whole", low=low)

    def dies_at_20(network: nn.Module, step: int) -> Tensor:
        if step == 20:
            raise _KilledError
        return _loss(network, step)

    clock = iter(range(0, 10**6, 50))  # a checkpoint is written every few steps
    monkeypatch.setattr("training.loop.time.monotonic", lambda: next(clock))
    with pytest.raises(_KilledError):
        fit(_model(), dies_at_20, schedule, tmp_path / "parts", low=low)
    asked: list[int] = []

    def counting(network: nn.Module, step: int) -> Tensor:
        asked.append(step)
        return _loss(network, step)

    resumed = _model()
    fit(resumed, counting, schedule, tmp_path / "parts", low=low)
    assert 0 < asked[0] <= 20
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_training_learns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = _model()
    before = _loss(model.eval(), 1000).item()
    fit(model, _loss, Schedule(steps=300, rate=2e-2), tmp_path, validate=lambda network: "well", every=150)
    assert _loss(model, 1000).item() < before / 4
    printed = capsys.readouterr().out
    assert "step 300/300  loss" in printed
    assert printed.count("well") == 2


def test_parts_trained_before_learn_slower(tmp_path: Path) -> None:
    model = _model()
    start = {name: value.clone() for name, value in model.state_dict().items()}
    fit(
        model,
        _loss,
        Schedule(steps=10, rate=1e-2, loose=("0.",), loose_rate=0.0, decay=0),
        tmp_path,
        low=False,
    )
    assert torch.equal(start["0.weight"], model.state_dict()["0.weight"])
    assert not torch.equal(start["4.weight"], model.state_dict()["4.weight"])


def test_the_rate_rises_and_falls() -> None:
    schedule = Schedule(steps=100, rate=1.0, warmup=0.1)
    rates = [schedule.at(step) for step in range(100)]
    assert rates.index(max(rates)) in (9, 10)
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] < 0.01

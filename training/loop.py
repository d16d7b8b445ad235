"""The training loop of every model: it can be resumed at any step and uses mixed precision."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class Schedule(NamedTuple):
    """The learning rate over the steps: it rises during the share `warmup` of the steps, then falls.

    At the end it is `end` times the rate. Parameters whose names contain one of `loose`, such as a part that
    was trained before, learn at `loose_rate` times the rate.
    """

    steps: int
    rate: float
    warmup: float = 0.06
    decay: float = 0.01
    clip: float = 1.0
    end: float = 0.0
    loose: tuple[str, ...] = ()
    loose_rate: float = 1.0

    def at(self, step: int) -> float:
        """Return the learning rate at a step: a linear rise, then a half cosine."""
        rise = max(1, round(self.steps * self.warmup))
        if step < rise:
            return self.rate * (step + 1) / rise
        fallen = 0.5 - 0.5 * math.cos(math.pi * (step - rise) / max(1, self.steps - rise))
        return self.rate * (1 - (1 - self.end) * fallen)


def fit(
    model: nn.Module,
    loss: Callable[[nn.Module, int], Tensor],
    schedule: Schedule,
    folder: Path,
    *,
    validate: Callable[[nn.Module], str] | None = None,
    every: int = 1000,
    low: bool = True,
) -> None:
    """Train `model` in place. If `folder` has a checkpoint, resume from it.

    `loss(model, step)` computes the loss of a batch that depends only on the step, so an interrupted training
    ends with the same weights as an uninterrupted one. With `low`, the loss is computed by a copy of the
    model in bfloat16, and its gradients are applied to `model` in full precision. `validate` returns a line
    of scores; it is called every `every` steps and at the end.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()
    optimizer = torch.optim.AdamW(_groups(model, schedule), lr=schedule.rate, betas=(0.9, 0.98), fused=True)
    checkpoint = folder / "checkpoint.pt"
    first = _resume(checkpoint, model, optimizer, device)
    copy = deepcopy(model).to(torch.bfloat16) if low else model
    started, saved, total = time.monotonic(), time.monotonic(), 0.0
    for step in range(first, schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.at(step) * group["scale"]
        torch.manual_seed(step)
        value = loss(copy, step)
        value.backward()
        if low:
            _carry_gradients(copy, model)
        nn.utils.clip_grad_norm_(model.parameters(), schedule.clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if low:
            _carry_weights(model, copy)
        total += value.item()
        done = step + 1
        if done % 50 == 0 or done == schedule.steps:
            left = (time.monotonic() - started) / (done - first) * (schedule.steps - done)
            parts = done % 50 or 50
            print(
                f"step {done}/{schedule.steps}  loss {total / parts:.4f}  {_minutes(left)} left", flush=True
            )
            total = 0.0
        if time.monotonic() - saved > 120 or done == schedule.steps:
            _save(checkpoint, model, optimizer, done)
            saved = time.monotonic()
        if validate is not None and (done % every == 0 or done == schedule.steps):
            model.eval()
            print(f"step {done}/{schedule.steps}  {validate(model)}", flush=True)
            model.train()
    model.eval()


def _groups(model: nn.Module, schedule: Schedule) -> list[dict[str, Any]]:
    """Return groups of parameters: only matrices decay, and those named in `loose` learn more slowly."""
    groups: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            loose = any(part in name for part in schedule.loose)
            groups.setdefault((parameter.ndim > 1, loose), []).append(parameter)
    return [
        {
            "params": parameters,
            "weight_decay": schedule.decay if matrix else 0.0,
            "scale": schedule.loose_rate if loose else 1.0,
        }
        for (matrix, loose), parameters in groups.items()
    ]


def _carry_gradients(copy: nn.Module, model: nn.Module) -> None:
    for low, full in zip(copy.parameters(), model.parameters(), strict=True):
        full.grad = None if low.grad is None else low.grad.float()
        low.grad = None


def _carry_weights(model: nn.Module, copy: nn.Module) -> None:
    with torch.no_grad():
        for full, low in zip(model.parameters(), copy.parameters(), strict=True):
            low.copy_(full)
        for whole, part in zip(model.buffers(), copy.buffers(), strict=True):
            whole.copy_(part)


def _save(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    making = path.with_suffix(".new")
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, making)
    making.replace(path)


def _resume(path: Path, model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device) -> int:
    if not path.exists():
        return 0
    state = torch.load(path, map_location=device, weights_only=True)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    step = int(state["step"])
    print(f"resuming at step {step}", flush=True)
    return step


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60}:{int(seconds) % 60:02d}"

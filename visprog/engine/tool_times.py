"""The time that tools take: a quick tool runs in the calling thread."""

from __future__ import annotations

from visprog.tools import Tool

_HANDOVER = 200e-6
"""Seconds. A tool that takes less is not given to another thread."""


class ToolTimes:
    """Estimates the time of each tool from its calls. Lost updates between threads do no harm."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = {}
        self._batched: set[str] = set()

    def is_quick(self, tool: Tool | None) -> bool:
        """Return whether a step is best run in the thread that made it ready. An alias has no tool."""
        if tool is None:
            return True
        return self._seconds.get(tool.name, _HANDOVER) < _HANDOVER and tool.name not in self._batched

    def record(self, tool: Tool, seconds: float) -> None:
        """Update the estimate. It follows the median, as any call may be slow on a busy machine."""
        before = self._seconds.get(tool.name)
        self._seconds[tool.name] = seconds if before is None else before * (1.25 if seconds > before else 0.8)

    def mark_batched(self, tool: Tool) -> None:
        """Note that the tool's calls wait for other calls, which other threads must be able to make."""
        self._batched.add(tool.name)

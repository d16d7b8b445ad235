"""What `visprog batch` does, once its words are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from visprog.batch.progress import ProgressLine
from visprog.batch.runner import Engine, Options, Summary, run_batch
from visprog.printable import json_text
from visprog.session import VisProg
from visprog.trace.number_format import cost


def batch(
    session: VisProg,
    tasks: Path,
    out: Path,
    options: Options,
    *,
    workers: int,
    retry_failed: bool,
    changes_allowed: bool,
    engine: Engine | None = None,
    tell: Callable[[str], None],
) -> Summary:
    """Run a batch under a line that tells how far it is."""
    with session, ProgressLine() as line:
        return run_batch(
            session,
            tasks,
            out,
            options,
            workers=workers,
            retry_failed=retry_failed,
            changes_allowed=changes_allowed,
            watch=line,
            engine=engine,
            tell=tell,
        )


def in_words(summary: Summary) -> str:
    """Return the summary for people: `1,000 tasks: 998 done, 2 failed; 1,234 tokens in, 56 out`."""
    tasks = f"{summary.tasks:,} task{'' if summary.tasks == 1 else 's'}"
    outcome = f"{summary.tasks - summary.failed:,} done, {summary.failed:,} failed"
    earlier = summary.tasks - summary.performed
    before = f" ({earlier:,} of them earlier)" if earlier else ""
    spent = cost(summary.tokens)
    remarks = _transient(summary.transient) + _damage(summary.damaged)
    return f"{tasks}: {outcome}{before}{f'; {spent}' if spent else ''}{remarks}"


def _damage(lines: int) -> str:
    if not lines:
        return ""
    what = "a line of the journal is" if lines == 1 else f"{lines:,} lines of the journal are"
    return f"\nwarning: {what} damaged; the affected tasks were run again. Check the disk"


def _transient(tasks: int) -> str:
    if not tasks:
        return ""
    what = "one task" if tasks == 1 else f"{tasks:,} tasks"
    return f"\n{what} may succeed on another try (a server, memory, a file); the same command tries again"


def as_json(summary: Summary) -> str:
    """Return the summary for other programs."""
    facts = {
        "tasks": summary.tasks,
        "done": summary.tasks - summary.failed,
        "failed": summary.failed,
        "performed": summary.performed,
        "damaged": summary.damaged,
        "transient": summary.transient,
        **summary.tokens._asdict(),
        "results": str(summary.results),
    }
    return json_text(facts)

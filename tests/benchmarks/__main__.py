"""Measures all workloads, or the named ones, and prints one table.

    python -m tests.benchmarks [--json] [WORKLOAD...]

Times depend on other work on the machine; counts are exact.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
from datetime import UTC, datetime
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import chain

from tests.benchmarks.table import print_table, record

WORKLOADS = {
    "engine_overhead": "the time that the engine adds to a step",
    "trace_cost": "the time and the size of a trace",
    "against_original": "our engine and the one that was published with VisProg, with stub models",
    "batching": "batched calls, with stub models",
    "mini": "batched calls and kept encodings, with the models of the profile `mini`; takes minutes",
    "lifting": "a question about each of 64 regions, with a model of the profile `mini`",
    "batch_journal": "the time that a batch adds to its tasks, and the time of an edited program",
    "throughput": "tasks per second one by one, as a batch, and with Ray with one and two workers",
    "startup": "the time of `visprog --help`",
}
"""The scripts in this folder, each with a function `rows`."""


def main() -> None:
    """Measure and print."""
    listing = "\n".join(f"  {name:<16} {meaning}" for name, meaning in WORKLOADS.items())
    parser = argparse.ArgumentParser(
        "python -m tests.benchmarks",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description=f"Measures workloads and prints one table. Without names, all of them:\n\n{listing}",
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="one of the above")
    parser.add_argument("--json", action="store_true", help="print the table as data")
    chosen = parser.parse_args()
    for name in chosen.workloads:
        if name not in WORKLOADS:
            parser.error(f"unknown workload {name!r}; the workloads are {', '.join(WORKLOADS)}")
    names = chosen.workloads or WORKLOADS
    rows = chain.from_iterable(import_module(f"tests.benchmarks.{name}").rows() for name in names)
    if chosen.json:
        print(json.dumps({**circumstances(), "rows": list(map(record, rows))}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in circumstances().items()), end="\n\n")
    print_table(rows)


def circumstances() -> dict[str, object]:
    """Return the date, the machine and the versions of the measurement."""
    versions = {}
    for package in ("visprog", "numpy", "torch", "transformers", "ray"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:  # the workloads that need it report it
            continue
    moment = datetime.now(UTC).isoformat(timespec="minutes")
    machine = {"machine": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()}
    return {"date": moment, **machine, **versions}


if __name__ == "__main__":
    main()

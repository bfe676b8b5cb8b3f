"""`python -m benchmarks`: run every benchmark and print one table (also `make bench`)."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import Row, machine, print_table

HERE = Path(__file__).parent
PREFIX = "bench_"


def topics(folder: Path = HERE) -> list[str]:
    """Every topic that has a file bench_<topic>.py, by name."""
    return sorted(path.stem.removeprefix(PREFIX) for path in folder.glob(f"{PREFIX}*.py"))


def run(topic: str) -> list[Row]:
    """The rows of one topic."""
    module = importlib.import_module(f"benchmarks.{PREFIX}{topic}")
    rows: list[Row] = module.rows()
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked; a benchmark that fails is named and the others still run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = topics()
    parser.add_argument(
        "--only", action="append", metavar="NAME", help=f"run only this one: {', '.join(known)}"
    )
    chosen = parser.parse_args(arguments).only or known
    if unknown := sorted(set(chosen) - set(known)):
        parser.error(f"no benchmark named {', '.join(unknown)}; there are: {', '.join(known)}")
    table: list[Row] = []
    failed: list[str] = []
    for topic in chosen:
        start = time.perf_counter()
        try:
            rows = run(topic)
        except Exception:
            traceback.print_exc()
            failed.append(topic)
            continue
        print(f"{topic}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
        table += [Row(f"-- {topic}", ""), *rows]
    print_table(table)
    print(f"\n{machine()}")
    for topic in failed:
        print(f"FAILED: {topic}, see its error above")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

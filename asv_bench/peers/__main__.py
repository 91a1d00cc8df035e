"""``python -m asv_bench.peers``: measure, print the table, write peers.json and peers.md."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .floors import floors
from .judge import Check, checks, mean_checks
from .processes import LIBRARIES, ROOT, medians, peak_memory, start
from .report import COLUMNS, line, markdown
from .rows import ROWS

OUTPUT = ROOT / "build" / "peers"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m asv_bench.peers", description="weft beside its peers")
    parser.add_argument("rows", nargs="*", help="parts of the names of rows or groups; all without any")
    parser.add_argument("--libraries", default="numpy,torch,jax,weft,weft 1 thread", help=f"of {', '.join(LIBRARIES)}")
    parser.add_argument("--python", action="append", default=[], metavar="LIBRARY=PATH", help="its interpreter")
    parser.add_argument("--samples", type=int, default=15, help="of which the median counts")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="without the suffixes .json and .md")
    parser.add_argument("--list", action="store_true", help="name the rows and stop")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    chosen = [r for r in ROWS.values() if not options.rows or any(p in f"{r.group}: {r.name}" for p in options.rows)]
    if options.list or not chosen:
        sys.exit("\n".join(f"{row.group}: {row.name}" for row in (chosen or ROWS.values())))
    pythons = dict(item.split("=", 1) for item in options.python)
    names = [name.strip() for name in options.libraries.split(",")]
    if unknown := set(names) - set(LIBRARIES):
        sys.exit(f"no library {', '.join(sorted(unknown))}; there are {', '.join(LIBRARIES)}")
    limits = floors()
    processes = start(names, pythons)
    shown = [name for name in COLUMNS if name in processes]
    judged, entries = [], {}
    for row in chosen:
        asked = {n: p for n, p in processes.items() if n != "weft 1 thread" or row.threads}
        measured = medians(row.name, asked, options.samples)
        peaks = {n: peak_memory(row.name, n, pythons) for n in ("torch", "weft") if row.memory and n in processes}
        memory = {name: peak for name, peak in peaks.items() if peak}
        found = checks(row, measured, limits, memory)
        judged.append((row, measured, found))
        entries[row.name] = {"seconds": measured, "memory": memory, "checks": [as_json(check) for check in found]}
        print(line(row.name, measured, found, shown), flush=True)
    for process in processes.values():
        process.close()
    means = mean_checks((row, found) for row, _, found in judged)
    date = datetime.datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
    table = markdown([(row.name, measured, found) for row, measured, found in judged], means, limits, date)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.with_suffix(".md").write_text(table)
    everything = {"date": date, "limits": limits, "rows": entries, "means": [as_json(check) for check in means]}
    options.output.with_suffix(".json").write_text(json.dumps(everything, indent=1))
    print("\n" + table)


def as_json(check: Check) -> dict[str, Any]:
    return asdict(check) | {"met": check.met}


if __name__ == "__main__":
    main()

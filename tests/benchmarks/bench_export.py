"""Every visit as CSV, Parquet and zip, streamed: `python tests/benchmarks/bench_export.py --keep FOLDER [--forms csv,parquet]` (the build of bench_pages.py, 1.3 million visits).

Promised: CSV and Parquet in 10 s with 300 MiB more than before. Each form is asked in a process of its own, so that none finds the other's memory.

The export route itself is asked, in a process that has opened the build and answered a page's question before: seconds, file size, and how much
the process grew while it wrote (its highest resident memory against what it held before).
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from bench_pages import make  # noqa: E402
from starlette.applications import Starlette  # noqa: E402

from dashboard import exports, store  # noqa: E402
from dashboard.exports.route import ROUTES  # noqa: E402
from dashboard.selection import Selection  # noqa: E402


def memory(field: str) -> float:
    """MiB of a field of /proc/self/status."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def fetch(url: str) -> tuple[int, int]:
    """Ask the route as a server would, throwing the body away chunk by chunk. Return (bytes, largest chunk)."""
    sizes: list[int] = []

    async def run() -> None:
        async def receive() -> dict:
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            sizes.append(len(message.get("body", b"")))

        scope = {"type": "http", "method": "GET", "path": url, "raw_path": url.encode(), "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("x", 1), "root_path": "", "asgi": {"version": "3.0", "spec_version": "2.4"}}
        await Starlette(routes=list(ROUTES))(scope, receive, send)

    asyncio.run(run())
    return sum(sizes), max(sizes)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "smartport-bench", help="the folder of the build, made there if it is not (default %(default)s)")
    parser.add_argument("--forms", default="csv,parquet,zip", help="of zip, csv, parquet, xlsx (which a million visits fit into, 1.3 do not)")
    parser.add_argument("--detail", default="visits", help="visits, steps, stays or declarations")
    parser.add_argument("--days", type=int, help="the last days only")
    given = parser.parse_args()
    forms = given.forms.split(",")
    if len(forms) > 1:
        own = [sys.executable, __file__, "--keep", str(given.keep), "--detail", given.detail, *(("--days", str(given.days)) if given.days else ())]
        return max(subprocess.run([*own, "--forms", form], check=False).returncode for form in forms)
    store.use(make(given.keep.resolve()))
    build = store.build()
    every = replace(Selection.preset("MACAS", "90d", build.now_day), first_day=build.first_day if not given.days else build.last_day - dt.timedelta(days=given.days - 1), period="custom", comparison="none")
    n = store.ask(every, ["visits", "turnaround_p50"], by=["lane"]).n
    order = exports.of_rows(given.detail, every, dialect="semicolon", lang="fr")
    Path("/proc/self/clear_refs").write_text("5")  # the highest resident memory starts anew
    before, started, busy = memory("VmRSS"), time.perf_counter(), time.process_time()
    size, chunk = fetch(exports.link(order, form=forms[0]))
    print(
        f"{given.detail} of {n:,} visits as {forms[0]}: {time.perf_counter() - started:.1f} s ({time.process_time() - busy:.1f} s CPU, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores), "
        f"{size / 2**20:,.0f} MiB in chunks of {chunk / 2**10:,.0f} KiB at most; memory {before:,.0f} MiB before, {memory('VmHWM'):,.0f} at most, {memory('VmRSS'):,.0f} after",
        flush=True,
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())

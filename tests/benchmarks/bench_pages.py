"""Uncached server time of what the pages ask, at 1.3 million visits: `python tests/benchmarks/bench_pages.py [--keep FOLDER]`.

Promises: p95 of any page <= 150 ms for 90 days with comparison, <= 400 ms for a year; a repeated filter <= 20 ms. The build is made straight
from frames (tests/dashboard/small_build.py), month by month: 1.3 M visits, 13 M steps, stays of the last four weeks. A page is the list of
questions it asks, one after another on one thread; the cache is emptied before each.
"""

from __future__ import annotations

import argparse
import datetime as dt
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import polars as pl  # noqa: E402

from dashboard import store  # noqa: E402
from dashboard.selection import Selection  # noqa: E402
from etl import warehouse  # noqa: E402
from etl.contracts.reference import load_site  # noqa: E402
from etl.settings import SAMPLE_SITE, Settings  # noqa: E402

_spec = importlib.util.spec_from_file_location("small_build", ROOT / "tests" / "dashboard" / "small_build.py")
small_build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small_build)

CHUNKS, CHUNK_DAYS, PER_DAY = 26, 21, 2600
CARDS = ["visits", "turnaround_p50", "turnaround_p90", "over_120_share", "under_60_share", "queue_p50", "queue_observed_share", "document_checks_mean", "document_checks_coverage"]
SPLIT = ["visits", "turnaround_p50", "turnaround_p90", "over_120_share"]
PAGES: dict[str, list] = {
    "overview": [
        lambda s: store.ask(s, CARDS, compare=True), lambda s: store.ask(s, CARDS, grain="day"), lambda s: store.ask(s, ["turnaround_p50"], by=["lane"], compare=True),
        lambda s: store.rows("inside_now"), lambda s: store.table("meta_freshness"),
    ],
    "turnaround": [
        lambda s: store.ask(s, ["turnaround_p25", "turnaround_p50", "turnaround_p75", "turnaround_p90", "turnaround_p95", "planning_time", "total_visit_p95"], compare=True),
        lambda s: store.ask(s, ["turnaround_p50", "turnaround_p90"], grain="day"), lambda s: store.ask(s, ["visits"], by=["band"], compare=True),
        lambda s: store.ask(s, ["step_mean", "step_wait_mean", "step_service_mean"], by=["step"], compare=True),
        *(lambda s, by=by: store.ask(s, SPLIT, by=[by], intervals=True) for by in ("lane", "terminal", "direction", "channel")),
    ],
    "congestion": [
        lambda s: store.ask(s, ["congestion_index"], by=["zone", "hour_of_week"]), lambda s: store.ask(s, ["lost_hours"], by=["place"], compare=True),
        lambda s: store.rows("inside", s), lambda s: store.rows("means_open", s), lambda s: store.rows("queue_by_hour", s),
    ],
    "pilot": [
        lambda s: store.ask(s, [*SPLIT, "document_checks_mean"], by=["arm", "pilot_period"], intervals=True), lambda s: store.ask(s, ["step_mean"], by=["arm", "pilot_period", "step"]),
        lambda s: store.ask(s, ["visits"], by=["arm", "pilot_period", "band"]),
    ],
    "quality": [
        lambda s: store.ask(s, ["read_rows", "good_rows", "rejected_rows", "duplicate_rows"], by=["source"]), lambda s: store.ask(s, ["missing_exit_share", "clock_uncertain_share"], grain="day"),
        lambda s: store.rows("file_days", s), lambda s: store.rows("source_days", s),
    ],
}  # fmt: skip


def make(home: Path) -> Settings:
    site, settings = load_site(SAMPLE_SITE), Settings(home=home, site=SAMPLE_SITE)
    if warehouse.current_build_id(settings.build, site.port_code):
        return settings
    visits = []
    for number in range(CHUNKS):
        last = small_build.LAST_DAY - dt.timedelta(days=CHUNK_DAYS * (CHUNKS - 1 - number))
        facts = small_build.frames(site, CHUNK_DAYS, PER_DAY, seed=number + 1, tracked_days=28 if number >= CHUNKS - 2 else 0, last_day=last)
        visits.append(facts["fct_visits"])
        books = small_build.ledger(site, {"fct_visits": pl.concat(visits)})
        days = frozenset(last - dt.timedelta(days=back) for back in range(CHUNK_DAYS))
        warehouse.publish(settings, site, warehouse.Changes(facts, days), books)
        print(f"\rmade {number + 1} of {CHUNKS}", end="", flush=True)
    print()
    return settings


def measure(selection: Selection, rounds: int = 6) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return (page -> wall milliseconds of each round, page -> CPU milliseconds), the cache empty before each."""
    found: dict[str, list[float]] = {page: [] for page in PAGES}
    spent: dict[str, list[float]] = {page: [] for page in PAGES}
    own = store.of("MACAS")
    for number in range(rounds + 1):
        for page, questions in PAGES.items():
            own._cache.clear()
            own._cached_bytes = 0
            started, busy = time.perf_counter(), time.process_time()
            for question in questions:
                question(selection)
            if number:  # the first round warms the files
                found[page].append((time.perf_counter() - started) * 1000)
                spent[page].append((time.process_time() - busy) * 1000)
    return found, spent


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="make the build here, or use the one that is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        store.use(make((given.keep or Path(scratch)).resolve()))
        build = store.build()
        quarter = Selection.preset("MACAS", "90d", build.now_day)
        year = replace(quarter, first_day=quarter.end_day - dt.timedelta(days=365), period="custom", comparison="none")
        print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        print(f"{store.ask(replace(quarter, first_day=build.first_day, period='custom'), ['visits']).cell('visits').value:,} visits")
        for name, selection, limit in (("90 days with comparison", quarter, 150), ("a year", year, 400)):
            times, spent = measure(selection)
            every = sorted(each for page in times.values() for each in page)
            for page, each in times.items():
                print(f"{name:26} {page:12} median {statistics.median(each):6.0f} ms  max {max(each):6.0f} ms  best {min(each):6.0f} ms  CPU {min(spent[page]):6.0f} ms")
            print(f"{name:26} {'p95':12} {every[int(0.95 * len(every))]:6.0f} ms (promised {limit} ms)")
        started = time.perf_counter()
        for question in PAGES["turnaround"]:
            question(year)
        first = time.perf_counter()
        for question in PAGES["turnaround"]:
            question(year)
        print(f"repeated filter, whole page: {(time.perf_counter() - first) * 1000:.1f} ms (first time {(first - started) * 1000:.0f} ms; promised 20 ms)")
    return 0


if __name__ == "__main__":
    sys.exit(main())

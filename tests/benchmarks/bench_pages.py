"""Uncached server time of the pages, at 1.3 million visits: `python tests/benchmarks/bench_pages.py [--keep FOLDER] [--rounds N] [--each]`.

Promises: p95 of any page <= 150 ms for 90 days with comparison, <= 400 ms for a year; a repeated filter <= 20 ms. The build is made straight
from frames (tests/dashboard/small_build.py), month by month: 1.3 M visits, 13 M steps, stays of the last four weeks. What a page asks is not
listed here but heard while its script runs on the default filters; its different questions are then
timed one after another on one thread, and its whole script as the server runs it (questions side by side, words and charts included). The cache is
emptied before each page; free-flow values, made once a build and period, stay. Every figure is of as many runs as the line says; the pages take turns, so
that a busy minute of the machine does not fall on one of them. CPU is that of all threads of the process and does not grow with a neighbour's work as wall does.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import importlib
import importlib.util
import itertools
import math
import os
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import polars as pl  # noqa: E402
from streamlit.runtime.scriptrunner import ScriptRunner  # noqa: E402
from streamlit.runtime.scriptrunner.script_cache import ScriptCache  # noqa: E402
from streamlit.testing.v1 import AppTest, app_test, local_script_runner  # noqa: E402

from dashboard import store  # noqa: E402
from dashboard.screens import PAGES, Page  # noqa: E402
from dashboard.selection import Selection  # noqa: E402
from etl import warehouse  # noqa: E402
from etl.contracts.reference import load_site  # noqa: E402
from etl.settings import SAMPLE_SITE, Settings  # noqa: E402

_spec = importlib.util.spec_from_file_location("small_build", ROOT / "tests" / "dashboard" / "small_build.py")
small_build = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(small_build)

CHUNKS, CHUNK_DAYS, PER_DAY = 26, 21, 2600
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
        warehouse.publish(settings, site, warehouse.Changes(facts, days), books, state={"shape": warehouse.SHAPE})  # as a load says it: else every month is seen through one view more
        print(f"\rmade {number + 1} of {CHUNKS}", end="", flush=True)
    print()
    return settings


class Asked:
    """The different calls a page made to the store: (method, arguments, named arguments)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple, dict]] = []

    def listening(self):
        """Return a context in which every call of a Store's questions is written down and answered."""
        def heard(method: str, real):
            def call(own, *args, **named):
                if (method, args, named) not in self.calls:
                    self.calls.append((method, args, named))
                return real(own, *args, **named)

            return call

        stack = contextlib.ExitStack()
        for method in ("ask", "ask_each", "ask_spans", "rows", "table"):
            stack.enter_context(patch.object(store.Store, method, heard(method, getattr(store.Store, method))))
        return stack


# Pages of parts, one shown at a time: each part is a page of its own here. "kept" leaves what does not hang on the period: a pilot's estimate has its own
# days, so that another period, or another part, finds it made.
PARTS = {page.code: tuple(found)[1:] for page in PAGES if (found := getattr(importlib.import_module(f"dashboard.screens.{page.path.stem}"), "PARTS", None))}
SHOWN = {page.code: (page, "", False) for page in PAGES}
SHOWN |= {f"{page.code} {part}": (page, part, False) for page in PAGES for part in PARTS.get(page.code, ())}
SHOWN |= {f"{name}, kept": (page, part, True) for name, (page, part, _) in SHOWN.items() if page.code in ("pilot", "planning")}


def empty(own: store.Store, *, kept: bool = False) -> None:
    for key in [key for key in own._cache if not (kept and key[0] == "made")]:
        own._cached_bytes -= store._size(own._cache.pop(key))


def open_page(page: Page, selection: Selection, part: str = "") -> AppTest:
    """Run the page as its reader would reach it: through the frame, by its address."""
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=120)
    app.query_params["lang"] = "fr"
    for name, value in selection.to_query().items():
        app.query_params[name] = value
    if part:
        app.query_params["part"] = part
    if page.url:
        app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
    app.run()
    assert not app.exception, f"{page.code}: {app.exception}"
    return app


def record(selection: Selection) -> dict[str, Asked]:
    """Return what every page asks, heard while it runs: the benchmark cannot drift from the pages."""
    found = {}
    for name, (page, part, _) in SHOWN.items():
        found[name] = Asked()
        with found[name].listening():
            open_page(page, selection, part)
    return found


def measure(asked: dict[str, Asked], rounds: int) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return (page -> wall milliseconds of its questions, page -> CPU milliseconds), one after another on one thread, the cache empty before each page."""
    found: dict[str, list[float]] = {page: [] for page in asked}
    spent: dict[str, list[float]] = {page: [] for page in asked}
    own = store.of("MACAS")
    for number in range(rounds + 1):
        for page, heard in asked.items():
            empty(own)
            started, busy = time.perf_counter(), time.process_time()
            for method, args, named in heard.calls:
                getattr(own, method)(*args, **named)
            if number:  # the first round warms the files
                found[page].append((time.perf_counter() - started) * 1000)
                spent[page].append((time.process_time() - busy) * 1000)
    return found, spent


def measure_scripts(selection: Selection, rounds: int, *, repeated: bool = False) -> dict[str, list[tuple[float, float]]]:
    """Return page -> (wall, CPU) milliseconds of whole reruns of its script on the server, questions and drawing; the cache empty before each, unless repeated."""
    times: list[tuple[float, float]] = []
    real, kept = ScriptRunner._run_script, False

    def timed(runner, request):
        if not repeated:
            empty(store.of("MACAS"), kept=kept)
        started, busy = time.perf_counter(), time.process_time()
        try:
            return real(runner, request)
        finally:
            times.append(((time.perf_counter() - started) * 1000, (time.process_time() - busy) * 1000))

    found: dict[str, list[tuple[float, float]]] = {name: [] for name in SHOWN}
    compiled = ScriptCache()  # a server compiles the app and a page's script once; AppTest would at every run
    with patch.object(local_script_runner, "ScriptCache", lambda: compiled), patch.object(app_test, "ScriptCache", lambda: compiled), patch.object(ScriptRunner, "_run_script", timed):
        apps = {name: open_page(page, selection, part) for name, (page, part, _) in SHOWN.items()}
        for number in range(rounds + 1):
            for name, app in apps.items():
                if SHOWN[name][2] and not repeated:
                    app.run()  # makes what is kept
                kept = SHOWN[name][2]
                times.clear()
                app.run()
                kept = False
                found[name] += times if number else []  # the first round warms
    return found


def p95(times: list[float]) -> float:
    """The smallest value that 95 % of them do not pass."""
    return sorted(times)[math.ceil(0.95 * len(times)) - 1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="make the build here, or use the one that is there")
    parser.add_argument("--rounds", type=int, default=20, help="runs of each page (20: its p95 is the worst but one)")
    parser.add_argument("--each", action="store_true", help="show what every single question costs")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        settings = make((given.keep or Path(scratch)).resolve())
        os.environ |= {"SMARTPORT_HOME": str(settings.home), "SMARTPORT_SITE": str(settings.site)}
        store.use(settings)
        build = store.build()
        quarter = Selection.preset("MACAS", "90d", build.now_day)
        year = replace(quarter, first_day=quarter.end_day - dt.timedelta(days=365), period="custom", comparison="none")
        print(f"{store.ask(replace(quarter, first_day=build.first_day, period='custom'), ['visits']).cell('visits').value:,} visits")
        for name, selection, limit in (("90 days with comparison", quarter, 150), ("a year", year, 400)):
            print(f"\n{name} (promised: p95 {limit} ms); n = {given.rounds} runs a page; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
            asked = record(selection)
            times, spent = measure(asked, given.rounds)
            scripts = measure_scripts(selection, given.rounds)
            for page, heard in asked.items():
                walls, cpus = zip(*scripts[page], strict=True)
                print(
                    f"  {page:18} {len(heard.calls):3} questions: median {statistics.median(times[page]):5.0f}  p95 {p95(times[page]):5.0f} ms, CPU {statistics.median(spent[page]):5.0f} ms"
                    f"   | whole script: median {statistics.median(walls):5.0f}  p95 {p95(walls):5.0f}  worst {max(walls):5.0f} ms, CPU {statistics.median(cpus):5.0f} ms"
                )  # fmt: skip
            every = [wall for page in scripts.values() for wall, _ in page]
            print(f"  p95 over all pages: questions {p95([*itertools.chain(*times.values())]):.0f} ms, whole script {p95(every):.0f} ms; load now {os.getloadavg()[0]:.1f}")
            if given.each:
                show_each(asked)
            own = store.of("MACAS")
            again = {}
            for page, heard in asked.items():
                for _ in range(2):  # the second time is the repeated one
                    started = time.perf_counter()
                    for method, args, named in heard.calls:
                        getattr(own, method)(*args, **named)
                    again[page] = (time.perf_counter() - started) * 1000
            drawn = measure_scripts(selection, given.rounds, repeated=True)
            print(f"  repeated filter, questions: {', '.join(f'{page} {spent:.1f}' for page, spent in again.items())} ms (promised 20 ms)")
            print(f"  repeated filter, whole script: {', '.join(f'{page} {statistics.median(wall for wall, _ in each):.0f} (CPU {statistics.median(cpu for _, cpu in each):.0f})' for page, each in drawn.items())} ms")
    return 0


def show_each(asked: dict[str, Asked]) -> None:
    """What every question costs alone, the tables of a few rows left out."""
    own = store.of("MACAS")
    for page, heard in asked.items():
        seen = set()
        for method, args, named in heard.calls:
            if method == "table" or repr((args, named)) in seen:
                continue
            seen.add(repr((args, named)))
            times, spent = [], []
            for _ in range(5):
                empty(own)
                started, busy = time.perf_counter(), time.process_time()
                getattr(own, method)(*args, **named)
                times.append((time.perf_counter() - started) * 1000)
                spent.append((time.process_time() - busy) * 1000)
            days = [each.days for each in (*args, named.get("selection")) if isinstance(each, Selection)]
            said = " ".join(str(each) for each in args if not isinstance(each, Selection))
            print(f"    {page:11} CPU {statistics.median(spent):6.1f} best wall {min(times):6.1f} ms  {method} {said} {({name: each for name, each in named.items() if name != 'selection'})} {days} days")


if __name__ == "__main__":
    sys.exit(main())

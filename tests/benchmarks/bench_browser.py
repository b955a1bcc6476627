"""What a reader waits for at 1.3 million visits: `python tests/benchmarks/bench_browser.py --keep FOLDER` (the build of bench_pages.py).

A server as `smartport serve` starts it and a headless Chromium on one machine. From the click on a period (seen by the page itself) to the last
change inside a chart, and to the last change anywhere on the page, each followed by a painted frame. Each period and view is new to the server
the first time and repeated the second. Promised: filter change to last chart painted <= 700 ms.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from bench_pages import make  # noqa: E402
from playwright.sync_api import Page, sync_playwright  # noqa: E402

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
PAGES = ("", "turnaround", "congestion", "pilot", "quality")
PERIODS = ("90 days", "This month", "7 days")  # from 28 days, the default
QUIET_MS = 700  # nothing moved for so long: the page is done

# Watches the page from the click on: when did a chart change last, when did anything, and was a frame painted after it.
WATCH = """() => {
  const seen = {click: 0, chart: 0, any: 0};
  window.__seen = seen;
  document.addEventListener('click', () => { if (!seen.click) seen.click = performance.now(); }, {capture: true, once: true});
  new MutationObserver(changes => {
    if (!seen.click) return;
    const inChart = changes.some(change => (change.target.closest ? change.target : change.target.parentElement)?.closest?.('[data-testid=stPlotlyChart],[data-testid=stDeckGlJsonChart]'));
    requestAnimationFrame(() => requestAnimationFrame(at => { seen.any = Math.max(seen.any, at); if (inChart) seen.chart = Math.max(seen.chart, at); }));
  }).observe(document.querySelector('[data-testid=stMainBlockContainer]'), {subtree: true, childList: true, attributes: true, characterData: true});
}"""
DONE = "quiet => window.__seen.any && performance.now() - window.__seen.any > quiet && document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"


def settled(page: Page) -> None:
    page.wait_for_selector('[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=60_000)
    page.wait_for_selector('[data-testid="stMainBlockContainer"] footer.foot', timeout=60_000)


def change(page: Page, period: str) -> tuple[float, float]:
    """Click a period; return milliseconds to the last change in a chart (of any element where the page has no chart) and anywhere."""
    page.evaluate(WATCH)
    page.get_by_test_id("stMainBlockContainer").get_by_text(period, exact=True).click()
    page.wait_for_function(DONE, arg=QUIET_MS, timeout=60_000)
    seen = page.evaluate("window.__seen")
    return (seen["chart"] or seen["any"]) - seen["click"], seen["any"] - seen["click"]


def serve(settings, log: Path) -> tuple[subprocess.Popen, str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = {**os.environ, "SMARTPORT_HOME": str(settings.home), "SMARTPORT_SITE": str(settings.site)}
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "dashboard" / "server.py"), "--server.port", str(port), "--server.address", "127.0.0.1"]
    server = subprocess.Popen(command, cwd=ROOT, env=env, stdout=log.open("wb"), stderr=subprocess.STDOUT)
    address = f"http://127.0.0.1:{port}"
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/_stcore/script-health-check", timeout=20)
            return server, address
        except OSError:
            time.sleep(0.25)
    raise SystemExit(log.read_text("utf-8", "replace"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "smartport-bench", help="the folder of the build, made there if it is not (default %(default)s)")
    given = parser.parse_args()
    settings = make(given.keep.resolve())
    server, base = serve(settings, given.keep / "bench_browser.log")
    try:
        with sync_playwright() as engine:
            found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
            browser = engine.chromium.launch(executable_path=found, args=FLAGS)
            print(f"load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; Chromium {browser.version}")
            for name in ("first page, nothing in memory", "first page, a new visitor"):
                context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
                page, started = context.new_page(), time.perf_counter()
                page.goto(f"{base}/?lang=en&d=90d")
                page.get_by_test_id("answer").wait_for(timeout=60_000)
                answer = time.perf_counter() - started
                settled(page)
                print(f"{name}: answer after {answer:.2f} s, whole page after {time.perf_counter() - started:.2f} s")
                context.close()
            every: list[float] = []
            for code in PAGES:
                new, again = [], []
                for times in (new, again):
                    for view in ("all", "core"):
                        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB")
                        page = context.new_page()
                        page.goto(f"{base}/{code}?lang=en" + ("" if view == "all" else f"&view={view}"))
                        settled(page)
                        page.wait_for_timeout(1500)
                        times += [change(page, period) for period in PERIODS]
                        context.close()
                every += [chart for chart, _ in new]
                print(f"{code or 'overview':11} filter change: {said(new)}   | repeated: {said(again)}   (load {os.getloadavg()[0]:.1f})")
            every.sort()
            print(f"all pages, new filter to last chart: median {statistics.median(every):.0f}, p95 {every[int(0.95 * len(every))]:.0f} ms (promised 700 ms)")
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=20)
    return 0


def said(times: list[tuple[float, float]]) -> str:
    charts, whole = [chart for chart, _ in times], [any_ for _, any_ in times]
    return f"last chart median {statistics.median(charts):5.0f} max {max(charts):5.0f} ms, last change anywhere median {statistics.median(whole):5.0f} ms"


if __name__ == "__main__":
    sys.exit(main())

"""Many readers at once: `python tests/benchmarks/bench_users.py --keep FOLDER [--users 20 50] [--processes 1 2]` (the build of bench_pages.py, 1.31 million visits).

Each reader is a real session: a websocket that speaks Streamlit's protocol, opens a page and clicks every five seconds: another period, filter or page, nearly always one
nobody asked before. Timed from the click to the end of the answer, as the browser would have it. With --processes the servers stand behind nginx with the site of
`smartport install`, over TLS, one seat a reader; readers then click without waiting, because the question is how many answers a second come out.

Afterwards every answer is held against the same question asked of a quiet server (every word and figure), and the turnaround pages' number and median against
plain SQL over the build. Promised: 20 readers p95 <= 300 ms, 50 readers <= 1 s, <= 500 MB, no wrong row.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import random
import re
import shutil
import ssl
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

import psutil  # noqa: E402
from bench_pages import make  # noqa: E402
from live_reader import Answer, Reader  # noqa: E402
from live_server import free_port, proxied, serving  # noqa: E402

from etl import warehouse  # noqa: E402
from etl.settings import SAMPLE_SITE, Settings  # noqa: E402

PAGES = ("", "turnaround", "congestion", "flow", "clearance", "quality", "turnaround")
DAYS = (7, 14, 28, 56, 90)
FILTERS = ("", "", "", "direction=import", "direction=export", "terminal=TCE", "terminal=TC3", "lane=6A", "lane=6A,6B", "view=core")
PROMISED = {20: 300, 50: 1000}  # readers -> p95, ms


@dataclass
class Click:
    page: str
    query: str
    answer: Answer


def plan(rng: random.Random, last: dt.date) -> tuple[str, str]:
    """A page and a question; periods end somewhere in the last year."""
    end = last - dt.timedelta(days=rng.randrange(365))
    first = end - dt.timedelta(days=rng.choice(DAYS) - 1)
    kept = rng.choice(FILTERS)
    return rng.choice(PAGES), f"v=1&lang=en&from={first}&to={end}" + (f"&{kept}" if kept else "")


def load(base: str, users: int, seconds: float, every: float, last: dt.date, seed: int) -> list[Click]:
    """Let the readers click for so long; return what each click brought. Every reader begins somewhere in the first interval."""
    clicks: list[Click] = []
    end = time.monotonic() + seconds
    trust = ssl._create_unverified_context() if base.startswith("https") else None

    def read(number: int) -> None:
        rng = random.Random(1000 * seed + number)
        time.sleep(rng.random() * every)
        with Reader(base, insecure=trust) as reader:
            reader.ask("lang=en")  # the first page is not a click
            while time.monotonic() < end:
                due = time.monotonic() + every
                page, query = plan(rng, last)
                answer = reader.ask(query, page=page)
                clicks.append(Click(page, query, answer))
                time.sleep(max(0.0, due - time.monotonic()))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(users)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    return clicks


def verify(settings: Settings, clicks: list[Click], log: Path) -> tuple[int, int]:
    """Ask each question again of a quiet server, and the turnaround pages' n and median of the build by plain SQL; return the number of wrong answers and of those compared by SQL."""
    wrong = compared = 0
    port = free_port()
    with serving(settings, port, log), Reader(f"http://127.0.0.1:{port}") as reader:
        reader.ask("lang=en")
        quiet = {(click.page, click.query): reader.ask(click.query, page=click.page) for click in {(each.page, each.query): each for each in clicks}.values()}
    build = warehouse.open_build(settings.build, "MACAS")
    for click in clicks:
        if not click.answer.is_finished or (difference := click.answer.differs(quiet[click.page, click.query])):
            wrong += 1
            print(f"WRONG: {click.page or 'overview'}?{click.query} {difference if click.answer.is_finished else 'did not end'}")
        if click.page == "turnaround" and (said := _said(click.answer)):
            compared += 1
            n, median = _direct(build.connection, click.query)
            if said[0] != n or abs(said[1] - median) > 0.5:
                wrong += 1
                print(f"WRONG by SQL: {click.query}: page n {said[0]}, median {said[1]}; build {n}, {median:.2f}")
    return wrong, compared


def _said(answer: Answer) -> tuple[int, float] | None:
    """n and median as the turnaround page words them; None where it says that there is no visit."""
    words = re.sub(r"<[^>]+>|[\u2066-\u2069\u200e\u200f]", "", "\n".join(answer.texts("html")))
    n, median = re.search(r"(?m)^n = ([\d,]+) ", words), re.search(r"less than ([\d,]+) min", words)
    return (int(n[1].replace(",", "")), float(median[1].replace(",", ""))) if n and median else None


def _direct(connection, query: str) -> tuple[int, float]:
    asked = dict(part.split("=") for part in query.split("&"))
    where, values = "entry_day BETWEEN ? AND ? AND turnaround_min IS NOT NULL", [asked["from"], asked["to"]]
    for name, column in {"direction": "direction_code", "terminal": "terminal_code", "lane": "entry_lane_code"}.items():
        if name in asked:
            where += f" AND list_contains(?, {column})"
            values.append(asked[name].split(","))
    if "view" in asked:
        where += " AND NOT is_excluded"
    return connection.cursor().execute(f"SELECT count(*), quantile_cont(turnaround_min, 0.5) FROM fct_visits WHERE {where}", values).fetchall()[0]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "smartport-bench", help="the folder of the build, made there if it is not (default %(default)s)")
    parser.add_argument("--users", type=int, nargs="*", default=[20, 50])
    parser.add_argument("--processes", type=int, nargs="*", default=[], help="server processes behind nginx, clicking without waiting, e.g. 1 2")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--every", type=float, default=5)
    given = parser.parse_args()
    settings = make(given.keep.resolve()) if not list((given.keep / "build").glob("*/current.json")) else Settings(home=given.keep.resolve(), site=SAMPLE_SITE)
    last = dt.date.fromisoformat(str(warehouse.open_build(settings.build, "MACAS").connection.cursor().execute("SELECT max(entry_day) FROM fct_visits").fetchall()[0][0]))
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for users in given.users:
            port = free_port()
            with serving(settings, port, folder / "server.log") as server:
                failed += _measured(f"{users} readers, a click every {given.every:g} s", settings, f"http://127.0.0.1:{port}", [psutil.Process(server.pid)], users, given.seconds, given.every, last, PROMISED.get(users), folder)
        for processes in given.processes:
            if not shutil.which("nginx"):
                raise SystemExit("nginx is not installed: apt-get install nginx")
            with contextlib.ExitStack() as stack:
                ports = [free_port() for _ in range(processes)]
                servers = [psutil.Process(stack.enter_context(serving(settings, port, folder / f"server{port}.log")).pid) for port in ports]
                base = stack.enter_context(proxied(ports, folder, is_limited=False))
                failed += _measured(f"{processes} process{'es' if processes > 1 else ''} behind nginx, 12 readers without a pause", settings, base, servers, 12, given.seconds, 0.0, last, None, folder)
    return 1 if failed else 0


def _measured(title: str, settings: Settings, base: str, servers: list[psutil.Process], users: int, seconds: float, every: float, last: dt.date, promised: int | None, folder: Path) -> int:
    most, done = [0], threading.Event()

    def watch() -> None:
        while not done.wait(0.5):
            most[0] = max(most[0], *(each.memory_info().rss for each in servers))

    watcher = threading.Thread(target=watch)
    watcher.start()
    before, began, own = [sum(each.cpu_times()[:2]) for each in servers], time.perf_counter(), time.process_time()
    clicks = load(base, users, seconds, every, last, seed=users)
    took = time.perf_counter() - began
    spent, own = [sum(each.cpu_times()[:2]) - was for each, was in zip(servers, before, strict=True)], time.process_time() - own
    done.set()
    watcher.join()
    times = sorted(1000 * click.answer.seconds for click in clicks)
    wrong, compared = verify(settings, clicks, folder / "quiet.log")
    print(
        f"{title} (load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores): {len(clicks)} answers to {len({(each.page, each.query) for each in clicks})} questions, {len(clicks) / took:.1f} a second; "
        f"median {times[len(times) // 2]:.0f}, p95 {times[int(0.95 * len(times))]:.0f}, slowest {times[-1]:.0f} ms" + (f" (promised p95 {promised})" if promised else "")
        + f"; server CPU {sum(spent) / len(clicks) * 1000:.0f} ms an answer ({', '.join(f'{each / took:.2f} cores' for each in spent)}), readers' own {own / len(clicks) * 1000:.0f} ms; largest process {most[0] / 1e6:.0f} MB; "
        f"wrong answers {wrong} of {len(clicks)}, {compared} of them also by SQL",
        flush=True,
    )
    return wrong


if __name__ == "__main__":
    sys.exit(main())

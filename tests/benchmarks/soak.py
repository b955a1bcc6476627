"""Half an hour of a working day: `python tests/benchmarks/soak.py [--minutes 30] [--sessions 20] [--every 20] [--csv FILE]`.

A server, readers who click every `every` seconds, and a load every minute that brings one more day of logs and publishes. Every fifteen seconds the
server's memory (what it alone holds), handles and threads are noted. The first third is warm-up. Promised: memory grows by at most 1 MB a minute
after it, and handles do not grow. Prints the curve; exit code 1 when a promise is broken, an answer does not end or a load fails.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import logging
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(Path(__file__).parent)]

import numpy as np  # noqa: E402
import psutil  # noqa: E402
from bench_users import PAGES  # noqa: E402
from live_reader import Reader  # noqa: E402
from live_server import free_port, serving  # noqa: E402
from websockets.exceptions import WebSocketException  # noqa: E402

from etl.settings import SAMPLE_SITE, Settings  # noqa: E402
from tests.etl.small_port import small_port  # noqa: E402

BEGUN_DAYS, TRUCKS = 30, 40
NOTED_S = 15
MOST_MB_A_MINUTE, MOST_HANDLES_MORE = 1.0, 5
FIRST = dt.date(2026, 6, 1)
QUESTIONS = ("d=7d", "d=28d", "d=90d", "d=28d&direction=import", "d=28d&lane=6A", "d=90d&view=core", "d=7d&vs=none")


class Day:
    """The logs of small_port, by the day in their names, brought one day at a time."""

    def __init__(self, folder: Path, inbox: Path, days: int) -> None:
        self.inbox = inbox
        self.by_day: dict[str, list[Path]] = {}
        for path in small_port(days=days, trucks=TRUCKS, seed=1, first=FIRST).write(folder):
            day = next(part for part in path.name.replace(".", "_").split("_") if len(part) == 10 and part[:2] == "20")
            self.by_day.setdefault(day, []).append(path)
        self.waiting = sorted(self.by_day)

    def bring(self, days: int) -> None:
        for day in self.waiting[:days]:
            for path in self.by_day[day]:
                shutil.copy(path, self.inbox)
        self.waiting = self.waiting[days:]


def load(settings: Settings, inbox: Path) -> int:
    """Load as a timer would, in a process of its own. Return the exit code."""
    return subprocess.run([sys.executable, "-m", "dashboard", "load", str(inbox), "--home", str(settings.home), "--quiet"], cwd=ROOT, stdout=subprocess.DEVNULL).returncode


def sit(base: str, number: int, every: float, end: float, counted: dict[str, int]) -> None:
    """One reader: a page and a question every so often; now and then the browser is closed and opened again."""
    draw = random.Random(number)
    time.sleep(draw.random() * every)
    while time.monotonic() < end:
        try:
            with Reader(base, timeout=120) as reader:
                for _ in range(draw.randrange(5, 30)):
                    if time.monotonic() > end:
                        break
                    due = time.monotonic() + every
                    answer = reader.ask(f"v=1&lang={draw.choice(('en', 'fr', 'ar'))}&{draw.choice(QUESTIONS)}", page=draw.choice(PAGES))
                    counted["answers"] += 1
                    counted["unfinished"] += not answer.is_finished
                    time.sleep(max(0.0, due - time.monotonic()))
        except (OSError, WebSocketException):  # a machine too busy to keep a session open is noted, and the reader comes back
            counted["lost"] += 1
            time.sleep(every)


def curve(minutes: np.ndarray, megabytes: np.ndarray) -> str:
    """Draw memory over time, a row a minute."""
    low, high = megabytes.min(), megabytes.max()
    rows = []
    for minute in range(int(minutes[-1]) + 1):
        here = megabytes[(minutes >= minute) & (minutes < minute + 1)]
        if len(here):
            rows.append(f"{minute:3d} min {here.mean():8.1f} MB |{'#' * (1 + int(59 * (here.mean() - low) / max(high - low, 1)))}")
    return "\n".join(rows)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--every", type=float, default=20, help="seconds between a reader's clicks")
    parser.add_argument("--csv", type=Path, help="write what was noted")
    asked = parser.parse_args()
    logging.getLogger("websockets").setLevel(logging.CRITICAL)  # a lost session is counted
    with tempfile.TemporaryDirectory(prefix="smartport-soak-") as name:
        folder = Path(name)
        inbox = folder / "inbox"
        inbox.mkdir()
        settings, logs = Settings(home=folder / "home", site=SAMPLE_SITE), Day(folder / "logs", inbox, BEGUN_DAYS + int(asked.minutes) + 1)
        logs.bring(BEGUN_DAYS)
        assert load(settings, inbox) == 0, "the first load"
        counted, noted, codes = {"answers": 0, "unfinished": 0, "lost": 0}, [], []
        port = free_port()
        with serving(settings, port, folder / "server.log") as server:
            begun = time.monotonic()
            end = begun + 60 * asked.minutes
            readers = [threading.Thread(target=sit, args=(f"http://127.0.0.1:{port}", number, asked.every, end, counted)) for number in range(asked.sessions)]
            for each in readers:
                each.start()

            def every_minute() -> None:
                while time.monotonic() + 60 < end:
                    time.sleep(max(0.0, begun + 60 * (len(codes) + 1) - time.monotonic()))
                    logs.bring(1)
                    codes.append(load(settings, inbox))

            loader = threading.Thread(target=every_minute)
            loader.start()
            while time.monotonic() < end:
                process = _the_server(psutil.Process(server.pid))
                noted.append((round((time.monotonic() - begun) / 60, 2), round(process.memory_full_info().uss / 2**20, 1), process.num_fds(), process.num_threads(), counted["answers"], len(codes)))
                if len(noted) % 20 == 1:
                    print(*noted[-1], flush=True)
                time.sleep(NOTED_S)
            for each in (*readers, loader):
                each.join(180)
    if asked.csv:
        with asked.csv.open("w", newline="") as file:
            csv.writer(file).writerows([("minute", "uss_mb", "handles", "threads", "answers", "loads"), *noted])
    table = np.array(noted, float)
    after = table[table[:, 0] >= asked.minutes / 3]
    slope = float(np.polyfit(after[:, 0], after[:, 1], 1)[0])
    half = len(after) // 2
    handles = float(np.median(after[half:, 2]) - np.median(after[:half, 2]))
    print(curve(table[:, 0], table[:, 1]))
    print(f"{asked.minutes:g} min, {asked.sessions} readers, {counted['answers']:,} answers ({counted['unfinished']} did not end, {counted['lost']} sessions were lost), {len(codes)} loads ({sum(code != 0 for code in codes)} failed)")
    print(f"after {asked.minutes / 3:g} min: memory {slope:+.2f} MB a minute (promised {MOST_MB_A_MINUTE:+.0f}), {after[:, 1].min():.0f} to {after[:, 1].max():.0f} MB; handles {handles:+.0f}, at most {after[:, 2].max():.0f}; threads at most {after[:, 3].max():.0f}")
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")
    return int(slope > MOST_MB_A_MINUTE or handles > MOST_HANDLES_MORE or counted["unfinished"] > 0 or any(codes))


def _the_server(process: psutil.Process) -> psutil.Process:
    """The process that answers: the one started, or the child it became."""
    return max([process, *process.children(recursive=True)], key=lambda each: each.memory_info().rss)


if __name__ == "__main__":
    sys.exit(main())

"""kill -9 of loads at random moments while eight readers ask: no wrong answer, no row lost or doubled, every restart finishes.

`SMARTPORT_KILLS=1000 python -m pytest -q -s tests/faults/test_kills.py` is the long run; docs/faults.md has its result.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from etl import warehouse
from etl.errors import BuildError
from etl.lake import Lake
from etl.settings import ROOT, Settings
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import PORT, content, differences, installation, load_in

KILLS = int(os.environ.get("SMARTPORT_KILLS", "300"))
READERS = 8
LOADS = 10  # steps in which the files of one home come
ASKED = ("fct_visits", "fct_visit_steps", "fct_visit_containers", "fct_zone_stays", "fct_declarations", "fct_appointments", "dq_rejects")
PATIENCE_S = 300  # for one load on a busy machine


def answers(build: warehouse.OpenBuild) -> tuple:
    """Rows, and the sum of their digests, of every table asked, and how many records the files have in all."""
    cursor = build.connection.cursor()
    found = [cursor.execute(f"SELECT count(*), sum(hash(t)::HUGEINT) FROM {table} AS t").fetchone() for table in ASKED]
    counts = cursor.execute("SELECT sum(read_n), sum(good_n), sum(rejected_n), sum(duplicate_n) FROM dq_files WHERE status_code = 'loaded'").fetchone()
    named = cursor.execute("SELECT build_id FROM meta_builds").fetchone()
    cursor.close()
    return (*named, *found, counts)


class Reader(threading.Thread):
    """Asks the current build over and over; what it is told must be what a load that nobody disturbed publishes under that build id."""

    def __init__(self, settings: Settings, truth: dict[str, tuple]) -> None:
        super().__init__(daemon=True)
        self.settings, self.truth, self.asked_n, self.faults, self.stop = settings, truth, 0, [], threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            start = time.perf_counter()
            try:
                build = warehouse.open_build(self.settings.build, PORT)
                try:
                    found = answers(build)
                    if found != self.truth.get(build.build_id):
                        self.faults.append((build.build_id, found))
                    self.asked_n += 1
                finally:
                    build.connection.close()
            except BuildError as error:
                if "no build is published" not in str(error):
                    self.faults.append(error)
            except Exception as error:
                self.faults.append(error)
            self.stop.wait(max(0.5, 10 * (time.perf_counter() - start)))  # eight of them must leave the load a processor to be killed on


class Loader:
    """A process that has everything imported and forks each load."""

    def __init__(self) -> None:
        command = [sys.executable, str(ROOT / "tests" / "faults" / "loader.py")]
        self.process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def load(self, settings: Settings, inbox: Path, kill_after_s: float | None = None) -> int:
        """Start a load; kill it hard after a while. Return its wait status: 0 done, 9 killed."""
        self.process.stdin.write(f"{settings.home}\t{inbox}\n")
        child = int(self.process.stdout.readline())
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE_S if kill_after_s is None else kill_after_s)
        if not ready:
            os.kill(child, signal.SIGKILL)
            assert kill_after_s is not None, "a load that nobody kills must end"
        return int(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait(10)


def survive(tmp_path: Path, kills: int, seed: int) -> Counter:
    """Kill `kills` loads over as many homes as it takes. Return what happened, counted."""
    draw, counted = random.Random(seed), Counter()
    files = small_port(days=3, trucks=4, seed=seed, first=dt.date(2026, 6, 26)).write(tmp_path / "files")
    draw.shuffle(files)
    steps = [files[number * len(files) // LOADS : (number + 1) * len(files) // LOADS] for number in range(LOADS)]
    undisturbed, truth, lasts = installation(tmp_path / "undisturbed"), {}, []
    loader, inbox = Loader(), tmp_path / "inbox"
    inbox.mkdir()
    for step in steps:
        for path in step:
            shutil.copy(path, inbox)
        start = time.perf_counter()
        assert loader.load(undisturbed, inbox) == 0
        lasts.append(time.perf_counter() - start)
        build = warehouse.open_build(undisturbed.build, PORT)
        truth[build.build_id] = answers(build)
        build.connection.close()
    whole = content(load_in(tmp_path, [files], "whole"))
    assert differences(whole, content(undisturbed)) == {}
    lasts_s = sorted(lasts)[len(lasts) // 2]
    while counted["kills"] < kills:
        home = tmp_path / f"home-{counted['homes']}"
        shutil.rmtree(inbox)
        inbox.mkdir()
        settings = installation(home)
        if (counted["homes"] + 1) % 4:  # three of four homes have a build on show from the beginning, the others are killed before there is one too
            for path in steps[0]:
                shutil.copy(path, inbox)
            assert loader.load(settings, inbox) == 0
        readers = [Reader(settings, truth) for _ in range(READERS)]
        for reader in readers:
            reader.start()
        for step in steps:
            for path in step:
                shutil.copy(path, inbox)
            while counted["kills"] < kills:
                start = time.perf_counter()
                status = loader.load(settings, inbox, draw.uniform(0, 1.1) * lasts_s)
                counted["kills" if status == signal.SIGKILL else "finished" if status == 0 else "failed"] += 1
                if status == 0:
                    lasts_s += 0.2 * (time.perf_counter() - start - lasts_s)  # the machine may be busier than it was
                    break
                assert status == signal.SIGKILL, f"a restart ended with status {status}"
                lasts_s *= 1.04  # or on a machine that grew busier no load would ever come near its end
                counted[_where(settings)] += 1
                if draw.random() < 0.25:
                    break  # more files come before the work is finished
        assert loader.load(settings, inbox) == 0, "the last restart finishes"
        counted["finished"] += 1
        for reader in readers:
            reader.stop.set()
        for reader in readers:
            reader.join()
            counted["answers"] += reader.asked_n
            assert reader.faults == [], reader.faults[:3]
        if len(inbox_names := {path.name for path in inbox.iterdir()}) == len({path.name for path in files}):
            assert differences(whole, content(settings)) == {}, "rows were lost, doubled or changed"
        else:
            assert answers(warehouse.open_build(settings.build, PORT)) in truth.values(), inbox_names
        left_over(settings)
        counted["homes"] += 1
        shutil.rmtree(home)
        print(json.dumps(counted), flush=True)
    loader.close()
    return counted


def _where(settings: Settings) -> str:
    """Say what the kill has left: nothing at all, rows that are not published yet, or a whole publish."""
    lake, pointer = Lake(settings.lake, PORT).manifest.n, warehouse.read_pointer(settings.build, PORT)
    if pointer is None:
        return "killed before the first build"
    return "killed between lake and build" if lake > pointer["manifest_n"] else "killed before the lake or after the build"


def left_over(settings: Settings) -> None:
    """Nothing lies in build and lake that the pointer and the manifest do not name."""
    folder, pointer = settings.build / PORT, warehouse.read_pointer(settings.build, PORT)
    known = {"current.json", pointer["ledger"], *(entry["name"] for entry in pointer["replaced"]), *(segment["name"] for segment in pointer["segments"].values())}
    assert {path.name for path in folder.iterdir()} <= known
    parts = {path.relative_to(settings.lake / "v1").as_posix() for path in settings.lake.rglob("*.parquet")}
    assert parts == {part.path for part in Lake(settings.lake, PORT).manifest.parts}


@pytest.mark.slow
def test_hundreds_of_kills_with_eight_readers(tmp_path):
    counted = survive(tmp_path, KILLS, seed=11)
    print(json.dumps(counted))
    assert counted["kills"] == KILLS and counted["failed"] == 0 and counted["answers"] > READERS and counted["finished"] >= counted["homes"]

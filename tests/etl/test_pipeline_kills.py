"""kill -9 at random moments, with a reader running: the last build always answers whole, and the next run finishes the work. By the hundred: tests/faults."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from etl import pipeline, warehouse
from etl.errors import BuildError
from etl.settings import ROOT, Settings
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import PORT, content, differences, installation, load_in

_COMMAND = "import sys; from pathlib import Path; from etl import pipeline; from etl.settings import load_settings; pipeline.load(load_settings(sys.argv[1]), Path(sys.argv[2]))"


class Reader(threading.Thread):
    """Opens the current build over and over and checks that it is one whole: it answers, and its tables belong together."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(daemon=True)
        self.settings, self.reads_n, self.builds, self.faults, self.stop = settings, 0, set(), [], threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            try:
                build = warehouse.open_build(self.settings.build, PORT)
            except BuildError as error:
                if "no build is published" not in str(error):
                    self.faults.append(error)
                time.sleep(0.02)
                continue
            try:
                cursor = build.connection.cursor()
                (named,) = cursor.execute("SELECT build_id FROM meta_builds").fetchone()
                lost = cursor.execute("SELECT count(*) FROM fct_visit_steps AS s ANTI JOIN fct_visits AS v USING (visit_id, entry_day)").fetchone()[0]
                wrong = cursor.execute("SELECT count(*) FROM dq_files WHERE status_code = 'loaded' AND read_n != good_n + rejected_n + duplicate_n").fetchone()[0]
                if named != build.build_id or lost or wrong:
                    self.faults.append((named, build.build_id, lost, wrong))
                self.builds.add(named)
                self.reads_n += 1
            except Exception as error:
                self.faults.append(error)
            finally:
                build.connection.close()
            time.sleep(0.01)


def killed_load(settings: Settings, inbox: Path, after_s: float) -> bool:
    """Start a load as its own process and kill it hard after a while. Returns whether it had ended by itself."""
    process = subprocess.Popen([sys.executable, "-c", _COMMAND, str(settings.home), str(inbox)], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        _, errors = process.communicate(timeout=after_s)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return False
    assert process.returncode == 0, errors.decode()
    return True


def survive(tmp_path: Path, kills: int, seed: int) -> None:
    draw = random.Random(seed)
    files = small_port(days=8, trucks=5, seed=seed, first=dt.date(2026, 6, 26)).write(tmp_path / "files")
    draw.shuffle(files)
    whole = load_in(tmp_path, [files], "whole")
    settings = installation(tmp_path / "home")
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    start = time.perf_counter()
    batch = max(1, len(files) // (kills // 4 + 1))
    waiting = list(files)
    for path in waiting[:batch]:
        shutil.copy(path, inbox)
    waiting = waiting[batch:]
    assert killed_load(settings, inbox, 120), "one load to measure how long a load lasts"
    lasts_s = time.perf_counter() - start
    reader = Reader(settings)
    reader.start()
    killed = ended = reads_n = 0
    while killed < kills:
        for path in waiting[:batch]:
            shutil.copy(path, inbox)
        more, waiting = bool(waiting), waiting[batch:]
        if not more:  # all files are in: a fresh home, from the beginning
            reader.stop.set()
            reader.join()
            assert reader.faults == [], reader.faults[:3]
            reads_n += reader.reads_n
            assert pipeline.load(settings, inbox).build_id
            assert differences(content(whole), content(settings)) == {}
            shutil.rmtree(settings.home)
            shutil.rmtree(inbox)
            inbox.mkdir()
            waiting = list(files)
            reader = Reader(settings)
            reader.start()
            continue
        while killed < kills and not killed_load(settings, inbox, draw.uniform(0.25, 1.1) * lasts_s):
            killed += 1
            if draw.random() < 0.3:
                break  # let more files come before the work is finished
        ended += 1
    reader.stop.set()
    reader.join()
    assert reader.faults == [], reader.faults[:3]
    assert reads_n + reader.reads_n > kills, "over all homes: the last may have been young"
    for path in waiting:
        shutil.copy(path, inbox)
    pipeline.load(settings, inbox)
    assert differences(content(whole), content(settings)) == {}
    folder = settings.build / PORT
    assert not list(folder.glob("*.wal")) and not list(folder.glob(".current*"))
    pointer = warehouse.read_pointer(settings.build, PORT)
    known = {"current.json", pointer["ledger"], *(entry["name"] for entry in pointer["replaced"]), *(segment["name"] for segment in pointer["segments"].values())}
    assert {path.name for path in folder.iterdir()} <= known, "what killed loads left behind is gone"
    parts = {path.relative_to(settings.lake / "v1").as_posix() for path in settings.lake.rglob("*.parquet")}
    assert parts == {part.path for part in pipeline.Lake(settings.lake, PORT).manifest.parts}


def test_four_kills_leave_a_whole_build(tmp_path):
    survive(tmp_path, 4, seed=5)  # hundreds in tests/faults

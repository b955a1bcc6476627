"""A real standalone cluster on this machine: a master and two workers, one of which is killed while it works; and trucks of very unequal size."""

from __future__ import annotations

import datetime as dt
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

import numpy as np
import polars as pl
import pyspark
import pytest

from etl import pipeline
from etl.contracts.reference import load_site
from etl.contracts.staged import STG_TRACKING
from etl.engine.local import LOCAL
from etl.engine.spark import Spark, open_spark
from etl.lake import Lake
from etl.loading import intake
from etl.settings import SAMPLE_SITE
from tests.etl.engine_cases import QUICK
from tests.etl.small_port import small_port
from tests.etl.test_pipeline import content, differences, installation

pytestmark = pytest.mark.slow
_CLASS = Path(pyspark.__file__).parent / "bin" / "spark-class"
_EXECUTOR = {"spark.executor.memory": "600m", "spark.cores.max": "2", "spark.executor.extraJavaOptions": "-XX:+UseSerialGC"}


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Cluster:
    """A master and workers of one core each, all on 127.0.0.1."""

    def __init__(self, folder: Path, workers: int) -> None:
        self.folder, self.port, self.web = folder, free_port(), free_port()
        self.master = f"spark://127.0.0.1:{self.port}"
        self._start("master", "master.Master", "--port", str(self.port), "--webui-port", str(self.web))
        self.workers = [self._start(f"worker{n}", "worker.Worker", "--cores", "1", "--memory", "700m", "--webui-port", "0", "--work-dir", str(folder / f"work{n}"), self.master) for n in range(workers)]
        until = time.time() + 120
        while self._alive() < workers:
            assert time.time() < until, [path.read_text()[-2000:] for path in folder.glob("*.log")]
            time.sleep(0.5)

    def _start(self, name: str, what: str, *words: str) -> subprocess.Popen:
        env = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_DAEMON_MEMORY": "300m", "SPARK_DAEMON_JAVA_OPTS": "-XX:+UseSerialGC", "PYSPARK_PYTHON": sys.executable}
        with (self.folder / f"{name}.log").open("wb") as log:
            process = subprocess.Popen([str(_CLASS), f"org.apache.spark.deploy.{what}", "--host", "127.0.0.1", *words], env=env, stdout=log, stderr=log, start_new_session=True)
        self.__dict__.setdefault("processes", []).append(process)
        return process

    def _alive(self) -> int:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.web}/json/", timeout=5) as answer:
                return answer.read().decode().count('"ALIVE"') - 1  # the master itself says so too
        except OSError:
            return 0

    def kill(self, worker: int) -> None:
        """Kill a worker hard, with the executor it started."""
        os.killpg(self.workers[worker].pid, signal.SIGKILL)

    def stop(self) -> None:
        for process in self.processes:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # killed by the test
            process.wait(30)


@pytest.fixture
def cluster(tmp_path):
    made = Cluster(tmp_path, workers=2)
    yield made
    made.stop()


def test_a_worker_killed_in_the_middle_changes_nothing(tmp_path, cluster, monkeypatch):
    files = small_port(days=12, trucks=8, seed=4).write(tmp_path / "inbox")
    whole, settings = installation(tmp_path / "whole"), installation(tmp_path / "home")
    pipeline.load(whole, tmp_path / "inbox")
    monkeypatch.setattr(intake, "GROUP_FILES", 3)  # many tasks, so that there is a middle
    killed: dict[str, int] = {}
    done = threading.Event()

    def kill_in_the_middle() -> None:
        lake = settings.lake / "v1"
        while not done.is_set():
            staged = len(list(lake.glob("*/port_code=MACAS/*/*.parquet")))
            if staged >= 8:
                killed["files"], killed["manifests"] = staged, len(list(lake.glob("manifest-*.json")))
                cluster.kill(0)
                return
            time.sleep(0.02)

    watcher = threading.Thread(target=kill_in_the_middle)
    with open_spark(cluster.master, {**QUICK, **_EXECUTOR}) as spark:
        watcher.start()
        report = pipeline.load(settings, tmp_path / "inbox", engine=spark)
        done.set()
        watcher.join()
    assert killed["manifests"] == 0, "killed before anything was committed"
    assert killed["files"] < len(list((settings.lake / "v1").glob("*/port_code=MACAS/*/*.parquet"))), "and before all was written"
    assert cluster.workers[0].poll() is not None and cluster.workers[1].poll() is None
    assert report.refused == () and len(report.files) == len(files)
    assert differences(content(whole), content(settings)) == {}
    lake = Lake(settings.lake, "MACAS")
    assert all((lake.folder / part.path).is_file() for part in lake.manifest.parts)
    pipeline.rebuild(settings)
    assert differences(content(whole), content(settings)) == {}


FIXES_A_TRUCK, TRUCKS = 2_000, 90


def skewed(day: dt.date) -> pl.DataFrame:
    """A day of fixes around the port, one truck having a tenth of them."""
    draw = np.random.default_rng(3)
    heavy = TRUCKS * FIXES_A_TRUCK // 9
    trucks = np.concatenate([np.repeat(np.arange(1, TRUCKS + 1), FIXES_A_TRUCK), np.zeros(heavy, int)])
    seconds = np.concatenate([np.tile(np.arange(FIXES_A_TRUCK) * 40, TRUCKS), np.arange(heavy) * 4])
    steps = draw.normal(0, 2e-4, (2, len(trucks))).cumsum(axis=1)
    start = dt.datetime.combine(day, dt.time())
    frame = pl.DataFrame(
        {
            "plate_key": [f"truck{truck:011d}" for truck in trucks], "fix_at": pl.Series(seconds).cast(pl.Int64) * 1_000_000, "source_line": np.arange(len(trucks)) + 1,
            "longitude_deg": -7.605 + 0.015 * np.sin(40 * steps[0]), "latitude_deg": 33.605 + 0.01 * np.sin(40 * steps[1]),
        }
    ).with_columns(
        fix_at=pl.lit(start).dt.cast_time_unit("us") + pl.col("fix_at").cast(pl.Duration("us")), port_code=pl.lit("MACAS"), file_id=pl.lit("one"), file_on=pl.lit(day),
        row_digest=pl.col("source_line"), clock_flag=pl.lit("ok"),
    )  # fmt: skip
    return STG_TRACKING.conform(frame)


def test_one_truck_with_a_tenth_of_all_fixes(tmp_path):
    day, site = dt.date(2026, 6, 1), load_site(SAMPLE_SITE)
    fixes = skewed(day)
    assert fixes["plate_key"].value_counts(sort=True)["count"][0] == fixes.height // 10
    found = {}
    with open_spark("local[2]", QUICK) as spark:
        for engine in (LOCAL, Spark(spark.session, bucket_fixes=fixes.height // 12)):
            lake = Lake(tmp_path / engine.name, "MACAS")
            lake.append("stg_tracking", pl.concat([fixes, fixes.tail(1000).with_columns(source_line=pl.col("source_line") + 10**6)]))  # and lines said twice
            lake.commit()
            counts = pl.concat(engine.refresh_fixes(lake, site, [day], None)).select("good_n", "duplicate_n").sum().row(0)
            lake.commit()
            found[engine.name] = [lake.rows(table).sort(pl.all()) for table in ("int_zone_pieces", "int_tracks")] + [counts]
    assert found["local"][2] == found["spark"][2] == (fixes.height, 1000)
    assert found["local"][0].height > 2 * (TRUCKS + 1), "more than where each truck began and ended its day"
    for one, other in zip(found["local"][:2], found["spark"][:2], strict=True):
        assert one.equals(other)


def test_a_task_that_fails_after_it_wrote_is_run_again(tmp_path):
    """Spark tries a task again; what the first try wrote counts for nothing, whichever of the two is the one that is heard."""
    small_port(days=3).write(tmp_path / "inbox")
    whole, settings = installation(tmp_path / "whole"), installation(tmp_path / "home")
    pipeline.load(whole, tmp_path / "inbox")
    marks = tmp_path / "marks"
    marks.mkdir()
    with open_spark("local[2,3]", QUICK) as spark:
        faulty = Faulty(spark.session, marks)
        pipeline.load(settings, tmp_path / "inbox", engine=faulty)
    assert {mark.name.split("-")[0] for mark in marks.iterdir()} == {"file_ids", "read", "recount", "reconstruct"}, "tasks of every kind failed at their first try"
    assert differences(content(whole), content(settings)) == {}
    lake = Lake(settings.lake, "MACAS")
    living = {part.path for part in lake.manifest.parts}
    assert living == {path.relative_to(lake.folder).as_posix() for path in lake.folder.rglob("*.parquet")}, "what the first tries left was cleared away by the step after"


class Faulty(Spark):
    """The first task of every pass that has a task an item does its work, then fails, the first time it is run; so does every tenth."""

    def __init__(self, session: object, marks: Path) -> None:
        super().__init__(session)
        self.marks = marks

    def _spread(self, work, items):
        marks = self.marks

        def once(number, *item):
            found = work(*item)
            mark = marks / f"{getattr(work, '__name__', 'work')}-{number}"
            if number % 10 == 0 and not mark.exists():
                mark.touch()
                raise OSError("a worker fails here once")
            return found

        return super()._spread(once, [(number, *item) for number, item in enumerate(items)])

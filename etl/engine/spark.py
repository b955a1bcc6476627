"""The engine of a cluster: Apache Spark spreads the same functions that run on one machine (tasks.py), and the driver alone commits.

Files are read and judged a group a task. Fixes go through one shuffle, so that a bucket of trucks has all fixes of a UTC day and
the records of one key meet (`applyInArrow`). Visits are reconstructed by windows of days, not by trucks: clocks are judged and
containers linked across trucks. Declarations and what they are linked to are a pass of their own, made by the driver with the build.

What Spark wants to be spared: it refuses unsigned integers and large_string, so frames are cast to a declared schema on the way;
it reads instants as local times unless they are timestamp_ntz; applyInArrow wants pandas although nothing here is one.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.util
import logging
import os
import pickle
import re
import secrets
import shutil
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from etl.contracts.interim import INT_TRACKS, INT_ZONE_PIECES
from etl.contracts.reference import Site
from etl.engine import tasks
from etl.errors import SettingsError, SmartportError
from etl.lake import Lake
from etl.loading import intake, recompute
from etl.loading.reading import Reader
from etl.settings import ROOT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

JAVA_AT_LEAST = 17
BUCKET_FIXES = 1_000_000  # a day with more fixes is cut into buckets of trucks: about 400 MB in a worker, a third of a second of work
GROUPS_A_WAVE = 32  # file groups a core before the driver commits: what a killed load must read again
_FIX_TYPES = {"plate_key": "string", "fix_at": "timestamp_ntz", "longitude_deg": "double", "latitude_deg": "double",
              "file_id": "string", "source_line": "bigint", "file_on": "date", "row_digest": "bigint"}  # fmt: skip
_SENT = "first int, buckets int, " + ", ".join(f"{name} {kind}" for name, kind in _FIX_TYPES.items())


@contextlib.contextmanager
def open_spark(master: str, conf: dict[str, str] | None = None) -> Iterator[Spark]:
    """Start an application on the cluster at `master` and stop it afterwards. Raises SettingsError, in one sentence, when pyspark or Java is missing or the master does not answer.

    Memory, cores and whatever else a cluster wants are set where Spark looks for them: SPARK_CONF_DIR/spark-defaults.conf.
    """
    if not re.match(r"(local(\[.*\])?$|yarn$|spark://.|k8s://.)", master):
        raise SettingsError("--master", f"'{master}' is no address of a cluster", _MASTERS, "Give one of these")
    _needed()
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    if master.startswith("local") or "//127.0.0.1" in master:
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")  # nothing of a cluster of one machine is open to the network
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    logging.getLogger("py4j").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas", category=FutureWarning)  # no row here is ever a pandas one
    builder = SparkSession.builder.master(master).appName("smartport")
    for name, value in {**_CONF, **(conf or {})}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except (PySparkException, RuntimeError, OSError) as error:
        raise SettingsError(f"--master {master}", f"Spark does not start there ({_first_line(error)})", _MASTERS, "Give the address of a running master") from error
    try:
        yield Spark(session)
    finally:
        session.stop()


_MASTERS = "local[2], spark://host:7077, yarn, k8s://https://host:443"
_CONF = {
    "spark.ui.enabled": "false", "spark.log.level": "ERROR", "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC", "spark.sql.adaptive.enabled": "false",
    "spark.executorEnv.PYTHONPATH": str(ROOT), "spark.executorEnv.POLARS_MAX_THREADS": "1",  # a task has one core
}  # fmt: skip


def _needed() -> None:
    """Raise SettingsError for the first thing missing that Spark cannot run without."""
    missing = [name for name in ("pyspark", "pandas", "pyarrow") if importlib.util.find_spec(name) is None]
    if missing:
        raise SettingsError("--engine spark", f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed", "", "Install the extra: pip install 'smartport-dashboard[spark]'")
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    do = f"Install Java {JAVA_AT_LEAST} or newer (Debian and Ubuntu: apt-get install openjdk-17-jre-headless), or set JAVA_HOME"
    if java is None:
        raise SettingsError("--engine spark", f"there is no Java {f'in JAVA_HOME={home}' if home else 'on the path'}", "", do)
    said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is None or int(found[1]) < JAVA_AT_LEAST:
        raise SettingsError("--engine spark", f"{java} is Java {found[1] if found else 'of an unknown version'}", f"{JAVA_AT_LEAST} and newer", do)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:200]


class Spark:
    """See engine.Engine. Every task is answered once, however often it ran: what Spark hands to the driver is one attempt's answer."""

    name = "spark"
    ports_at_once = 4  # their jobs share the cluster; what the driver holds while it publishes, it holds so many times

    def __init__(self, session: SparkSession, *, bucket_fixes: int = BUCKET_FIXES) -> None:
        self.session = session
        self.bucket_fixes = bucket_fixes

    # -- files ---------------------------------------------------------------------------------------------------------

    def read_all(self, reader: Reader, lake: Lake, paths: list[Path], known: dict[str, dict], is_replay: bool) -> Iterable[intake.Group]:
        """Know the files by their content first, so that each content is read by one task only; then read wave by wave, to be committed in between."""
        together = list(intake.groups(reader, paths))
        ids = [[path.parent.parent.name for path in group] for group in together] if is_replay else self._spread(tasks.file_ids, [(group,) for group in together])
        groups = [list(zip(group, named, strict=True)) for group, named in zip(together, ids, strict=True)]
        seen: set[str] = set()
        wave = GROUPS_A_WAVE * self.session.sparkContext.defaultParallelism
        for first in range(0, len(groups), wave):
            some = groups[first : first + wave]
            fresh = []
            for named in some:
                fresh.append(intake.fresh_of(reader, named, known, seen, is_replay))
                seen |= {name_id for _, name_id in fresh[-1]}
            if any(fresh):
                lake.begin()
            where = tasks.Where.of(lake, reader.site)
            work = [(where, reader.settings, reader.identities.key_id, files, is_replay) for files in fresh if files]
            answers = iter(self._spread(tasks.read, work))
            for named, files in zip(some, fresh, strict=True):
                read, parts = next(answers) if files else ({}, ())
                yield intake.Group([(path, name_id, read[name_id] if (path, name_id) in files else None) for path, name_id in named], parts=parts)

    # -- fixes ---------------------------------------------------------------------------------------------------------

    def refresh_fixes(self, lake: Lake, site: Site, days: list[dt.date], progress: Callable | None) -> list[pl.DataFrame]:
        """One shuffle: fixes from where their files lie to the bucket of their truck and UTC day. A truck's day is never parted, and no longer than a day."""
        sent: list[tuple[Any, dt.date, int, int]] = []
        group_days: list[dt.date] = []
        for day in days:
            parts = lake.parts("stg_tracking", day, day)
            buckets = max(1, -(-sum(part.rows_n for part in parts) // self.bucket_fixes))
            sent += [(part, day, len(group_days), buckets) for part in parts]
            group_days += [day] * buckets
            lake.replace_day(day, INT_ZONE_PIECES.empty(), INT_TRACKS.empty())
        if not sent:
            return []
        lake.begin()
        where = tasks.Where.of(lake, site)
        cores = self.session.sparkContext.defaultParallelism
        self.session.conf.set("spark.sql.shuffle.partitions", str(min(len(group_days), 4 * cores)))
        from pyspark.sql import functions as f

        rows = self.session.range(0, len(sent), 1, len(sent)).mapInArrow(_sender(where, sent), _SENT)
        group = (f.col("first") + f.pmod(f.xxhash64("plate_key"), f.col("buckets"))).cast("int")
        answers = rows.select(group.alias("group"), *_FIX_TYPES).groupBy("group").applyInArrow(_tracker(where, group_days), "answer binary").collect()
        counts = []
        for done, answer in enumerate(answers, start=1):
            parts, count = _opened(pickle.loads(answer["answer"]))
            lake.adopt(parts)
            counts.append(count)
            if progress:
                progress("tracking", done, len(answers), 0)
        return counts

    # -- counts and windows --------------------------------------------------------------------------------------------

    def recount(self, lake: Lake, site: Site, runs: list[tuple[str, list[dt.date]]]) -> list[pl.DataFrame]:
        where = tasks.Where.of(lake, site)
        return self._spread(tasks.recount, [(where, table, run) for table, run in runs])

    def windows(self, lake: Lake, site: Site, chunks: list[list[dt.date]], now_at: dt.datetime, file_findings: pl.DataFrame) -> Iterator[recompute.Window]:
        """All windows are made before the first is handed on; they wait beside the lake as Parquet, so the driver holds one at a time."""
        where = tasks.Where.of(lake, site)
        prefix = f"windows-{site.port_code}-"
        for left in where.lake.glob(f"{prefix}*"):  # of a killed load: the caller holds the lock
            shutil.rmtree(left)
        scratch = where.lake / f"{prefix}{secrets.token_hex(4)}"
        try:
            for folder, lodged_days in self._spread(tasks.reconstruct, [(where, scratch, chunk, now_at, file_findings) for chunk in chunks]):
                yield tasks.window_in(folder, lodged_days)
                shutil.rmtree(folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    # -- one task an item ----------------------------------------------------------------------------------------------

    def _spread(self, work: Callable, items: list[tuple]) -> list:
        """Return work(*item) of every item, in order, each a task of its own. What a task raises for a user to see is raised here, and not tried again."""
        if not items:
            return []
        from py4j.protocol import Py4JJavaError
        from pyspark.errors import PySparkException

        try:
            answers = self.session.sparkContext.parallelize(items, len(items)).map(lambda item: _answer(work, *item)).collect()
        except (Py4JJavaError, PySparkException) as error:
            if missing := re.search(r"ModuleNotFoundError: (No module named \S+)", str(error)):
                raise SettingsError(self.session.sparkContext.master, f"a worker cannot run this program ({missing[1]})", "", "Install smartport-dashboard[spark], the same version, on every machine of the cluster") from error
            raise
        return [_opened(answer) for answer in answers]


def _answer(work: Callable, *item: object) -> tuple:
    """Run in a worker. An error made for a user's eyes comes back as an answer: it would be the same at every try."""
    try:
        return True, work(*item)
    except SmartportError as error:
        return False, (type(error), error.where, error.found, error.known, error.do)


def _opened(answer: tuple) -> Any:
    is_done, value = answer
    if not is_done:
        kind, *words = value
        raise kind(*words)
    return value


def _sender(where: tasks.Where, sent: list) -> Callable:
    """Return what a worker does with the numbers of parts: read the fixes and say to which bucket of trucks they go."""
    import pyarrow as pa

    types = {"string": pa.string(), "timestamp_ntz": pa.timestamp("us"), "double": pa.float64(), "bigint": pa.int64(), "date": pa.date32()}
    schema = pa.schema([("first", pa.int32()), ("buckets", pa.int32()), *((name, types[kind]) for name, kind in _FIX_TYPES.items())])

    def send(batches: Iterator) -> Iterator:
        for batch in batches:
            for number in batch.column(0).to_pylist():
                part, day, first, buckets = sent[number]
                fixes = tasks.fixes_of(where, part, day).select(pl.lit(first, pl.Int32).alias("first"), pl.lit(buckets, pl.Int32).alias("buckets"), *_FIX_TYPES)
                yield from fixes.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(schema).to_batches(max_chunksize=100_000)

    return send


def _tracker(where: tasks.Where, group_days: list[dt.date]) -> Callable:
    """Return what a worker does with a bucket of trucks: the very functions that run on one machine, and the parts written where it runs."""
    import pyarrow as pa

    def track(table: pa.Table) -> pa.Table:
        fixes = pl.from_arrow(table.drop_columns("group")).select(pl.col(name).cast(dtype) for name, dtype in tasks.FIX_SCHEMA.items())
        answer = _answer(tasks.track, where, fixes)
        return pa.table({"answer": pa.array([pickle.dumps(answer)], pa.binary())})

    return track

"""The open builds of one port: which is current, the connection of each, and which months a question needs. No questions, no cache, no words.

    builds = Builds(settings, "MACAS")
    opened = builds.opened()                              # the current build, picked up anew after a load
    opened.frame(sql, params, days=(first_day, end_day))  # a Polars frame; planned over the months of these days only
Thread-safe: a cursor per query; one shared by threads gave wrong rows.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
import time
import warnings
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from etl.errors import BuildError, DamageError
from etl.settings import Settings
from etl.warehouse import SEGMENT_TABLES, OpenBuild, current_build_id, open_build

if TYPE_CHECKING:
    import pyarrow as pa

POLL_SECONDS = 0.5
# The copy it warns of is of the answer, a few rows; the relation it recommends plans the question a second time.
warnings.filterwarnings("ignore", message="Arrow output on a DB-API result", category=UserWarning)
_NAME = "port_name_"
# A port that has sent no gate log yet has data from the first day of its other logs on.
_REACH = "SELECT coalesce(min(entry_day), (SELECT min(day) FROM dq_source_days WHERE rows_n > 0)) AS first_day, max(entry_day) AS last_day FROM fct_visits"
BATCH_ROWS = 65_536  # rows of a piece of a streamed export
HELD_BYTES = 96 * 2**20  # what DuckDB may hold of a build while nobody asks: it keeps every block it has read, 250 MB after an hour at 1.3 million visits
OPEN_BUILDS = 3  # the current one and two replaced ones, so that an open page still exports its own


@dataclass(frozen=True)
class Build:
    """What a page says about the data it shows."""

    build_id: str
    port_code: str
    port_name: str
    zone_name: str
    now_at: dt.datetime
    now_local_at: dt.datetime
    is_sample: bool
    built_at: dt.datetime | None
    first_day: dt.date
    last_day: dt.date
    port_names: Mapping[str, str]

    @property
    def now_day(self) -> dt.date:
        """The local day of now: presets count back from it."""
        return self.now_local_at.date()

    def name(self, lang: str) -> str:
        """The port's name in a language, else the one it has in all."""
        return self.port_names.get(lang) or self.port_name


class Opened:
    """One open build: `about` it, and frames and files of SQL over it."""

    def __init__(self, inner: OpenBuild) -> None:
        self.inner, self.build_id = inner, inner.build_id
        self._guard = threading.Lock()
        self._calm, self._asking_n = threading.Lock(), 0
        self._made: set[str] = set()  # schemas and tables made in memory so far
        self._first: dict[tuple[str, str], dt.date | None] = {}
        self._small: dict[str, pl.DataFrame] = {}
        self._idle: dict[str, list[duckdb.DuckDBPyConnection]] = {}  # cursors nobody uses right now, by schema
        self.lasting: dict[tuple, pl.DataFrame] = {}  # answers that hang on the build alone
        inner.connection.execute("SET allocator_background_threads = true")  # else what an answer took stays with DuckDB's allocator: 310 MB after eight lists, so 155
        self.about = _about(self.frame("SELECT * FROM meta_builds"), self.frame(_REACH))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        return self.inner.connection

    def frame(self, sql: str, params: Mapping[str, object] | None = None, days: tuple[dt.date, dt.date] | None = None) -> pl.DataFrame:
        """Run a query. `days` are the first and last local day it can touch: planning over every month of a build costs more than most answers."""
        schema = self._schema(days)
        idle = self._idle.setdefault(schema, [])
        try:
            cursor = idle.pop()  # one that has looked the schema up before: a millisecond of a small question
        except IndexError:
            cursor = _at(self.inner.connection, schema)
        try:
            with self._asked():
                # By execute, not by a relation: that one is bound twice, 2 of the 10 ms of a small question over four months.
                found = pl.from_arrow(cursor.execute(sql, dict(params or {})).to_arrow_reader().read_all(), rechunk=False)
        except _TOLD_BY_DUCKDB as error:
            cursor.close()
            _refuse_damaged(self.build_id, error)
            raise
        idle.append(cursor)
        return found

    def columns(self, sql: str, params: Mapping[str, object], *, answer: pl.DataFrame | None = None) -> list[tuple[str, str]]:
        """Return (name, DuckDB type) of a query's columns; `answer` is a frame the SQL may read under this name."""
        with self._reading(None, answer) as cursor:
            return [(row[0], row[1]) for row in cursor.execute(f"DESCRIBE {sql}", dict(params)).fetchall()]

    def batches(self, sql: str, params: Mapping[str, object], days: tuple[dt.date, dt.date] | None = None, *, answer: pl.DataFrame | None = None) -> Iterator[pa.RecordBatch]:
        """Yield a query's rows piece by piece, for exports that hold no more than that."""
        with self._reading(days, answer) as cursor:
            # By a relation, which is streamed; of an executed statement the whole answer would be held, and copied once.
            yield from cursor.sql(sql, params=dict(params)).to_arrow_reader(BATCH_ROWS)

    def copy(self, sql: str, params: Mapping[str, object], target: str, options: str, days: tuple[dt.date, dt.date] | None = None, *, answer: pl.DataFrame | None = None) -> int:
        """Let DuckDB write a query to a file, for exports; no row passes through Python. Return the rows written."""
        with self._reading(days, answer) as cursor:
            return int(cursor.execute(f"COPY ({sql}) TO {_quoted(target)} ({options})", dict(params)).fetchone()[0])

    def once(self, table: str, sql: str, params: Mapping[str, object], days: tuple[dt.date, dt.date]) -> str:
        """Return the name of an in-memory table of this query's rows, made on first use and kept as long as the build is open."""
        name = f"memory.main.{table}"
        schema = self._months(days)
        with self._guard:
            if name not in self._made:
                cursor = _at(self.connection, schema)
                try:
                    with self._asked():
                        cursor.execute(f"CREATE TABLE IF NOT EXISTS {name} AS {sql}", dict(params))
                except _TOLD_BY_DUCKDB as error:
                    _refuse_damaged(self.build_id, error)
                    raise
                finally:
                    cursor.close()
                self._made.add(name)
        return name

    def small(self, table: str) -> pl.DataFrame:
        """Return a reference table whole; read once a build. Every page reads half a dozen of them, a millisecond each."""
        if table not in self._small:
            self._small[table] = self.frame(f"SELECT * FROM {table}")
        return self._small[table]

    def first(self, table: str, day: str) -> dt.date | None:
        """Return the earliest day of a table, None where it is empty; read once a build."""
        if (table, day) not in self._first:
            self._first[table, day] = self.frame(f"SELECT CAST(min({day}) AS DATE) AS first_day FROM {table}")["first_day"][0]
        return self._first[table, day]

    def ease(self) -> None:
        """Let DuckDB give back what it holds of blocks read before, unless a question is being answered. For a moment it may hold little, so that it lets go; then as
        much as ever: a lower limit for good would refuse long exports.
        """
        with self._calm:
            if not self._asking_n:
                cursor = self.inner.connection.cursor()
                if cursor.execute("SELECT sum(memory_usage_bytes) FROM duckdb_memory()").fetchone()[0] > HELD_BYTES:
                    with contextlib.suppress(duckdb.OutOfMemoryException):
                        cursor.execute(f"SET memory_limit = '{HELD_BYTES // 2}B'")
                    cursor.execute("RESET memory_limit")
                cursor.close()

    @contextlib.contextmanager
    def _asked(self) -> Iterator[None]:
        with self._calm:
            self._asking_n += 1
        try:
            yield
        finally:
            with self._calm:
                self._asking_n -= 1

    @contextlib.contextmanager
    def _reading(self, days: tuple[dt.date, dt.date] | None, answer: pl.DataFrame | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor over the months of these days that also knows the frame `answer`."""
        cursor = _at(self.inner.connection, self._schema(days))
        try:
            if answer is not None:
                cursor.register("answer", answer)
            with self._asked():
                yield cursor
        except _TOLD_BY_DUCKDB as error:
            _refuse_damaged(self.build_id, error)
            raise
        finally:
            cursor.close()

    def _schema(self, days: tuple[dt.date, dt.date] | None) -> str:
        """The schema whose views a query over these days reads; '' for every month."""
        return self._months(days) if days else ""

    def _months(self, days: tuple[dt.date, dt.date]) -> str:
        """Return the schema whose views hold the months of these days, made on first use; '' where that is every month.

        It holds views of the tables' own names over fewer months, and a cursor's search path chooses it: the SQL stays the one that is shown.
        """
        first, last = days
        segments = list(self.inner.pointer["segments"].items())
        inside = [index for index, (month, _) in enumerate(segments) if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}"]
        if not inside or len(inside) == len(segments):
            return ""
        name = f"memory.months_{inside[0]}_{inside[-1]}"
        with self._guard:
            if name not in self._made:
                cursor = self.connection.cursor()
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
                for table in SEGMENT_TABLES:
                    holders = [index for index in inside if segments[index][1]["rows"].get(table.name)]
                    body = " UNION ALL ".join(f"SELECT * FROM segment_{index}.{table.name}" for index in holders) or f"SELECT * FROM memory.main.{table.name} WHERE false"
                    cursor.execute(f"CREATE VIEW IF NOT EXISTS {name}.{table.name} AS {body}")
                cursor.close()
                self._made.add(name)
        return name


class Part(Opened):
    """An open build of which only some rows are seen: every table a month holds is a view with a condition, whatever the SQL over it says.

    `name` names the part in schemas; `rows` gives a table's condition from its name, the schema of all months seen and that of the build itself.
    """

    def __init__(self, whole: Opened, name: str, rows: Callable[[str, str, str], str]) -> None:
        self.inner, self.build_id, self.about = whole.inner, whole.build_id, whole.about
        self._whole, self._name, self._rows = whole, name, rows
        self._made = whole._made
        self.lasting, self._idle = {}, {}
        self._asked = whole._asked

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        raise AttributeError("a part of a build hands out no connection: it would see every row")

    def once(self, table: str, sql: str, params: Mapping[str, object], days: tuple[dt.date, dt.date]) -> str:
        """What is made once a build is the port's own, such as free flow: the same for every reader."""
        return self._whole.once(table, sql, params, days)

    def small(self, table: str) -> pl.DataFrame:
        """Reference tables are the port's own, the same for every reader."""
        return self._whole.small(table)

    def first(self, table: str, day: str) -> dt.date | None:
        """The first day of the port's own log: periods are settled by it, the same for every reader."""
        return self._whole.first(table, day)

    def _schema(self, days: tuple[dt.date, dt.date] | None) -> str:
        everywhere = self._views("memory.main", "all")
        inside = self._whole._months(days) if days else ""
        return self._views(inside, inside.rpartition(".")[2]) if inside else everywhere

    def _views(self, source: str, ending: str) -> str:
        """Return the schema of this part of another one's tables, made on first use."""
        name, every = f"memory.{self._name}_{ending}", f"memory.{self._name}_all"
        with self._whole._guard:
            if name not in self._made:
                cursor = self.inner.connection.cursor()
                cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {name}")
                for table in sorted(SEGMENT_TABLES, key=lambda table: table.name not in ("fct_visits", "fct_visit_containers")):  # conditions name these two
                    cursor.execute(f"CREATE VIEW IF NOT EXISTS {name}.{table.name} AS SELECT * FROM {source}.{table.name} WHERE {self._rows(table.name, every, 'memory.main')}")
                cursor.close()
                self._made.add(name)
        return name


class Builds:
    """The current build of a port and the last ones before it."""

    def __init__(self, settings: Settings, port_code: str) -> None:
        self._settings, self._port_code = settings, port_code
        self._lock = threading.RLock()
        self._open: OrderedDict[str, Opened] = OrderedDict()
        self._current: str | None = None
        self._polled = 0.0

    def opened(self, build_id: str | None = None) -> Opened:
        """Return the current build, or one that is still open. Raises BuildError when there is none, or it is no longer open."""
        with self._lock:
            if build_id is not None:
                if build_id not in self._open:
                    raise BuildError(f"build {build_id}", "it has been replaced and is no longer open", "", "Reload the page")
                return self._open[build_id]
            now = time.monotonic()
            if self._current is None or now - self._polled > POLL_SECONDS:
                found = current_build_id(self._settings.build, self._port_code)
                self._polled = now
                if found is None or found != self._current or found not in self._open:
                    opened = Opened(open_build(self._settings.build, self._port_code))
                    self._open[opened.build_id] = opened
                    self._current = opened.build_id
                    while len(self._open) > OPEN_BUILDS:
                        self._open.popitem(last=False)
            return self._open[self._current]

    def ease(self) -> set[str]:
        """Give back memory nobody needs just now. Return the builds that are open."""
        with self._lock:
            every = list(self._open.values())
        for opened in every:
            opened.ease()
        return {opened.build_id for opened in every}


_TOLD_BY_DUCKDB = (duckdb.Error, OSError, ValueError)  # the last two are pyarrow's, for an answer that breaks off


def _refuse_damaged(build_id: str, error: Exception) -> None:
    """Raise DamageError when an error means that a block is not what was written: DuckDB holds every block it reads against its checksum."""
    if "Corrupt database file" in str(error) or (isinstance(error, duckdb.IOException) and ".duckdb" in str(error)):  # not the place an export is written to
        raise DamageError(f"build {build_id}", "a file of it is damaged, and nothing is shown from it", "", "Run `smartport verify` to see which, `smartport rebuild` to make it anew") from error


def _at(connection: duckdb.DuckDBPyConnection, schema: str) -> duckdb.DuckDBPyConnection:
    cursor = connection.cursor()
    if schema:
        cursor.execute(f"SET search_path = '{schema},memory.main'")
    return cursor


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _about(row: pl.DataFrame, days: pl.DataFrame) -> Build:
    told, reach = row.row(0, named=True), days.row(0)
    now_at = told["now_at"] or dt.datetime(2000, 1, 1)
    now_local_at = told["now_local_at"] or now_at
    return Build(
        told["build_id"], told["port_code"], told["port_name"], told["zone_name"], now_at, now_local_at, bool(told["is_sample"]), told["built_at"],
        reach[0] or now_local_at.date(), reach[1] or now_local_at.date(),
        {name.removeprefix(_NAME): text for name, text in told.items() if name.startswith(_NAME) and text},  # a build of older rules has no such columns
    )  # fmt: skip

"""The only connection to the build and the only cache: questions in, answers out. No Streamlit, no words, no drawing.

    store.use(settings)                                             # once, by app.py; else the environment's settings are taken
    r = store.ask(sel, ["visits", "turnaround_p50"], by=["terminal"], compare=True, intervals=True)
    r.frame                                                         # terminal, visits, visits__n, turnaround_p50, ..., turnaround_p50__before
    store.ask(sel, ["turnaround_p90"], grain="day").frame           # period, turnaround_p90, turnaround_p90__n
    store.ask(sel, ["turnaround_p50"]).cell("turnaround_p50").value # one figure
    store.rows("visits", sel, narrow={"terminal": "TCE"}, metric="over_120_share", limit=200)   # the visits behind a figure
    store.rows("visit_events", visit_id="3f9a...")                  # every log line of one visit
    store.table("dim_zones"); store.names("terminal", "fr"); store.build().now_local_at
A load in another process publishes a new build; the next question here is answered from it. Thread-safe: a cursor per query.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import polars as pl

from dashboard.details import DETAILS, compile_detail
from dashboard.metrics import DIMENSIONS, METRICS, Dimension, Metric, Result, ranks
from dashboard.metrics.compiler import REFERENCES, Query, compile_query, unanswered
from dashboard.metrics.hours import hours_in
from dashboard.metrics.intervals import wilson_columns
from dashboard.metrics.privacy import suppress
from dashboard.selection import Selection
from etl import clock
from etl.contracts.facts import FACT_TABLES, LEDGER_TABLES
from etl.contracts.reference import REFERENCE_TABLES
from etl.errors import BuildError, DeclarationError
from etl.settings import Settings, load_settings
from etl.warehouse import SEGMENT_TABLES, OpenBuild, current_build_id, open_build

CACHE_BYTES = 256 * 2**20
POLL_SECONDS = 0.5
OPEN_BUILDS = 3  # the current one and two replaced ones, so that an open page still exports its own
LEAST_FOR_LIMITS = 6  # below it the extreme values are no 95 % limits of a median
TABLES = frozenset(table.name for table in (*FACT_TABLES, *LEDGER_TABLES, *REFERENCE_TABLES))


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

    @property
    def now_day(self) -> dt.date:
        """The local day of now: presets count back from it."""
        return self.now_local_at.date()


class Store:
    """Answers questions from one port's current build. One per process and port; every method is safe from any thread."""

    def __init__(self, settings: Settings, port_code: str) -> None:
        self.settings, self.port_code = settings, port_code
        self._lock = threading.RLock()
        self._open: OrderedDict[str, tuple[OpenBuild, Build]] = OrderedDict()
        self._made: dict[str, set[str]] = {}
        self._current: str | None = None
        self._polled = 0.0
        self._cache: OrderedDict[tuple, Any] = OrderedDict()
        self._cached_bytes = 0
        self._running: dict[tuple, threading.Lock] = {}

    # ------------------------------------------------------------------ the build
    def build(self, build_id: str | None = None) -> Build:
        """Return the current build (or one that is still open). Raises BuildError when none is published."""
        return self._opened(build_id)[1]

    def _opened(self, build_id: str | None = None) -> tuple[OpenBuild, Build]:
        with self._lock:
            if build_id is not None:
                if build_id not in self._open:
                    raise BuildError(f"build {build_id}", "it has been replaced and is no longer open", "", "Reload the page")
                return self._open[build_id]
            now = time.monotonic()
            if self._current is None or now - self._polled > POLL_SECONDS:
                found = current_build_id(self.settings.build, self.port_code)
                self._polled = now
                if found is None or found != self._current or found not in self._open:
                    opened = open_build(self.settings.build, self.port_code)
                    self._open[opened.build_id] = (opened, _about(opened))
                    self._current = opened.build_id
                    while len(self._open) > OPEN_BUILDS:
                        self._made.pop(self._open.popitem(last=False)[0], None)
            return self._open[self._current]

    # ------------------------------------------------------------------ questions
    def ask(
        self, selection: Selection, metrics: Sequence[str], by: Sequence[str] = (), grain: str | None = None, viewer: object = None, *,
        compare: bool = False, totals: bool = False, intervals: bool = False, limit: int | None = None, build_id: str | None = None,
    ) -> Result:  # fmt: skip
        """Return the metrics over the selection, split by dimensions and by a time grain (hour, day, week, month).

        compare    add the like-for-like comparison period (if the selection has one), aligned to this one
        totals     add one row over everything, marked `is_total`, recomputed from the rows and never from the groups
        intervals  add order-statistic limits to percentiles (a sort per group: ask for it where they are shown); shares always have Wilson's
        limit      keep only the groups with the largest first metric
        viewer     who asks; small cells about persons and firms are hidden from everyone
        Raises DeclarationError for an unknown name or a split a fact cannot give, BuildError without a build.
        """
        opened, build = self._opened(build_id)
        wanted, split = _named(metrics, METRICS, "metric"), _named(by, DIMENSIONS, "dimension")
        before = selection.previous() if compare else None
        key = ("ask", opened.build_id, selection, tuple(metrics), tuple(by), grain, before is not None, totals, intervals, limit)
        return self._cached(key, lambda: self._answer(opened, build, selection, before, wanted, split, grain, totals, intervals, limit))

    def _answer(
        self, opened: OpenBuild, build: Build, selection: Selection, before: Selection | None, metrics: tuple[Metric, ...], by: tuple[Dimension, ...],
        grain: str | None, totals: bool, intervals: bool, limit: int | None,
    ) -> Result:  # fmt: skip
        cut_at = build.now_at if build.now_local_at < dt.datetime.combine(selection.end_day, dt.time()) else None
        then_at = _earlier(build, selection.shift_days) if cut_at else None
        queries: list[Query] = []
        frames: list[pl.DataFrame] = []
        for period, cut, shift in ((selection, None, 0), *(((before, then_at, selection.shift_days),) if before else ())):
            parts = []
            for fact in dict.fromkeys(metric.fact for metric in metrics):
                mine = [metric for metric in metrics if metric.fact == fact]
                query = compile_query(mine, by, grain, period, cut_at=cut, totals=totals, intervals=intervals, reference_end=selection.end_day, shift_days=shift)
                queries.append(query)
                parts.append(_run(opened, query, self._made.setdefault(opened.build_id, set())))
            keys = [*queries[-1].keys, *(("is_total",) if totals and queries[-1].keys else ())]
            frame = _joined(parts, keys)
            end_local = build.now_local_at - dt.timedelta(days=shift)
            frame = _finished(frame, metrics, queries[-1].keys, period, end_local, grain, shift)
            frames.append(frame)
        frame = frames[0]
        if before:
            names = {name: _before(name) for name in frames[1].columns if name not in keys}
            frame = _joined([frame, frames[1].rename(names)], keys)
        counts = [name for metric in metrics for name in _counted(metric) if name in frame.columns]
        frame = frame.with_columns(pl.col(name).fill_null(0) for name in counts)
        frame = frame.sort(keys[::-1] if "is_total" in keys else keys, nulls_last=True) if keys and not totals else frame.sort(["is_total", *queries[0].keys], nulls_last=True) if keys else frame
        frame, hidden = suppress(frame, queries[0].keys, by, metrics, self.settings.small_cell)
        if limit is not None and keys:
            order = [pl.col("is_total"), pl.col(metrics[0].code)] if "is_total" in keys else [pl.col(metrics[0].code)]
            frame = frame.sort(order, descending=True, nulls_last=True).head(limit + (1 if "is_total" in keys else 0))
        return Result(
            frame, metrics, by, grain, selection, before, opened.build_id, build.now_at, build.now_local_at, tuple(query.sql for query in queries),
            tuple(query.params for query in queries), cut_at, totals, hidden,
            {metric.code: missing for metric in metrics if (missing := unanswered(queries[0].fact if metric.fact == queries[0].fact.code else _fact(metric), selection))},
        )  # fmt: skip

    def rows(
        self, detail: str, selection: Selection | None = None, *, narrow: Mapping[str, object] | None = None, metric: str | None = None,
        grain: str | None = None, period: object = None, limit: int | None = None, build_id: str | None = None, **params: object,
    ) -> pl.DataFrame:  # fmt: skip
        """Return the rows behind a figure: those of the selection, narrowed to dimension values, a metric's own rows, one step of time.

        `params` are the detail's own (`visit_id=...`). See `dashboard.details.DETAILS` for the names and columns.
        """
        opened, _ = self._opened(build_id)
        sql, values = compile_detail(_named((detail,), DETAILS, "detail")[0], selection, self.port_code, narrow=narrow, metric=metric, grain=grain, period=period, limit=limit, params=params)
        key = ("rows", opened.build_id, sql, repr(sorted(values.items())))
        return self._cached(key, lambda: _frame(opened, sql, values))

    def table(self, name: str) -> pl.DataFrame:
        """Return one small table whole: dim_*, meta_*, dq_files."""
        if name not in TABLES:
            raise DeclarationError("table", f"'{name}' is not known", ", ".join(sorted(TABLES)))
        opened, _ = self._opened()
        return self._cached(("table", opened.build_id, name), lambda: _frame(opened, f"SELECT * FROM {name}", {}))

    def names(self, dimension: str, lang: str) -> dict[str, str]:
        """Return code -> name in the reader's language of a dimension whose values the site names; empty for others (their words are code lists)."""
        reference = _named((dimension,), DIMENSIONS, "dimension")[0].reference
        if not reference:
            return {}
        frame = self.table(reference[0])
        local = f"name_{lang}" if f"name_{lang}" in frame.columns else "name_en"
        return {row[reference[1]]: row[local] or row["name_en"] or row[reference[1]] for row in frame.iter_rows(named=True)}

    def known(self) -> dict[str, tuple[str, ...]]:
        """Return the legal values of the filters the site names, in the order of its reference: for Selection.from_query and the filter bar."""
        gates = self.table("dim_gates")
        port = gates.filter(pl.col("perimeter_code").is_null() | (pl.col("perimeter_code") == "port"))["gate_code"]
        lanes = self.table("dim_lanes").filter(pl.col("gate_code").is_in(port.to_list()))
        return {
            "gate": tuple(port.unique(maintain_order=True)), "lane": tuple(lanes["lane_code"].unique(maintain_order=True)),
            "terminal": tuple(self.table("dim_terminals")["terminal_code"].unique(maintain_order=True)),
        }  # fmt: skip

    def columns(self, sql: str, params: Mapping[str, object], build_id: str | None = None) -> list[tuple[str, str]]:
        """Return (name, DuckDB type) of a compiled query's columns."""
        opened, _ = self._opened(build_id)
        cursor = opened.connection.cursor()
        try:
            return [(row[0], row[1]) for row in cursor.execute(f"DESCRIBE {sql}", dict(params)).fetchall()]
        finally:
            cursor.close()

    def copy_frame(self, frame: pl.DataFrame, spell: Any, target: str, options: str, build_id: str | None = None) -> int:
        """Write a frame to a file by the same DuckDB writer; `spell` turns its columns into the SELECT over the table `answer`."""
        opened, _ = self._opened(build_id)
        cursor = opened.connection.cursor()
        try:
            cursor.register("answer", frame)
            columns = [(row[0], row[1]) for row in cursor.execute("DESCRIBE SELECT * FROM answer").fetchall()]
            return int(cursor.execute(f"COPY ({spell(columns)}) TO '{target.replace(chr(39), chr(39) * 2)}' ({options})").fetchone()[0])
        finally:
            cursor.unregister("answer")
            cursor.close()

    def copy_to(self, sql: str, params: Mapping[str, object], target: str, options: str, build_id: str | None = None) -> int:
        """Let DuckDB write a compiled query to a file (for exports: streamed, never held in memory). Return the rows written."""
        opened, _ = self._opened(build_id)
        quoted = target.replace("'", "''")
        cursor = opened.connection.cursor()
        try:
            return int(cursor.execute(f"COPY ({sql}) TO '{quoted}' ({options})", dict(params)).fetchone()[0])
        finally:
            cursor.close()

    # ------------------------------------------------------------------ the cache
    def _cached(self, key: tuple, make: Any) -> Any:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
            mine = self._running.setdefault(key, threading.Lock())
        with mine:  # a second asker of the same question waits for the first one's answer
            with self._lock:
                if key in self._cache:
                    return self._cache[key]
            try:
                made = make()
            finally:
                with self._lock:
                    self._running.pop(key, None)
            with self._lock:
                size = _size(made)
                if size < CACHE_BYTES // 4:
                    self._cache[key] = made
                    self._cached_bytes += size
                    while self._cached_bytes > CACHE_BYTES:
                        self._cached_bytes -= _size(self._cache.popitem(last=False)[1])
            return made


def _fact(metric: Metric) -> Any:
    from dashboard.metrics import FACTS

    return FACTS[metric.fact]


def _named(names: Sequence[str], registry: Mapping[str, Any], what: str) -> tuple:
    missing = [name for name in names if name not in registry]
    if missing:
        raise DeclarationError(what, f"'{missing[0]}' is not known", ", ".join(registry))
    return tuple(registry[name] for name in names)


def _size(made: Any) -> int:
    frame = made.frame if isinstance(made, Result) else made
    return int(frame.estimated_size()) + 4096


def _frame(opened: OpenBuild, sql: str, params: Mapping[str, object]) -> pl.DataFrame:
    cursor: duckdb.DuckDBPyConnection = opened.connection.cursor()
    try:
        return cursor.sql(sql, params=dict(params)).pl() if params else cursor.sql(sql).pl()
    finally:
        cursor.close()


def ranked(query: Query, frame: pl.DataFrame) -> pl.DataFrame:
    """Return the answer with its percentiles and limits in the place of gathered values: the columns of the query's own SQL."""
    if not query.ranked:
        return frame
    made = [series for name, wanted in query.ranked for series in ranks.columns(frame[name], wanted)]
    whole = frame.drop(name for name, _ in query.ranked).with_columns(made)
    order = [name for metric in query.metrics for name in (metric.code, f"{metric.code}__n", f"{metric.code}__low", f"{metric.code}__high") if name in whole.columns]
    return whole.select(*(name for name in whole.columns if name not in set(order)), *order)


_schema_guard = threading.Lock()


def _run(opened: OpenBuild, query: Query, made: set[str]) -> pl.DataFrame:
    """Run one question over the months it can touch only, with free-flow values made once a build and window.

    Planning over every month of a build costs more than the answer. A schema of the in-memory database holds the same views over fewer
    months, and the cursor's search path chooses it: the SQL stays the one that is shown.
    """
    sql, params = query.run, query.params
    for name in query.needs:
        sql = sql.replace(REFERENCES[name][0], f"SELECT * FROM {_reference(opened, name, params, made)}", 1)
    days = [params["first_day"], params["end_day"]] if "first_day" in params else []
    cursor: duckdb.DuckDBPyConnection = opened.connection.cursor()
    try:
        if days and (schema := _months(opened, min(days) - dt.timedelta(days=4), max(days) + dt.timedelta(days=2), made)):
            cursor.execute(f"SET search_path = '{schema},memory.main'")
        return ranked(query, cursor.sql(sql, params={name: value for name, value in params.items() if f"${name}" in sql}).pl())
    finally:
        cursor.close()


def _reference(opened: OpenBuild, name: str, params: Mapping[str, object], made: set[str]) -> str:
    """Return the table of free-flow values of a window, made on first use and kept as long as the build is open."""
    table = f"memory.main.{name}_{params['reference_end_day']:%Y%m%d}"
    with _schema_guard:
        if table not in made:
            cursor = opened.connection.cursor()
            schema = _months_made(opened, params["reference_first_day"], params["reference_end_day"], made)
            if schema:
                cursor.execute(f"SET search_path = '{schema},memory.main'")
            used = {key: value for key, value in params.items() if f"${key}" in REFERENCES[name][0]}
            cursor.execute(f"CREATE TABLE IF NOT EXISTS {table} AS {REFERENCES[name][0]}", used)
            cursor.close()
            made.add(table)
    return table


def _months(opened: OpenBuild, first: dt.date, last: dt.date, made: set[str]) -> str:
    with _schema_guard:
        return _months_made(opened, first, last, made)


def _months_made(opened: OpenBuild, first: dt.date, last: dt.date, made: set[str]) -> str:
    """Return the schema whose views hold the months of these days, made on first use; '' where that is every month."""
    segments = list(opened.pointer["segments"].items())
    inside = [index for index, (month, _) in enumerate(segments) if f"{first:%Y-%m}" <= month <= f"{last:%Y-%m}"]
    if not inside or len(inside) == len(segments):
        return ""
    name = f"months_{inside[0]}_{inside[-1]}"
    if name not in made:
        cursor = opened.connection.cursor()
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS memory.{name}")
        for table in SEGMENT_TABLES:
            holders = [index for index in inside if segments[index][1]["rows"].get(table.name)]
            body = " UNION ALL ".join(f"SELECT * FROM segment_{index}.{table.name}" for index in holders) or f"SELECT * FROM memory.main.{table.name} WHERE false"
            cursor.execute(f"CREATE VIEW IF NOT EXISTS memory.{name}.{table.name} AS {body}")
        cursor.close()
        made.add(name)
    return f"memory.{name}"


def _about(opened: OpenBuild) -> Build:
    row = _frame(opened, "SELECT * FROM meta_builds", {}).row(0, named=True)
    days = _frame(opened, "SELECT min(entry_day) AS a, max(entry_day) AS b FROM fct_visits", {}).row(0)
    now_at = row["now_at"] or dt.datetime(2000, 1, 1)
    now_local_at = row["now_local_at"] or now_at
    return Build(
        opened.build_id, row["port_code"], row["port_name"], row["zone_name"], now_at, now_local_at, bool(row["is_sample"]), row["built_at"],
        days[0] or now_local_at.date(), days[1] or now_local_at.date(),
    )  # fmt: skip


def _earlier(build: Build, days: int) -> dt.datetime:
    """The UTC instant at the same local wall time `days` earlier."""
    local = pl.Series([build.now_local_at - dt.timedelta(days=days)], dtype=pl.Datetime("us"))
    return clock.to_utc(local, build.zone_name)[0][0]


def _joined(frames: Sequence[pl.DataFrame], keys: Sequence[str]) -> pl.DataFrame:
    """Put answers side by side on their keys (null is a value of its own), keeping every group any of them has."""
    first, *rest = frames
    for frame in rest:
        first = first.join(frame, on=list(keys), how="full", nulls_equal=True, coalesce=True) if keys else first.hstack(frame)
    return first


def _finished(frame: pl.DataFrame, metrics: Sequence[Metric], keys: Sequence[str], period: Selection, end_local: dt.datetime, grain: str | None, shift: int) -> pl.DataFrame:
    """Add what SQL does not make: rates per clock hour, Wilson limits, doubles for counts' neighbours."""
    thin = [pl.when(pl.col(f"{metric.code}__n") >= LEAST_FOR_LIMITS).then(pl.col(name)).alias(name)
            for metric in metrics if metric.quantile for name in (f"{metric.code}__low", f"{metric.code}__high") if name in frame.columns]  # fmt: skip
    frame = frame.with_columns(thin) if thin else frame
    shares = [expr for metric in metrics if metric.share for expr in wilson_columns(metric.code, f"{metric.code}__n", f"{metric.code}__low", f"{metric.code}__high")]
    frame = frame.with_columns(shares) if shares else frame
    rates = [metric for metric in metrics if metric.per_hour]
    if rates:
        hours, time_keys = hours_in(period, end_local, keys, grain, shift)
        if "is_total" in frame.columns:
            hours = hours.with_columns(pl.lit(False).alias("is_total"))
            whole = hours_in(period, end_local, (), None, shift)[0]["hours_n"][0]
            time_keys = [*time_keys, "is_total"]
        frame = frame.join(hours, on=time_keys, how="left", nulls_equal=True) if time_keys else frame.with_columns(pl.lit(hours["hours_n"][0]).alias("hours_n"))
        if "is_total" in frame.columns:
            frame = frame.with_columns(pl.when(pl.col("is_total")).then(pl.lit(whole)).otherwise(pl.col("hours_n")).alias("hours_n"))
        frame = frame.with_columns((pl.col(metric.code) / pl.col("hours_n")).alias(metric.code) for metric in rates).drop("hours_n")
    return frame


def _before(name: str) -> str:
    code, double, part = name.partition("__")
    return f"{code}__before_{part}" if double else f"{code}__before"


def _counted(metric: Metric) -> tuple[str, ...]:
    """Columns in which an absent group is a true zero."""
    n = (f"{metric.code}__n", f"{metric.code}__before_n")
    return (*n, metric.code, f"{metric.code}__before") if metric.count else n


# ---------------------------------------------------------------------- the process's own store
_stores: dict[tuple[str, str], Store] = {}
_settings: Settings | None = None
_guard = threading.Lock()


def use(settings: Settings | None) -> None:
    """Say which installation this process shows; None goes back to the environment's."""
    global _settings
    with _guard:
        _settings = settings


def of(port_code: str | None = None) -> Store:
    """Return the process's store of a port (default: the only published port, else the site's own)."""
    with _guard:
        settings = _settings or load_settings()
        port = port_code or _only_port(settings)
        return _stores.setdefault((str(settings.build), port), Store(settings, port))


def _only_port(settings: Settings) -> str:
    published = sorted(path.parent.name for path in settings.build.glob("*/current.json"))
    if not published:
        raise BuildError(str(settings.build), "no build is published", "", "Run `smartport load INBOX` first")
    return published[0]


def ask(selection: Selection, metrics: Sequence[str], by: Sequence[str] = (), grain: str | None = None, viewer: object = None, **how: Any) -> Result:
    """See Store.ask; the port is the selection's."""
    return of(selection.port).ask(selection, metrics, by, grain, viewer, **how)


def rows(detail: str, selection: Selection | None = None, **how: Any) -> pl.DataFrame:
    """See Store.rows."""
    return of(selection.port if selection else None).rows(detail, selection, **how)


def table(name: str) -> pl.DataFrame:
    return of().table(name)


def names(dimension: str, lang: str) -> dict[str, str]:
    return of().names(dimension, lang)


def known() -> dict[str, tuple[str, ...]]:
    return of().known()


def build() -> Build:
    return of().build()


def widened(selection: Selection, *filters: str) -> Selection:
    """Return the selection with these filters cleared, e.g. to compare one lane with all."""
    return replace(selection, **dict.fromkeys(filters, ()))

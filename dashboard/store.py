"""The only door to the build and the only cache: questions in, answers out. No Streamlit, no words, no drawing; dashboard/builds.py holds the connections.

    store.use(settings)                                             # once, by app.py; else the environment's settings are taken
    r = store.ask(sel, ["visits", "turnaround_p50"], by=["terminal"], compare=True, intervals=True)
    r.frame                                                         # terminal, visits, visits__n, turnaround_p50, ..., turnaround_p50__before
    store.ask(sel, ["turnaround_p90"], grain="day").frame           # period, turnaround_p90, turnaround_p90__n
    store.ask(sel, ["turnaround_p50"]).cell("turnaround_p50").value # one figure
    store.rows("visits", sel, narrow={"terminal": "TCE"}, metric="over_120_share", limit=200)   # the visits behind a figure
    store.rows("visit_events", visit_id="3f9a...")                  # every log line of one visit
    store.table("dim_zones"); store.names("terminal", "fr"); store.build().now_local_at
    store.ahead(lambda: ..., lambda: ...)                           # begin to answer what a page is about to ask
A load in another process publishes a new build; the next question here is answered from it. Thread-safe: a cursor per query.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import polars as pl

from dashboard.builds import Build, Builds, Opened
from dashboard.details import DETAILS, compile_detail
from dashboard.metrics import DIMENSIONS, FACTS, METRICS, Dimension, Metric, Result, frames
from dashboard.metrics.compiler import REFERENCES, Query, compile_query, unanswered
from dashboard.metrics.privacy import suppress
from dashboard.selection import Selection
from etl import clock
from etl.contracts.facts import FACT_TABLES, LEDGER_TABLES
from etl.contracts.reference import REFERENCE_TABLES, load_site
from etl.errors import BuildError, DeclarationError
from etl.settings import Settings, load_settings

CACHE_BYTES = 256 * 2**20
RECENT = dt.timedelta(days=14)
AHEAD_THREADS = 2  # questions answered side by side while a page draws
TABLES = frozenset(table.name for table in (*FACT_TABLES, *LEDGER_TABLES, *REFERENCE_TABLES))


class Store:
    """Answers questions from one port's current build. One per process and port; every method is safe from any thread."""

    def __init__(self, settings: Settings, port_code: str) -> None:
        self.settings, self.port_code = settings, port_code
        self._builds = Builds(settings, port_code)
        self._lock = threading.RLock()
        self._cache: OrderedDict[tuple, Any] = OrderedDict()
        self._cached_bytes = 0
        self._running: dict[tuple, threading.Lock] = {}
        self._pool = ThreadPoolExecutor(AHEAD_THREADS, thread_name_prefix="ahead")

    def build(self, build_id: str | None = None) -> Build:
        """Return the current build (or one that is still open). Raises BuildError when none is published."""
        return self._builds.opened(build_id).about

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
        opened = self._builds.opened(build_id)
        wanted, split = _named(metrics, METRICS, "metric"), _named(by, DIMENSIONS, "dimension")
        before = selection.previous() if compare else None
        key = ("ask", opened.build_id, selection, tuple(metrics), tuple(by), grain, before is not None, totals, intervals, limit)
        return self._cached(key, lambda: self._answer(opened, selection, before, wanted, split, grain, totals, intervals, limit))

    def _answer(
        self, opened: Opened, selection: Selection, before: Selection | None, metrics: tuple[Metric, ...], by: tuple[Dimension, ...],
        grain: str | None, totals: bool, intervals: bool, limit: int | None,
    ) -> Result:  # fmt: skip
        build = opened.about
        cut_at = build.now_at if build.now_local_at < dt.datetime.combine(selection.end_day, dt.time()) else None
        then_at = _earlier(build, selection.shift_days) if cut_at else None
        queries: list[Query] = []
        answers: list[pl.DataFrame] = []
        for period, cut, shift in ((selection, None, 0), *(((before, then_at, selection.shift_days),) if before else ())):
            parts = []
            for fact in dict.fromkeys(metric.fact for metric in metrics):
                mine = [metric for metric in metrics if metric.fact == fact]
                query = compile_query(mine, by, grain, period, cut_at=cut, totals=totals, intervals=intervals, reference_end=selection.end_day, shift_days=shift)
                queries.append(query)
                parts.append(_run(opened, query))
            split = queries[-1].keys
            keys = [*split, *(("is_total",) if totals and split else ())]
            answers.append(frames.finished(frames.joined(parts, keys), metrics, split, period, build.now_local_at - dt.timedelta(days=shift), grain, shift, clock.seams(build.zone_name)))
        frame, hidden = suppress(frames.whole(answers, metrics, keys, split), split, by, metrics, self.settings.small_cell)
        if limit is not None and keys:
            frame = frames.largest(frame, metrics[0], limit)
        return Result(
            frame, metrics, by, grain, selection, before, opened.build_id, build.now_at, build.now_local_at, tuple(query.sql for query in queries),
            tuple(query.params for query in queries), cut_at, totals, hidden,
            {metric.code: missing for metric in metrics if (missing := unanswered(FACTS[metric.fact], selection))},
        )  # fmt: skip

    def ahead(self, *questions: Callable[[], object]) -> None:
        """Begin to answer questions a page is about to ask, two at a time, while it draws; asked again they are found, or waited for.

        Most questions of a quarter are too small for DuckDB to share between cores, but two of them run side by side.
        An error is not raised here: the page meets it when it asks.
        """
        for question in questions:
            self._pool.submit(_quietly, question)

    def rows(
        self, detail: str, selection: Selection | None = None, *, narrow: Mapping[str, object] | None = None, metric: str | None = None,
        grain: str | None = None, period: object = None, limit: int | None = None, build_id: str | None = None, **params: object,
    ) -> pl.DataFrame:  # fmt: skip
        """Return the rows behind a figure: those of the selection, narrowed to dimension values, a metric's own rows, one step of time.

        `params` are the detail's own (`visit_id=...`). See `dashboard.details.DETAILS` for the names and columns.
        """
        opened = self._builds.opened(build_id)
        asked = _named((detail,), DETAILS, "detail")[0]
        sql, values = compile_detail(asked, selection, self.port_code, narrow=narrow, metric=metric, grain=grain, period=period, limit=limit, params=params)
        key = ("rows", opened.build_id, sql, repr(sorted(values.items())))
        return self._cached(key, lambda: opened.frame(sql, values, (opened.about.now_day - RECENT, opened.about.now_day) if asked.is_recent else _days(values)))

    def table(self, name: str) -> pl.DataFrame:
        """Return one small table whole: dim_*, meta_*, dq_files."""
        if name not in TABLES:
            raise DeclarationError("table", f"'{name}' is not known", ", ".join(sorted(TABLES)))
        opened = self._builds.opened()
        return self._cached(("table", opened.build_id, name), lambda: opened.frame(f"SELECT * FROM {name}"))

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

    def opened(self, build_id: str | None = None) -> Opened:
        """The open build itself, for exports: columns of a query, and files that DuckDB writes."""
        return self._builds.opened(build_id)

    def made(self, key: tuple, make: Callable[[Opened], Any], build_id: str | None = None) -> Any:
        """Return what `make` makes of the open build, made once per key and build. For answers that are no one query, such as the pilot's evidence.

        The key must hold everything the answer depends on besides the build. What tells its size as `nbytes` is weighed by it.
        """
        opened = self._builds.opened(build_id)
        return self._cached(("made", opened.build_id, *key), lambda: make(opened))

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


def _named(names: Sequence[str], registry: Mapping[str, Any], what: str) -> tuple:
    missing = [name for name in names if name not in registry]
    if missing:
        raise DeclarationError(what, f"'{missing[0]}' is not known", ", ".join(registry))
    return tuple(registry[name] for name in names)


def _size(made: Any) -> int:
    frame = made.frame if isinstance(made, Result) else made
    return int(frame.estimated_size() if isinstance(frame, pl.DataFrame) else getattr(made, "nbytes", 0)) + 4096


def _quietly(question: Callable[[], object]) -> None:
    with contextlib.suppress(Exception):  # whatever it is, the page asks again and meets it
        question()


def _days(params: Mapping[str, object], before: int = 31, after: int = 2) -> tuple[dt.date, dt.date] | None:
    """The days a query of these parameters can touch, with the room row lists look around their period (incidents: 30 days)."""
    days = [params[name] for name in ("first_day", "end_day") if name in params]
    return (min(days) - dt.timedelta(days=before), max(days) + dt.timedelta(days=after)) if len(days) == 2 else None


def _run(opened: Opened, query: Query) -> pl.DataFrame:
    """Run one question over the months it can touch only, with free-flow values made once a build and window."""
    sql, params = query.run, query.params
    for name in query.needs:
        used = {key: value for key, value in params.items() if f"${key}" in REFERENCES[name][0]}
        table = opened.once(f"{name}_{params['reference_end_day']:%Y%m%d}", REFERENCES[name][0], used, (params["reference_first_day"], params["reference_end_day"]))
        sql = sql.replace(REFERENCES[name][0], f"SELECT * FROM {table}", 1)
    used = {name: value for name, value in params.items() if f"${name}" in sql}
    return frames.ranked(query, opened.frame(sql, used, _days(params, 4)))


def _earlier(build: Build, days: int) -> dt.datetime:
    """The UTC instant at the same local wall time `days` earlier."""
    local = pl.Series([build.now_local_at - dt.timedelta(days=days)], dtype=pl.Datetime("us"))
    return clock.to_utc(local, build.zone_name)[0][0]


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
        port = port_code or _shown_port(settings)
        return _stores.setdefault((str(settings.build), port), Store(settings, port))


def _shown_port(settings: Settings) -> str:
    """The only published port; among several, the site's own."""
    published = sorted(path.parent.name for path in settings.build.glob("*/current.json"))
    if len(published) > 1 and (own := load_site(settings.site).port_code) in published:
        return own
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

"""The only door to the build and the only cache: questions in, answers out. No Streamlit, no words, no drawing; dashboard/builds.py holds the connections.

    store.use(settings)                                             # once, by app.py; else the environment's settings are taken
    r = store.ask(sel, ["visits", "turnaround_p50"], by=["terminal"], compare=True, intervals=True)
    r.frame                                                         # terminal, visits, visits__n, turnaround_p50, ..., turnaround_p50__before
    store.ask(sel, ["turnaround_p90"], grain="day").frame           # period, turnaround_p90, turnaround_p90__n
    store.ask(sel, ["turnaround_p50"]).cell("turnaround_p50").value # one figure
    store.ask_spans(["visits"], Span(sel), Span(sel, "week"))       # a figure and its curve from one pass
    store.rows("visits", sel, narrow={"terminal": "TCE"}, metric="over_120_share", limit=200)   # the visits behind a figure
    store.rows("visit_events", visit_id="3f9a...")                  # every log line of one visit
    store.table("dim_zones"); store.names("terminal", "fr"); store.build().now_local_at
    store.ahead(lambda: ..., lambda: ...)                           # begin to answer what a page is about to ask
A load in another process publishes a new build; the next question here is answered from it. Thread-safe: a cursor per query.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from dashboard.access import asking, find, scope
from dashboard.access.viewer import AccessError, Viewer
from dashboard.answers import Question, answer, answer_spans, days_of
from dashboard.builds import Build, Builds, Opened, Part
from dashboard.details import DETAILS, compile_detail
from dashboard.metrics import DIMENSIONS, FACTS, METRICS, Result, cargo
from dashboard.selection import Selection
from etl.contracts.facts import FACT_TABLES, LEDGER_TABLES
from etl.contracts.reference import REFERENCE_TABLES, load_site
from etl.errors import BuildError, DeclarationError
from etl.settings import Settings, load_ports
from etl.warehouse import current_build_id, read_ledger, read_pointer

CACHE_BYTES = 256 * 2**20
RECENT = dt.timedelta(days=14)
AHEAD_THREADS = 2  # questions answered side by side while a page draws
CLOSED = frozenset({FACTS[metric.fact].table for metric in METRICS.values() if metric.privacy == "cargo"})
SMALL = frozenset(table.name for table in REFERENCE_TABLES) | {"meta_freshness", "meta_builds"}
TABLES = frozenset(table.name for table in (*FACT_TABLES, *LEDGER_TABLES, *REFERENCE_TABLES))


@dataclass(frozen=True)
class Span:
    """One of several questions about the same rows: its days, the grain, and what stands beside its figures (Store.ask).

    `every`: with grain day, only each so many days, counted back from the last; 7 is the same weekday.
    """

    selection: Selection
    grain: str | None = None
    compare: bool = False
    intervals: bool = False
    every: int = 1


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
        return self._whole(build_id).about

    def viewer(self) -> Viewer:
        """Who asks right now, with what he has at this port. Raises AccessError for one to whom it is not open."""
        return asking.current().at(self.port_code)

    def _whole(self, build_id: str | None = None) -> Opened:
        """The open build with every row of it, for whoever may see anything of this port: what he sees of it is the caller's to narrow."""
        self.viewer()
        return self._builds.opened(build_id)

    def ease(self) -> None:
        """Give back memory nobody needs just now (dashboard.store.ease): what DuckDB has read before, and answers of builds that are no longer open."""
        held = self._builds.ease()
        with self._lock:
            for key in [key for key in self._cache if key[1] not in held]:
                self._cached_bytes -= _size(self._cache.pop(key))

    # ------------------------------------------------------------------ questions
    def ask(
        self, selection: Selection, metrics: Sequence[str], by: Sequence[str] = (), grain: str | None = None, viewer: Viewer | None = None, *,
        compare: bool = False, totals: bool = False, intervals: bool = False, limit: int | None = None, build_id: str | None = None,
    ) -> Result:  # fmt: skip
        """Return the metrics over the selection, split by dimensions and by a time grain (hour, day, week, month).

        compare    add the like-for-like comparison period (if the selection has one that lies wholly within the data), aligned to this one
        totals     add one row over everything, marked `is_total`, recomputed from the rows and never from the groups
        intervals  add order-statistic limits to percentiles (a sort per group: ask for it where they are shown); shares always have Wilson's
        limit      keep only the groups with the largest first metric
        viewer     who asks, if not who is asking right now (dashboard/access), with what he has at this port: one of some terminals is answered of these, and of the whole port where
                   nothing is filtered or split. Small cells about persons and firms are hidden from everyone
        Raises DeclarationError for an unknown name or a split a fact cannot give, BuildError without a build, AccessError for what is not open to the viewer.
        """
        opened, viewer = self._builds.opened(build_id), (viewer or asking.current()).at(self.port_code)
        question = Question(selection, _named(metrics, METRICS, "metric"), (_named(by, DIMENSIONS, "dimension"),), grain, compare, totals, intervals, limit, since=opened.about.first_day)
        return self._answered(opened, question, viewer)[0]

    def ask_each(
        self, selection: Selection, metrics: Sequence[str], splits: Sequence[Sequence[str]], *, compare: bool = False, intervals: bool = False, build_id: str | None = None,
    ) -> tuple[Result, ...]:  # fmt: skip
        """Return what `ask` gives for each split, from one pass over the rows: four splits of a quarter's medians cost a third of four questions.

        Counts and percentiles of one fact only. Raises DeclarationError for other metrics, and as `ask` does.
        """
        opened = self._whole(build_id)
        question = Question(selection, _named(metrics, METRICS, "metric"), tuple(_named(by, DIMENSIONS, "dimension") for by in splits), compare=compare, intervals=intervals, since=opened.about.first_day)
        viewer = self.viewer()
        if viewer.terminals is not None:  # each is judged by itself
            return tuple(self._answered(opened, replace(question, splits=(by,)), viewer)[0] for by in question.splits)
        return self._answered(opened, question, viewer)

    def ask_spans(self, metrics: Sequence[str], *spans: Span, build_id: str | None = None) -> tuple[Result, ...]:
        """Return what `ask` gives for each span, from one pass by day over the rows of all of them: figures of a period, their curve and the weeks
        a day is judged by cost little more than one of the three.

        Spans share filters and view. Raises DeclarationError for metrics that days do not add up to, hours, and as `ask` does.
        """
        opened = self._whole(build_id)
        named, since = _named(metrics, METRICS, "metric"), opened.about.first_day
        questions = tuple(Question(span.selection, named, grain=span.grain, compare=span.compare, intervals=span.intervals, since=since, every=span.every) for span in spans)
        if (viewer := self.viewer()).terminals is not None:
            return tuple(self._answered(opened, question, viewer)[0] for question in questions)
        return self._cached(("spans", opened.build_id, tuple(question.key for question in questions)), lambda: answer_spans(opened, questions, self.settings.small_cell))

    def ahead(self, *questions: Callable[[], object]) -> None:
        """Begin to answer questions a page is about to ask, two at a time, while it draws; asked again they are found, or waited for.

        Most questions of a quarter are too small for DuckDB to share between cores, but two of them run side by side. What the page has begun to answer itself
        is left to it: a thread that waited for it would answer nothing else.
        An error is not raised here: the page meets it when it asks.
        """
        who = asking.held()
        for question in questions:
            self._pool.submit(_quietly, question, who)

    def begins(self, result: Result) -> dt.date | None:
        """Return the first local day on which every log behind a result's figures had begun, None where one has nothing."""
        opened, facts = self._whole(result.build_id), (FACTS[metric.fact] for metric in result.metrics)
        days = [opened.first(fact.table, "entry_day" if fact.table == "fct_visits" else fact.day) for fact in facts if fact.table.startswith("fct_")]
        return None if None in days else max(days, default=None)

    def rows(
        self, detail: str, selection: Selection | None = None, *, narrow: Mapping[str, object] | None = None, metric: str | None = None,
        grain: str | None = None, period: object = None, limit: int | None = None, build_id: str | None = None, **params: object,
    ) -> pl.DataFrame:  # fmt: skip
        """Return the rows behind a figure: those of the selection, narrowed to dimension values, a metric's own rows, one step of time.

        `params` are the detail's own (`visit_id=...`). See `dashboard.details.DETAILS` for the names and columns.
        """
        opened, viewer = self.opened(build_id), self.viewer()
        sql, values, days = self.row_query(detail, selection, narrow=narrow, metric=metric, grain=grain, period=period, limit=limit, build_id=opened.build_id, **params)
        return self._cached(("rows", opened.build_id, viewer.terminals, sql, repr(sorted(values.items()))), lambda: opened.frame(sql, values, days))

    def of_now(self, detail: str, selection: Selection | None = None) -> pl.DataFrame:
        """Return rows that hang on the build alone, whatever a reader chose: trucks inside now, the last incident. Read once a build.

        `selection` may only be days counted back from the build's own now, without filters.
        """
        opened, key = self.opened(), (detail, selection)
        if key not in opened.lasting:
            opened.lasting[key] = self.rows(detail, selection, build_id=opened.build_id)
        return opened.lasting[key]

    def row_query(
        self, detail: str, selection: Selection | None = None, *, narrow: Mapping[str, object] | None = None, metric: str | None = None,
        grain: str | None = None, period: object = None, limit: int | None = None, build_id: str | None = None, **params: object,
    ) -> tuple[str, dict[str, object], tuple[dt.date, dt.date] | None]:  # fmt: skip
        """Return SQL, parameters and the days a row list can touch: the one way to its rows, for `rows` and for exports, which stream them.

        It is run on `opened()`, which holds no other rows than the viewer's. Raises AccessError for a list or a terminal that is not open to him.
        """
        asked, viewer = _named((detail,), DETAILS, "detail")[0], self.viewer()
        if detail == "rejects":
            viewer.must("rejects")
        if viewer.terminals is not None:
            if detail in scope.CLOSED_LISTS:
                raise AccessError("scope_list", **viewer.said())
            for terminal in (*(selection.terminal if selection else ()), *((narrow or {})[name] for name in ("terminal",) if name in (narrow or {}))):
                scope.must_see(viewer, terminal)
        sql, values = compile_detail(asked, selection, self.port_code, narrow=narrow, metric=metric, grain=grain, period=period, limit=limit, params=params)
        now_day = self.build(build_id).now_day
        return sql, values, (now_day - RECENT, now_day) if asked.is_recent else days_of(values)

    def found(self, key: str) -> pl.DataFrame:
        """Return the visits of one truck or container by its pseudonym, the newest first, for who may search. Kept nowhere. Raises AccessError."""
        self.viewer().must("find")
        return self.opened().frame(find.SQL, {"port_code": self.port_code, "key": key})

    def table(self, name: str) -> pl.DataFrame:
        """Return one small table whole: dim_*, meta_*, dq_files. Never the one of US-bound boxes, whose rows are single boxes."""
        if name not in TABLES or name in CLOSED:
            raise DeclarationError("table", f"'{name}' is not handed out whole" if name in CLOSED else f"'{name}' is not known", ", ".join(sorted(TABLES - CLOSED)))
        opened, viewer = self.opened(), self.viewer()
        if name in SMALL:
            return opened.small(name)
        if name == "dq_rejects":
            viewer.must("rejects")
        return self._cached(("table", opened.build_id, viewer.terminals, name), lambda: opened.frame(f"SELECT * FROM {name}"))

    def names(self, dimension: str, lang: str) -> dict[str, str]:
        """Return code -> name in the reader's language of a dimension whose values the site names; empty for others (their words are code lists)."""
        reference = _named((dimension,), DIMENSIONS, "dimension")[0].reference
        if not reference:
            return {}
        frame = self.table(reference[0])
        local = f"name_{lang}" if f"name_{lang}" in frame.columns else "name_en"
        return {row[reference[1]]: row[local] or row["name_en"] or row[reference[1]] for row in frame.iter_rows(named=True)}

    def known(self) -> dict[str, tuple[str, ...]]:
        """Return the legal values of the filters the site names, in the order of its reference: for Selection.from_query and the filter bar.

        Gates and lanes that closed before the first day of the data are left out: nothing can lie behind them.
        """
        first_day = self.build().first_day
        gates, lanes = (self.table(name).filter(pl.col("valid_to").is_null() | (pl.col("valid_to") >= first_day)) for name in ("dim_gates", "dim_lanes"))
        gates = [row["gate_code"] for row in gates.iter_rows(named=True) if row["perimeter_code"] in (None, "port")]
        lanes = [row["lane_code"] for row in lanes.iter_rows(named=True) if row["gate_code"] in gates]
        mine = self.viewer().terminals
        return {"gate": tuple(dict.fromkeys(gates)), "lane": tuple(dict.fromkeys(lanes)), "terminal": tuple(code for code in self.terminals() if mine is None or code in mine)}

    def terminals(self) -> tuple[str, ...]:
        """Every terminal the site names, whoever asks."""
        return tuple(dict.fromkeys(self.table("dim_terminals")["terminal_code"]))

    def within(self, selection: Selection, *, is_split: bool = False) -> Selection:
        """Return what an answer that is no question of `ask` is of, for who asks: the selection, or the part of it that is his (access/scope.py).

        `is_split` says that it takes its rows apart. Raises AccessError for another terminal.
        """
        viewer = self.viewer()
        return selection if viewer.terminals is None else scope.settled(viewer, selection, self.terminals(), (DIMENSIONS["lane"],) if is_split else ())

    def opened(self, build_id: str | None = None) -> Opened:
        """The open build, for exports: columns of a query, and files that DuckDB writes. To a viewer of some terminals it is the part he sees."""
        opened, own = self._builds.opened(build_id), self.viewer().terminals
        return opened if own is None else self._part(opened, own)

    def _part(self, opened: Opened, own: tuple[str, ...]) -> Part:
        name = "seen_" + hashlib.sha256("\0".join(own).encode()).hexdigest()[:12]
        return self._cached(("part", opened.build_id, own), lambda: Part(opened, name, lambda table, every, main: scope.seen_rows(table, own, every, main)))

    def made(self, key: tuple, make: Callable[[Opened], Any], build_id: str | None = None) -> Any:
        """Return what `make` makes of the open build, made once per key and build. For answers that are no one query, such as the pilot's evidence.

        The key must hold everything the answer depends on besides the build. What tells its size as `nbytes` is weighed by it.
        """
        opened = self._whole(build_id)
        return self._cached(("made", opened.build_id, self.viewer().terminals, *key), lambda: make(opened))

    # ------------------------------------------------------------------ who asks
    def _answered(self, opened: Opened, question: Question, viewer: Viewer) -> tuple[Result, ...]:
        """Answer a question, for a viewer of some terminals by access/scope.py."""
        if viewer.terminals is None:
            return self._cached(("ask", opened.build_id, question.key), lambda: answer(opened, question, self.settings.small_cell))
        return self._cached(("ask", opened.build_id, viewer.terminals, question.key), lambda: self._answer_part(opened, question, viewer))

    def _answer_part(self, opened: Opened, question: Question, viewer: Viewer) -> tuple[Result, ...]:
        terminals, by, small_cell = self.terminals(), question.splits[0], self.settings.small_cell
        foreign = scope.others_of(viewer, terminals)
        if cargo.is_about(question.metrics) and small_cell > 1:  # told of the whole port, and closed by itself
            if len(foreign) == 1 and any(dimension.code == "terminal" for dimension in by):
                raise AccessError("scope_split", **viewer.said())
            (result,) = answer(opened, question, small_cell)
            return (replace(result, frame=scope.own_lines(result.frame, viewer, by, ())),)
        facts = tuple({metric.fact: FACTS[metric.fact] for metric in question.metrics}.values())
        settled = replace(question, selection=scope.settled(viewer, question.selection, terminals, by, facts))
        if not scope.is_whole(settled.selection):
            (result,) = answer(self._part(opened, viewer.terminals), settled, small_cell)
            places = opened.frame("SELECT place_code FROM dim_service_points WHERE list_contains($foreign, zone_code)", {"foreign": list(foreign)})["place_code"].to_list()
            return (replace(result, frame=scope.own_lines(result.frame, viewer, by, (*places, *foreign))),)
        (result,) = answer(opened, settled, small_cell)
        divided = [metric for metric in question.metrics if scope.divided((FACTS[metric.fact],))]
        if not divided:
            return (result,)
        others = [answer(opened, replace(settled, selection=replace(settled.selection, terminal=(code,)), metrics=tuple(divided), intervals=False, limit=None), 1)[0].frame for code in foreign]
        frame, hidden = scope.hide(result.frame, result.keys, divided, others)
        return (replace(result, frame=frame, suppressed_n=result.suppressed_n + hidden),)

    # ------------------------------------------------------------------ the cache
    def _cached(self, key: tuple, make: Any) -> Any:
        with self._lock:
            if key in self._cache:
                self._cache.move_to_end(key)
                return self._cache[key]
            mine = self._running.setdefault(key, threading.Lock())
        if not mine.acquire(blocking=not getattr(_thread, "is_ahead", False)):
            raise _Answering
        try:  # a second asker of the same question waits for the first one's answer
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
        finally:
            mine.release()


def _named(names: Sequence[str], registry: Mapping[str, Any], what: str) -> tuple:
    missing = [name for name in names if name not in registry]
    if missing:
        raise DeclarationError(what, f"'{missing[0]}' is not known", ", ".join(registry))
    return tuple(registry[name] for name in names)


def _size(made: Any) -> int:
    if isinstance(made, tuple):
        return sum(_size(each) for each in made)
    frame = made.frame if isinstance(made, Result) else made
    return int(frame.estimated_size() if isinstance(frame, pl.DataFrame) else getattr(made, "nbytes", 0)) + 4096


class _Answering(Exception):
    """Another thread is answering this question already."""


_thread = threading.local()  # .is_ahead: this thread answers ahead of pages


def _quietly(question: Callable[[], object], who: object) -> None:
    _thread.is_ahead = True
    with contextlib.suppress(Exception), asking.seen_by(who):  # whatever it is, the page asks again and meets it
        question()


# ---------------------------------------------------------------------- the process's own store
_stores: dict[tuple[str, str], Store] = {}
_settings: tuple[Settings, ...] = ()
_guard = threading.Lock()


def use(*settings: Settings | None) -> None:
    """Say which installation this process shows, by the settings of its port or ports; None goes back to the environment's."""
    global _settings
    with _guard:
        _settings = tuple(each for each in settings if each is not None)


def settings() -> Settings:
    """The installation this process shows: its home, and the site of its first port."""
    return _all()[0]


def _all() -> tuple[Settings, ...]:
    return _settings or load_ports()


def of(port_code: str | None = None) -> Store:
    """Return the process's store of a port (default: the only published port this reader sees, else the site's own). What is asked of it is judged there."""
    with _guard:
        found = _all()
        port = port_code or _shown_port(found)
        key = (str(found[0].build), port)
        if key not in _stores:
            _stores[key] = Store(_of_port(found, port), port)
        return _stores[key]


def own() -> Store:
    """The store of the port whose site this process was given (the first of several), whatever else is published."""
    return of(load_site(settings().site).port_code)


def ease() -> None:
    """Give back memory that answers took and nobody needs just now; for the server to call now and then."""
    with _guard:
        every = list(_stores.values())
    for own in every:
        own.ease()


def ports() -> list[str]:
    """Return the codes of the published ports that are open to this reader: what an address may ask for."""
    return _seen(settings())


@lru_cache(maxsize=64)
def _of_port(found: tuple[Settings, ...], port_code: str) -> Settings:
    """The settings with a port's own site; the first ones where no site is of it."""
    return next((each for each in found if load_site(each.site).port_code == port_code), found[0]) if len(found) > 1 else found[0]


def port_names(lang: str) -> dict[str, str]:
    """Return the names of the published ports by code, without opening their builds: a page that lists them asks about one."""
    root = settings().build
    return {code: _port_name(root, code, current_build_id(root, code), lang) for code in ports()}


@lru_cache(maxsize=256)
def _port_name(root: Path, code: str, _build_id: str | None, lang: str) -> str:
    try:
        about = read_ledger(root, read_pointer(root, code), ["meta_builds"])["meta_builds"].row(0, named=True)
    except BuildError:
        return code  # its own page says what is wrong with it
    return about.get(f"port_name_{lang}") or about["port_name"]


def _published(settings: Settings) -> list[str]:
    return sorted(path.parent.name for path in settings.build.glob("*/current.json"))


def _seen(settings: Settings) -> list[str]:
    viewer = asking.current()
    return [code for code in _published(settings) if viewer.sees(code)]


def _shown_port(found: tuple[Settings, ...]) -> str:
    """The only port that is published and seen; among several, the site's own."""
    if not (published := _published(found[0])):
        raise BuildError(str(found[0].build), "no build is published", "", "Run `smartport load INBOX` first")
    seen = published if len(published) == 1 else _seen(found[0]) or published
    return own if len(seen) > 1 and (own := load_site(found[0].site).port_code) in seen else seen[0]


def ask(selection: Selection, metrics: Sequence[str], by: Sequence[str] = (), grain: str | None = None, viewer: Viewer | None = None, **how: Any) -> Result:
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

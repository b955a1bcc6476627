"""The new logs of the sample, loaded as a port would load them: facts equal the truth, and nothing published names a box or what made it a risk."""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import importlib
import io
import re
import shutil
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import polars as pl
import pytest
from starlette.applications import Starlette
from streamlit.testing.v1 import AppTest

from dashboard import exports, store
from dashboard.details import DETAILS
from dashboard.exports import files
from dashboard.exports.route import ROUTES
from dashboard.metrics import DIMENSIONS, FACTS, METRICS
from dashboard.screens import PAGES, Page
from dashboard.selection import Selection
from dashboard.widgets import download
from etl import cli, pipeline, warehouse
from etl.lake import Lake
from etl.settings import SAMPLE_SITE, Settings
from sample_data.simulator.boxes import CRITERIA

ROOT = Path(__file__).resolve().parents[2]
# Every page that has parts, asked of the pages themselves: a part nobody opens is not searched.
_PARTS = {page.code: found for page in PAGES if (found := getattr(importlib.import_module(f"dashboard.screens.{page.path.stem}"), "PARTS", None))}


@pytest.fixture(scope="module")
def loaded(port: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The sample and one truck of October: figures about US-bound boxes are of months and quarters that are over, and September shall be one."""
    settings, later = Settings(home=tmp_path_factory.mktemp("boxes"), site=SAMPLE_SITE), tmp_path_factory.mktemp("later")
    head, first, *_ = (port / "inbox" / "gate_port_2026-09-21.csv").read_text("utf-8-sig").splitlines()
    (later / "gate_port_2026-10-02.csv").write_text("\n".join((head, first.replace("21/09/2026", "02/10/2026"), "")), "utf-8-sig")
    assert pipeline.load(settings, port / "inbox").refused == pipeline.load(settings, later).refused == ()
    return settings


def _facts(settings: Settings, sql: str) -> pl.DataFrame:
    build = warehouse.open_build(settings.build, "MACAS")
    try:
        return build.connection.cursor().sql(sql).pl()
    finally:
        build.connection.close()


def _truth(port: Path, name: str) -> pl.DataFrame:
    return pl.read_parquet(port / "truth" / f"{name}.parquet")


def _same(found: pl.DataFrame, true: pl.DataFrame) -> None:
    columns = true.columns
    assert found.select(columns).cast(dict(true.schema)).sort(columns, nulls_last=True).equals(true.sort(columns, nulls_last=True), null_equal=True)


def test_filings_are_what_was_filed(port: Path, loaded: Settings):
    true = _truth(port, "filings").drop("visit_no").with_columns(
        lead_min=(pl.col("loading_at") - pl.col("filed_at")).dt.total_microseconds() / 6e7, hold_min=(pl.col("resolved_at") - pl.col("referred_at")).dt.total_microseconds() / 6e7
    )
    assert true.height > 30 and true["hold_min"].count() > 2
    _same(_facts(loaded, "SELECT * FROM fct_manifests"), true)


def test_filings_are_linked_to_the_visits_that_brought_the_boxes(port: Path, loaded: Settings):
    """Of the boxes whose gate-in was logged, each within 3 days of its filing: the visit is the true one, by its entry."""
    true = _truth(port, "filings").join(_truth(port, "visits").select("visit_no", "entry_at", "is_missed_entry"), on="visit_no").filter(~pl.col("is_missed_entry"))
    true = true.filter((pl.col("entry_at") - pl.col("filed_at")).abs() <= pl.duration(days=3)).select("filed_at", "loading_at", "entry_at")
    found = _facts(loaded, "SELECT m.filed_at, m.loading_at, v.entry_at FROM fct_manifests AS m JOIN fct_visits AS v USING (visit_id)")
    assert found.height >= 30
    _same(found, true)


def test_messages_are_what_was_exchanged_and_marseille_fos_is_a_partner(port: Path, loaded: Settings):
    true = _truth(port, "messages").drop("visit_no").with_columns(
        latency_min=(pl.col("received_at") - pl.col("sent_at")).dt.total_microseconds() / 6e7,
        lead_min=(pl.col("needed_at") - pl.coalesce("received_at", "sent_at")).dt.total_microseconds() / 6e7,
    ).drop("needed_at")  # fmt: skip
    _same(_facts(loaded, "SELECT * FROM fct_messages"), true)
    named = _facts(loaded, "SELECT name_en FROM dim_partners WHERE partner_code IN (SELECT partner_code FROM fct_messages)")["name_en"].to_list()
    assert "Port of Marseille Fos (Ci5)" in named and len(named) == 4


def test_slots_offered_are_what_terminals_said_last(port: Path, loaded: Settings):
    """Of each slot the newest word; some were cut the day before. No slot was given more often than it had places."""
    said = _truth(port, "slots").sort("published_at")
    true = said.unique(["terminal_code", "slot_start_at"], keep="last")
    assert true.height > 300 and said.height > true.height
    _same(_facts(loaded, "SELECT terminal_code, slot_start_at, offered_n, published_at FROM fct_slots"), true)
    given = _facts(loaded, "SELECT count(*) AS given_n, any_value(offered_n) AS offered_n FROM fct_appointments JOIN fct_slots USING (terminal_code, slot_start_at) WHERE outcome_code NOT IN ('refused', 'cancelled') GROUP BY terminal_code, slot_start_at")
    assert given.height > 100 and (given["given_n"] <= given["offered_n"]).all()


def test_dwell_is_the_time_between_the_true_moves(port: Path, loaded: Settings):
    """Moves come by CSV and by CODECO; of local times that are not certain there is no dwell, so those are left out on both sides."""
    moves = _truth(port, "moves")
    keys = ["visit_no", "part"]
    begun = moves.filter(pl.col("move_code").is_in(["discharge", "gate_in"])).select(*keys, begun_at="moved_at", begins="move_code")
    ended = moves.filter(pl.col("move_code").is_in(["gate_out", "load"])).join(begun, on=keys)
    fits = ((pl.col("begins") == "discharge") & (pl.col("move_code") == "gate_out")) | ((pl.col("begins") == "gate_in") & (pl.col("move_code") == "load"))
    true = ended.filter(fits).select("terminal_code", "move_code", since_at="begun_at", moved_at="moved_at", dwell_min=(pl.col("moved_at") - pl.col("begun_at")).dt.total_microseconds() / 6e7)
    found = _facts(loaded, "SELECT terminal_code, move_code, since_at, moved_at, dwell_min FROM fct_container_moves WHERE dwell_min IS NOT NULL")
    doubtful = _facts(loaded, "SELECT f.file_name, d.source_line FROM dq_findings AS d JOIN dq_files AS f USING (file_id) WHERE finding_code = 'ambiguous_time' AND d.source_code = 'moves'").height
    lost = true.join(found, on=true.columns, how="anti")
    assert true.height > 500 and found.join(true, on=true.columns, how="anti").is_empty()
    assert lost.height <= doubtful <= 4


def _needles(port: Path) -> set[str]:
    """What no page, export or build may hold: the boxes filed, and what made them a risk."""
    raw = (port / "inbox" / "manifestes_us_2026-09-21.csv").read_text("utf-8")
    boxes = {line.split(";")[0] for line in raw.splitlines()[1:]} - {""}
    needles = boxes | {criterion for criterion in CRITERIA if criterion in raw} | {"SUSPECT"}
    assert len(boxes) > 30 and len(needles - boxes) > 1
    return needles


def test_nothing_published_names_a_box_or_a_criterion(port: Path, loaded: Settings):
    """Every table of the build, the lake and the reports, as text and as bytes; the raw file itself holds them, so the search is not in vain."""
    needles = _needles(port)
    build = warehouse.open_build(loaded.build, "MACAS")
    texts = [repr(build.connection.cursor().execute(f"SELECT * FROM {table.name}").fetchall()).encode() for table in warehouse.BUILD_TABLES]
    build.connection.close()
    lake = Lake(loaded.lake, "MACAS")
    texts += [repr(lake.rows(name).to_dict(as_series=False)).encode() for name in ("stg_manifests", "stg_moves", "dq_rejects")]
    texts += [path.read_bytes() for room in (loaded.build, loaded.lake) for path in room.rglob("*") if path.is_file()]
    assert not [needle for needle in needles for text in texts if needle.encode() in text]
    assert "container_key" not in _facts(loaded, "SELECT * FROM fct_manifests").columns


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_no_page_and_no_file_it_offers_names_a_box_or_a_criterion(page: Page, port: Path, loaded: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Every part of every page over the loaded sample: what it sends to the browser, and every file behind its buttons, fetched by its link as a browser would."""
    orders: list[exports.Order] = []

    def offered(_page: object, order: Callable[[str], exports.Order], _key: str, has_workbook: bool = False) -> None:
        orders.extend(order(dialect) for dialect in exports.DIALECTS)

    monkeypatch.setattr(download, "_buttons", offered)
    monkeypatch.setenv("SMARTPORT_HOME", str(loaded.home))
    store.use(loaded)
    texts: list[tuple[str, bytes]] = []
    try:
        build = store.build()
        for part in ("",) if page.act else _PARTS.get(page.code, ("",)):  # what is for some roles has no parts where nobody signs in
            app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
            app.query_params["from"], app.query_params["to"] = build.first_day.isoformat(), build.last_day.isoformat()
            if page.code == "visit":
                app.query_params["visit"] = store.rows("visits", Selection.preset(build.port_code, "28d", build.now_day))["visit_id"][0]
            if page.url:
                app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
            if part:
                app.query_params["part"] = part
            app.run()
            assert not app.exception, app.exception
            assert not part or app.session_state[f"{page.code}_part"] == part, "the page shows another part"
            texts += [(f"part {part}", each.proto.SerializeToString()) for each in app._tree if hasattr(each, "proto") and each.proto is not None]
            texts += [(f"table of {part}", each.value.to_csv().encode()) for each in app.dataframe]
        for order in orders:
            for form in ("csv", "zip", *(() if order.detail else ("xlsx",))):
                status, content = _fetched(exports.link(order, form=form))
                assert status == 200, (order.name, form, content)
                texts += [(f"{order.name}.{form}", text) for text in _unpacked(content, form)]
    finally:
        store.use(None)
    assert len(orders) >= {"security": 6, "exchange": 10, "clearance": 2, "flow": 4}.get(page.code, 0) and len(texts) > 10
    # The search reads what is sent: a name that may be shown is found.
    assert page.code not in ("security", "exchange") or {"csv", "zip", "xlsx"} <= {where.rpartition(".")[2] for where, text in texts if b"TC3" in text}
    needles = _needles(port)
    assert not [(where, needle) for where, text in texts for needle in needles if needle.encode() in text]


def _people(port: Path) -> set[str]:
    """What names trucks, badges, boxes, firms and declarants in the raw logs: some of each, as written."""
    gates, customs = (port / "inbox" / "gate_port_2026-09-18.csv").read_text("utf-8-sig", "replace"), gzip.decompress((port / "inbox" / "douane_2026-09-21.csv.gz").read_bytes()).decode("utf-8", "replace")
    kinds = [(gates, r"\b\d{3,5}-[A-Z]-\d{1,2}\b"), (gates, r"\bCH\d{6}\b"), (gates, r"TRANSPORTS ESSAI \d+"), (gates, r"\bSMPU\d{7}\b"), (customs, r"TRANSIT \d+"), (customs, r"\bSMPU\d{7}\b")]
    found = [sorted(set(re.findall(pattern, text)))[:30] for text, pattern in kinds]
    assert all(len(each) > 10 for each in found)
    return set(chain.from_iterable(found))


@pytest.mark.parametrize("splits", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_no_row_list_and_no_metric_names_a_box_a_truck_or_a_criterion(splits: bool, port: Path, loaded: Settings, tmp_path: Path):
    """Straight from the store's door, not through pages: every row list and every metric as CSV; with the slow tests every split it takes, and workbooks."""
    store.use(loaded)
    try:
        build = store.build()
        whole = Selection(build.port_code, build.first_day, build.last_day + dt.timedelta(days=1), comparison="none")
        params = {"visit_id": store.rows("visits", whole)["visit_id"][0], "step": "terminal", "top": 50}
        wanted = [(exports.of_rows(code, whole if detail.takes_selection else None, **{name: params[name] for name in detail.params}), files.write) for code, detail in DETAILS.items()]
        for fact in FACTS:
            mine = [code for code, metric in METRICS.items() if metric.fact == fact]
            dimensions = [[code] for code, dimension in DIMENSIONS.items() if fact in dimension.sql] if splits else []
            wanted += [(exports.of_result(store.ask(whole, mine, by=by), name=fact), write) for by in ([], *dimensions) if mine for write in (files.write, *((files.write_xlsx,) if splits and not by else ()))]
        texts = []
        for number, (order, write) in enumerate(wanted):
            (tmp_path / str(number)).mkdir()
            made = write(order, tmp_path / str(number))
            texts += [(order.name, text) for path in (made if isinstance(made, tuple) else (made,)) for text in _unpacked(path.read_bytes(), path.suffix[1:])]
    finally:
        store.use(None)
    assert len(wanted) > len(DETAILS) + (120 if splits else 15) and sum(b"TC3" in text for _, text in texts) > 5, "the search reads what is written"
    needles = [needle.encode() for needle in _needles(port) | _people(port)]
    assert not [(where, needle) for where, text in texts for needle in needles if needle in text]


def test_the_loader_says_no_box_and_no_criterion(port: Path, loaded: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture):
    """Loading, checking and listing rejects of the manifests, as a person sees them on the terminal and in logs; wrong lines among them."""
    inbox, home = tmp_path / "inbox", str(tmp_path / "home")
    inbox.mkdir()
    for name in ("manifestes_us_2026-09-21.csv", "gate_port_2026-09-18.csv"):
        shutil.copy(port / "inbox" / name, inbox)
    cli.main(["load", str(inbox), "--home", home, "--progress"])
    cli.main(["check", str(inbox / "manifestes_us_2026-09-21.csv"), "--home", home])
    for command in (["rejects"], ["rejects", "--csv"], ["status"], ["status", "--json"]):
        cli.main([*command, "--home", home])
    said = capfd.readouterr()
    text = said.out + said.err + caplog.text
    assert "manifestes_us_2026-09-21.csv" in text and "reject" in text
    assert not [needle for needle in _needles(port) | _people(port) if needle in text]


def _fetched(url: str) -> tuple[int, bytes]:
    """Ask the export route itself, as a server would; a loop of its own in a thread of its own, for Playwright's may run in this one."""
    app, sent = Starlette(routes=list(ROUTES)), []

    async def receive() -> dict:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": url, "raw_path": url.encode(), "query_string": b"", "headers": [], "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0", "spec_version": "2.4"}}
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, app(scope, receive, send)).result()
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def _unpacked(content: bytes, form: str) -> list[bytes]:
    if form in ("csv", "md"):
        return [content]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [archive.read(name) for name in archive.namelist()]

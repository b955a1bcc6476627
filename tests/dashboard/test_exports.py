"""An export is the page's own Result, or all rows behind it, byte for byte; links work once; nothing stays behind."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import os
import re
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import polars as pl
import pytest

from dashboard import exports, store
from dashboard.exports import links
from dashboard.exports.dialects import BOM, DIALECTS, file_sql
from dashboard.exports.route import ROUTES
from dashboard.selection import Selection
from etl.errors import DeclarationError

GOLDEN = Path(__file__).resolve().parents[1] / "golden"


def fetch(url: str) -> tuple[int, dict[str, str], bytes]:
    """Ask the route itself, as a server would; return status, headers and body."""
    from starlette.applications import Starlette

    app, sent = Starlette(routes=list(ROUTES)), []

    async def run() -> None:
        async def receive() -> dict:
            await asyncio.sleep(0.01)
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "GET", "path": url, "raw_path": url.encode(), "query_string": b"", "headers": [], "http_version": "1.1", "scheme": "http", "server": ("x", 80), "client": ("x", 1), "root_path": "", "asgi": {"version": "3.0", "spec_version": "2.4"}}
        await app(scope, receive, send)

    # A loop of its own in a thread of its own: Playwright's, of the browser tests, still runs in this one.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:])


def spelled(frame: pl.DataFrame, dialect: str) -> list[list[str]]:
    connection = duckdb.connect()
    connection.register("answer", frame)
    columns = [(row[0], row[1]) for row in connection.execute("DESCRIBE SELECT * FROM answer").fetchall()]
    sql = file_sql("SELECT * FROM answer", columns, DIALECTS[dialect], "Africa/Casablanca", (dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
    return [list(row) for row in connection.execute(sql).fetchall()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("=1+1", "'=1+1"), ("+cmd", "'+cmd"), ("-2+3", "'-2+3"), ("@SUM(A1)", "'@SUM(A1)"), ("\t=1", "'\t=1"), ("\r=1", "'\r=1"), ("=HYPERLINK(\"x\")", "'=HYPERLINK(\"x\")"), ("\uff1d1", "'\uff1d1"),
        ("-5.00", "-5.00"), ("-5,00", "-5,00"), ("+3", "+3"), ("-1.5e-3", "-1.5e-3"), ("a=b", "a=b"), ("6A", "6A"), ("", ""), ("-", "'-"),
    ],
)  # fmt: skip
def test_no_text_can_run_as_a_formula_and_numbers_stay_numbers(text: str, expected: str) -> None:
    assert spelled(pl.DataFrame({"x": [text]}), "comma") == [[expected]]


def test_numbers_dates_and_instants() -> None:
    frame = pl.DataFrame({
        "x": [-5.0, 1234567.891, 1e-7, float("nan"), None, -0.0], "n": [1, -2, 3, None, 5, 6], "on": [dt.date(2026, 9, 20)] * 6,
        "seen_at": [dt.datetime(2026, 9, 20, 0, 30), dt.datetime(2026, 9, 20, 1, 30), dt.datetime(2026, 3, 1, 12), None, dt.datetime(2026, 2, 1), dt.datetime(2027, 6, 1)],
        "seen_local_at": [dt.datetime(2026, 9, 20, 1, 30)] * 6, "period": [dt.datetime(2026, 9, 20, 9)] * 6, "yes": [True, False, None, True, True, True],
    }, schema_overrides={"seen_at": pl.Datetime("us"), "seen_local_at": pl.Datetime("us"), "period": pl.Datetime("us")})  # fmt: skip
    rows = spelled(frame, "semicolon")
    assert [row[0] for row in rows] == ["-5", "1234567,891", "0", None, None, "0"]
    assert spelled(frame, "comma")[1][0] == "1234567.891"
    assert [row[3] for row in rows] == ["2026-09-20T01:30:00+01:00", "2026-09-20T01:30:00+00:00", "2026-03-01T12:00:00+00:00", None, "2026-02-01T01:00:00+01:00", "2027-06-01T00:00:00+00:00"]
    assert rows[0][4] == "2026-09-20T09:00:00"
    assert len(rows[0]) == 6  # the local column whose instant is there too is left out


def test_the_file_holds_the_very_result_of_the_page(sel: Selection, tmp_path: Path) -> None:
    result = store.ask(sel, ["visits", "turnaround_p50", "over_120_share"], by=["terminal", "direction"], compare=True, totals=True, intervals=True)
    path, about = exports.write(exports.of_result(result, dialect="semicolon", lang="fr"), tmp_path)
    data = path.read_bytes()
    assert data.startswith(BOM)
    rows = list(csv.reader(io.StringIO(data.decode("utf-8-sig")), delimiter=";"))
    assert rows[0] == result.frame.columns
    assert len(rows) - 1 == result.frame.height
    for number, row in enumerate(result.frame.iter_rows()):
        for told, meant in zip(rows[number + 1], row, strict=True):
            if isinstance(meant, float):
                assert float(told.replace(",", ".")) == pytest.approx(meant, abs=1e-6)
            else:
                assert told == ("" if meant is None else str(meant).lower() if isinstance(meant, bool) else str(meant))
    text = about.read_text("utf-8")
    for part in (result.build_id, "Données de démonstration", "list_sort(list(turnaround_min)", result.selection.in_words("fr"), "`turnaround_p50`", str(result.cell("visits").n)):
        assert part in text


def test_a_table_a_page_worded_goes_by_the_same_writer(sel: Selection, tmp_path: Path) -> None:
    table = pl.DataFrame({"Durée, min": [61.25, -5.0], "Nom": ["=1+1", "ok"]})
    order = exports.of_table(table, "Constantes", port="MACAS", build_id=store.build().build_id, selection=sel, dialect="semicolon", lang="fr", name="constants")
    path, about = exports.write(order, tmp_path)
    assert path.read_bytes() == BOM + "Durée, min;Nom\n61,25;'=1+1\n-5;ok\n".encode()
    for part in ("# Constantes", "`Durée, min`", sel.in_words("fr"), order.build_id):
        assert part in about.read_text("utf-8")


def test_the_visits_behind_a_step_are_those_that_have_it(sel: Selection, tmp_path: Path) -> None:
    narrowed = replace(sel, terminal=("TCE",))
    ids = set(store.rows("steps", narrowed, narrow={"step": "scan"})["visit_id"])
    assert ids and set(store.rows("visits_by_step", narrowed, step="scan")["visit_id"]) == ids
    path, _ = exports.write(exports.of_rows("visits_by_step", narrowed, step="scan"), tmp_path)
    assert path.read_bytes().count(b"\n") - 1 == len(ids)


def test_months_written_one_after_the_other_are_the_whole_list(sel: Selection, tmp_path: Path) -> None:
    long = replace(sel, first_day=sel.end_day - dt.timedelta(days=75), period="custom", view="core")
    path, _ = exports.write(exports.of_rows("visits", long), tmp_path)
    rows = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig"))))
    assert [row["visit_id"] for row in rows] == store.rows("visits", long)["visit_id"].to_list()


def test_the_csv_is_the_committed_one(small, tmp_path: Path) -> None:
    frame = pl.DataFrame({"terminal": ["TCE", "=x", None], "visits": [10, 20, 0], "turnaround_p50": [61.25, -5.0, None], "entry_at": [dt.datetime(2026, 9, 19, 12), dt.datetime(2026, 9, 20, 1, 30), None], "label": ['a "b"; c, d', "é", "-5.00"]},
                         schema_overrides={"entry_at": pl.Datetime("us")})  # fmt: skip
    around = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    for code, dialect in DIALECTS.items():
        target = tmp_path / f"{code}.csv"
        options = exports.dialects.copy_options(dialect)
        opened = store.of().opened()
        columns = opened.columns("SELECT * FROM answer", {}, answer=frame)
        n = opened.copy(file_sql("SELECT * FROM answer", columns, dialect, "Africa/Casablanca", around), {}, str(target), options, answer=frame)
        assert n == 3
        golden = GOLDEN / f"export_{code}.csv"
        if os.environ.get("SMARTPORT_REWRITE_GOLDEN"):
            golden.write_bytes(target.read_bytes())
        assert target.read_bytes() == golden.read_bytes()


def test_rows_are_never_capped(sel: Selection, tmp_path: Path) -> None:
    path, _ = exports.write(exports.of_rows("steps", sel), tmp_path)
    assert path.read_bytes().count(b"\n") - 1 == store.ask(sel, ["step_visits"]).cell("step_visits").value
    path, about = exports.write(exports.of_rows("visits", sel, narrow={"terminal": "TCE"}, metric="over_120_share", lang="fr"), tmp_path)
    assert path.read_bytes().count(b"\n") - 1 == store.rows("visits", sel, narrow={"terminal": "TCE"}, metric="over_120_share").height
    assert "terminal = TCE" in about.read_text("utf-8")
    header = path.read_bytes().decode("utf-8-sig").splitlines()[0].split(",")
    assert "plate_key" not in header and "entry_at" in header and "entry_local_at" not in header


def test_a_link_works_once_and_leaves_nothing_behind(sel: Selection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    url = exports.link(exports.of_rows("visits", sel))
    assert re.fullmatch(r"/export/[\w-]{40,}/smartport_visits_[\d-]+_[\d-]+\.zip", url)
    status, headers, body = fetch(url)
    assert status == 200 and headers["content-disposition"].startswith('attachment; filename="smartport_visits_') and headers["cache-control"] == "no-store"
    assert int(headers["content-length"]) == len(body)
    archive = zipfile.ZipFile(io.BytesIO(body))
    assert [name.split(".")[-1] for name in archive.namelist()] == ["csv", "md"]
    assert archive.read(archive.namelist()[0]).startswith(BOM)
    assert list(tmp_path.iterdir()) == []
    assert fetch(url)[0] == 410
    assert fetch("/export/nothing/x.zip")[0] == 410


def test_the_forms_of_a_link(sel: Selection) -> None:
    order = exports.of_result(store.ask(sel, ["visits"], by=["hour"]), dialect="comma")
    assert fetch(exports.link(order, "csv"))[2].startswith(BOM + b"hour,visits,visits__n")
    assert fetch(exports.link(order, "about"))[2].startswith(b"# Export of figures")
    with pytest.raises(ValueError, match="none of csv, zip"):
        exports.link(order, "exe")


def test_links_grow_old_and_are_bounded(sel: Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    order = exports.of_rows("visits", sel)
    monkeypatch.setattr(links, "LIFE_SECONDS", -1)
    assert fetch(exports.link(order))[0] == 410
    monkeypatch.setattr(links, "LIFE_SECONDS", 900)
    monkeypatch.setattr(links, "MOST", 50)
    for _ in range(200):
        exports.link(order)
    assert len(links._orders) <= 50


def test_an_unknown_dialect_or_detail_is_refused(sel: Selection) -> None:
    with pytest.raises(DeclarationError, match="Known: comma, semicolon"):
        exports.of_rows("visits", sel, dialect="tab")
    with pytest.raises(DeclarationError, match="Known: visits"):
        exports.of_rows("drivers", sel)

"""An export is the page's own Result, or all rows behind it, byte for byte; links work once; nothing stays behind."""

from __future__ import annotations

import asyncio
import csv
import datetime as dt
import io
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import openpyxl
import polars as pl
import pyarrow.parquet as pq
import pytest

from dashboard import exports, store
from dashboard import format as fmt
from dashboard.__main__ import _FILTERS, main
from dashboard.details import DETAILS
from dashboard.exports import links, workbook
from dashboard.exports.dialects import BOM, DIALECTS, file_sql, instant
from dashboard.exports.route import ROUTES
from dashboard.metrics import DIMENSIONS, METRICS
from dashboard.selection import FILTERS, Selection
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


def test_the_standard_of_a_figure_is_named_in_the_reader_s_language() -> None:
    assert [line[4] for line in exports.about.meanings([METRICS["csi_24h_share"], METRICS["visits"]], "fr")] == ["Norme", "Règle américaine des 24 heures", ""]


def test_the_visits_behind_a_step_are_those_that_have_it(sel: Selection, tmp_path: Path) -> None:
    narrowed = replace(sel, terminal=("TCE",))
    ids = set(store.rows("steps", narrowed, narrow={"step": "scan"})["visit_id"])
    assert ids and set(store.rows("visits_by_step", narrowed, step="scan")["visit_id"]) == ids
    path, _ = exports.write(exports.of_rows("visits_by_step", narrowed, step="scan"), tmp_path)
    assert path.read_bytes().count(b"\n") - 1 == len(ids)


@pytest.mark.parametrize("detail", [name for name, each in DETAILS.items() if each.by_month and not each.params])
def test_months_written_one_after_the_other_are_the_whole_list(detail: str, sel: Selection, tmp_path: Path) -> None:
    long = replace(sel, first_day=sel.end_day - dt.timedelta(days=75), period="custom", view="core")
    path, _ = exports.write(exports.of_rows(detail, long), tmp_path)
    rows, meant = list(csv.DictReader(io.StringIO(path.read_text("utf-8-sig")))), store.rows(detail, long)
    first = meant.columns[0]
    assert [row[first] for row in rows] == meant[first].to_list() and (detail != "visits" or meant.height > 1000)


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


# ---------------------------------------------------------------------- the same figure in every file
def read_back(order: exports.Order, folder: Path) -> dict[str, pl.DataFrame]:
    """Write an order in every form and both main dialects, and read each file with a reader that is not ours: columns of numbers as numbers, texts as texts."""
    found = {}
    for dialect in ("comma", "semicolon"):
        path, _about = exports.write(replace(order, dialect=dialect), folder)
        texts = pl.read_csv(path.read_bytes(), separator=DIALECTS[dialect].separator, infer_schema=False)
        numbers = [name for name in texts.columns if name.partition("__")[0] in METRICS]
        found[dialect] = texts.with_columns(pl.col(numbers).str.replace(DIALECTS[dialect].decimal, ".", literal=True).cast(pl.Float64))
    sheet = openpyxl.load_workbook(exports.make(order, "xlsx", folder), read_only=True).worksheets[0].iter_rows(values_only=True)
    header = next(sheet)
    found["xlsx"] = pl.DataFrame(list(sheet), schema=list(header), orient="row", infer_schema_length=None)
    found["parquet"] = pl.read_parquet(exports.make(order, "parquet", folder))
    return found


def groups_of_metrics() -> list[tuple[list[str], list[str]]]:
    """Every metric, in as few questions as can hold them: (metrics, dimensions). Figures about cargo stand by themselves; each fact is also split by a dimension of its own."""
    open_, closed = ([code for code, metric in METRICS.items() if (metric.privacy == "cargo") is is_cargo] for is_cargo in (False, True))
    whole = [(open_, []), (closed, [])]
    splits = {"visits": "terminal", "exits": "direction", "steps": "step", "stays": "zone", "declarations": "channel", "stages": "stage", "weighings": "weighing", "checks": "authority", "inspections": "result",
              "appointments": "outcome", "messages": "partner", "moves": "move", "logbook": "logbook", "files": "source", "rejects": "reason", "findings": "finding", "source_days": "source"}  # fmt: skip
    return whole + [([code for code in open_ if METRICS[code].fact == fact], [by]) for fact, by in splits.items()]


def test_every_metric_is_the_same_figure_on_the_page_and_in_every_file(sel: Selection, tmp_path: Path) -> None:
    """One file holds many metrics. Over everything each is compared with what the store says when asked for that one alone, as a page asks; split, with the answer the page draws.

    A CSV and a workbook keep six decimals; a Parquet file keeps every bit, but two sums of doubles may differ in the last, by the order of threads.
    """
    seen, with_value = set(), set()
    for number, (codes, by) in enumerate(groups_of_metrics()):
        result = store.ask(sel, codes, by=by, totals=bool(by))
        folder = tmp_path / str(number)
        folder.mkdir()
        files = read_back(exports.of_result(result), folder)
        for code in codes:
            # Figures about cargo may be of other whole months, and hidden, in other company: there the answer as it was asked counts.
            meant = result.frame if by or METRICS[code].privacy == "cargo" else store.ask(sel, [code]).frame
            for form, file in files.items():
                assert file.columns == result.frame.columns
                assert file[f"{code}__n"].to_list() == meant[f"{code}__n"].to_list(), (form, code, by)
                for value, said in zip(file[code], meant[code], strict=True):
                    assert (value is None) == (said is None) and (value is None or value == pytest.approx(float(said), rel=1e-12, abs=0 if form == "parquet" else 6e-7)), (form, code, by)
                    with_value |= {code} if value is not None else set()
        seen |= set(codes)
    assert seen == set(METRICS)
    assert len(with_value) > 100  # the small build holds rows of most facts


# ---------------------------------------------------------------------- texts that would do harm
HOSTILE = (
    '=HYPERLINK("http://x.example","a")', "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(A1:A9)", "\t=1+1", "\r=1+1", " =1+1", "\uff1d1+1", "<script>alert(1)</script>", '<img src=x onerror="alert(1)">',
    "gnp.\u202etxe", "a\x00b\x1b[31mc", "x" * 10_000, 'a;b,c"d\ne', "\u2066\ufeff\u200b=1", "%00..\\..\\etc", "{{7*7}}",
)  # fmt: skip
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u206f\ufeff]")


@pytest.fixture
def hostile(small) -> exports.Order:
    frame = pl.DataFrame({"carrier": HOSTILE, "minutes": [-5.25] * len(HOSTILE), "visits": [-3] * len(HOSTILE)})
    order = exports.of_table(frame, "Hostile", port="MACAS", build_id=store.build().build_id, name="hostile")
    return replace(order, table=frame)  # as a row list has it: of_table already takes isolates out


@pytest.mark.parametrize("dialect", DIALECTS)
def test_hostile_names_come_through_a_csv_harmless(hostile: exports.Order, dialect: str, tmp_path: Path) -> None:
    path, _about = exports.write(replace(hostile, dialect=dialect), tmp_path)
    rows = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"), newline=""), delimiter=DIALECTS[dialect].separator))
    assert len(rows) == len(HOSTILE) + 1 and {len(row) for row in rows} == {3}
    for (name, minutes, visits), meant in zip(rows[1:], HOSTILE, strict=True):
        assert not re.match(r"\s*[=+\-@\t\r\uff1d]", name) and not HIDDEN.search(name)
        assert len(name) >= len(meant)
        assert (minutes, visits) == (f"-5{DIALECTS[dialect].decimal}25", "-3")
    assert rows[11][0] == "gnp.\\u202etxe" and rows[12][0] == "a\\u0000b\\u001b[31mc" and rows[13][0] == "x" * 10_000


def test_hostile_names_come_through_a_workbook_as_texts(hostile: exports.Order, tmp_path: Path) -> None:
    longest = hostile.table.vstack(pl.DataFrame({"carrier": ["é" * 40_000], "minutes": [1.0], "visits": [1]}))
    path = exports.make(replace(hostile, table=longest), "xlsx", tmp_path)
    page = openpyxl.load_workbook(path).worksheets[0]
    rows = list(page.iter_rows(min_row=2))
    assert len(rows) == len(HOSTILE) + 1
    for (name, minutes, visits), meant in zip(rows, HOSTILE, strict=False):
        assert name.data_type in ("s", "inlineStr") and not HIDDEN.search(name.value) and minutes.value == -5.25 and visits.value == -3
        assert name.quotePrefix or not re.match(r" *[=+\-@\t\r\uff1d]", meant), meant
    assert rows[12][0].value == "x" * 10_000
    assert rows[-1][0].value.endswith(" … [40000]") and len(rows[-1][0].value) < 32_767
    with zipfile.ZipFile(path) as book:
        assert "<f>" not in book.read("xl/worksheets/sheet1.xml").decode() and not [name for name in book.namelist() if "xternal" in name or "rels/sheet" in name]


def test_hostile_names_come_through_parquet_and_a_screen_harmless(hostile: exports.Order, tmp_path: Path) -> None:
    names = pl.read_parquet(exports.make(hostile, "parquet", tmp_path))
    assert names["carrier"].to_list() == [HIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text) for text in HOSTILE] and names["minutes"].to_list() == [-5.25] * len(HOSTILE)
    for text in HOSTILE:
        shown = fmt.name(text)
        assert not HIDDEN.search(shown) and "<" not in shown and len(shown) <= fmt.NAME_LETTERS


@pytest.mark.slow
def test_hostile_names_and_numbers_come_back_from_libreoffice(hostile: exports.Order, tmp_path: Path) -> None:
    """Our files, opened and saved by LibreOffice: no formula, no link, numbers are numbers; in a French office the semicolon dialect needs no settings of its own."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice (soffice) is not on this machine")

    def saved(path: Path, *how: str) -> list[tuple]:
        profile = f"-env:UserInstallation=file://{tmp_path}/profile"
        subprocess.run([office, profile, "--headless", *how, "--outdir", str(tmp_path / "out"), str(path)], check=True, capture_output=True, timeout=300)
        book = openpyxl.load_workbook(tmp_path / "out" / f"{path.stem}.xlsx")
        cells = [cell for page in book.worksheets[:1] for row in page.iter_rows() for cell in row]
        formulas.extend(cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink)
        return [tuple(cell.value for cell in row) for row in book.worksheets[0].iter_rows(min_row=2)]

    formulas: list[str] = []
    for dialect, language in (("comma", 1033), ("semicolon", 1036), ("semicolon_point", 1033)):
        folder = tmp_path / dialect
        folder.mkdir()
        path, _about = exports.write(replace(hostile, dialect=dialect), folder)
        # separator, quote, UTF-8, from line 1, no column formats, language of the numbers, quoted fields as text: off, as Excel opens a file; numbers detected: on; formulas evaluated: on
        rows = saved(path, "--convert-to", "xlsx", f"--infilter=CSV:{ord(DIALECTS[dialect].separator)},34,76,1,,{language},false,true,false,false,false,0,true")
        assert [row[1:] for row in rows] == [(-5.25, -3)] * len(HOSTILE), dialect
        assert [row[0] for row in rows][10] == "gnp.\\u202etxe" and rows[12][0] == "x" * 10_000
    again = saved(exports.make(hostile, "xlsx", tmp_path), "--convert-to", "xlsx")
    assert not formulas
    (tmp_path / "bare.csv").write_text("a,b\n=1+1,2\n")
    saved(tmp_path / "bare.csv", "--convert-to", "xlsx", "--infilter=CSV:44,34,76,1,,1033,false,true,false,false,false,0,true")
    assert formulas == ["=1+1"]  # opened so, a file without our guard does run
    assert [row[1:] for row in again] == [(-5.25, -3)] * len(HOSTILE) and again[0][0] == HOSTILE[0] and again[8][0] == HOSTILE[8]


# ---------------------------------------------------------------------- rows, typed
@pytest.mark.parametrize("detail", ["visits", "steps", "stays", "declarations"])
def test_rows_as_parquet_are_the_whole_list_typed_and_said(detail: str, sel: Selection, tmp_path: Path) -> None:
    long = replace(sel, first_day=sel.end_day - dt.timedelta(days=40), period="custom")
    path = exports.make(exports.of_rows(detail, long, lang="fr"), "parquet", tmp_path)
    meant, got = store.rows(detail, long), pl.read_parquet(path)
    instants = [name for name in meant.columns if name.endswith("_at") and not name.endswith("_local_at")]
    assert {got.schema[name] for name in instants} == {pl.Datetime("us", "UTC")}
    assert got.with_columns(pl.col(instants).dt.replace_time_zone(None)).equals(meant)
    schema = pq.read_schema(path)
    assert b"about" in schema.field(instants[0]).metadata
    assert store.build().build_id in pq.read_metadata(path).metadata[b"about"].decode() and "Données de démonstration" in pq.read_metadata(path).metadata[b"about"].decode()
    minutes = next(name for name in meant.columns if name.endswith("_min"))
    assert schema.field(minutes).metadata[b"unit"] == b"min" and schema.field(minutes).type == "double"


def test_a_workbook_of_rows_has_typed_cells_definitions_and_a_sheet_about_it(sel: Selection, tmp_path: Path) -> None:
    day = replace(sel, first_day=sel.last_day, period="custom")
    book = openpyxl.load_workbook(exports.make(exports.of_rows("visits", day, lang="fr"), "xlsx", tmp_path))
    rows, meanings, about = ([list(row) for row in page.iter_rows(values_only=True)] for page in book.worksheets)
    meant = store.rows("visits", day)
    assert rows[0] == meant.columns and len(rows) - 1 == meant.height
    first = dict(zip(rows[0], rows[1], strict=True))
    assert abs(first["entry_at"] - meant["entry_at"][0]) < dt.timedelta(milliseconds=1) and first["entry_day"] == dt.datetime.combine(meant["entry_day"][0], dt.time()) and first["is_excluded"] in (True, False)
    assert {line[0] for line in meanings} > {"turnaround_min", "entry_at"}
    said = "\n".join(str(cell) for line in about for cell in line if cell)
    for part in ("Données de démonstration - fictives", store.build().build_id, str(meant.height), day.in_words("fr"), "FROM fct_visits"):
        assert part in said


def test_more_rows_than_a_sheet_holds_are_refused_in_words(sel: Selection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    order, n = exports.of_rows("visits", sel), store.ask(sel, ["visits"]).cell("visits").value
    assert workbook.MOST_ROWS == 2**20 - 1 and exports.too_long(order, "xlsx") is None
    monkeypatch.setattr(workbook, "MOST_ROWS", n - 1)
    assert exports.too_long(order, "xlsx") == n and exports.too_long(order, "csv") is None
    with pytest.raises(DeclarationError, match=r"rows are more than the .* an Excel sheet holds.*Take the CSV"):
        exports.make(order, "xlsx", tmp_path)
    assert list(tmp_path.iterdir()) == []
    assert fetch(exports.link(order, "xlsx"))[0] == 410 and fetch(exports.link(order, "parquet"))[2].startswith(b"PAR1")


def test_offsets_west_of_greenwich() -> None:
    sql = instant("x", "America/New_York", (dt.date(2026, 1, 1), dt.date(2026, 12, 31)))
    rows = duckdb.sql(f"SELECT {sql} FROM (VALUES (TIMESTAMP '2026-07-01 12:00'), (TIMESTAMP '2026-01-01 12:00')) AS t(x)").fetchall()
    assert [row[0] for row in rows] == ["2026-07-01T08:00:00-04:00", "2026-01-01T07:00:00-05:00"]


# ---------------------------------------------------------------------- the command
def command(*arguments: str) -> int:
    return main(["export", *arguments])


def test_the_command_writes_data_and_nothing_else_on_standard_output(sel: Selection, capfdbinary, tmp_path: Path) -> None:
    assert command("visits", "turnaround_p50", "--by", "terminal", "--terminal", "TCE,SOM", "--out", "-") == 0
    out, err = capfdbinary.readouterr()
    rows = list(csv.DictReader(io.StringIO(out.decode("utf-8-sig"))))
    asked = store.ask(replace(sel, terminal=("SOM", "TCE")), ["turnaround_p50"], by=["terminal"])
    assert [row["terminal"] for row in rows] == ["SOM", "TCE"] and err == b""
    assert [float(row["turnaround_p50"]) for row in rows] == pytest.approx(asked.frame["turnaround_p50"].to_list(), abs=6e-7)
    assert command("--rows", "declarations", "--format", "parquet", "--out", str(tmp_path / "d.parquet")) == 0
    assert capfdbinary.readouterr().out.decode().split() == [str(tmp_path / "d.parquet")] and pl.read_parquet(tmp_path / "d.parquet").height == store.rows("declarations", sel).height
    assert command("visits", "--format", "zip", "--out", str(tmp_path / "new" / "folder")) == 0
    assert [path.suffix for path in (tmp_path / "new" / "folder").iterdir()] == [".zip"]
    assert command("csi_filings", "--from", str(sel.first_day), "--to", str(sel.last_day), "--out", "-") == 0
    whole = store.ask(sel, ["csi_filings"]).selection
    assert f"note: the figures are of {whole.first_day} to {whole.last_day}, not of {sel.first_day} to {sel.last_day}: about cargo".encode() in capfdbinary.readouterr().err
    assert command("--list") == 0
    listed = capfdbinary.readouterr().out.decode()
    assert all(f"\r\n{kind},{code}," in listed for kind, names in (("metric", METRICS), ("dimension", DIMENSIONS)) for code in names)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["turnaround_p5"], "export: metric: 'turnaround_p5' is not known (did you mean turnaround_p"), (["visits", "--by", "termnal"], "did you mean terminal?). `smartport export --list` prints all.\n"),
        (["visits", "--by", "zone"], "it cannot be split by 'zone'. Known: gate"), (["visits", "--lane", "6Q"], "export: --lane: '6Q' is not known. Known: "),
        (["visits", "--filter", "truck=1"], "export: filter: 'truck' is not known"), (["visits", "--from", "2026-13-01"], "is no period"), (["--rows", "drivers"], "export: row list: 'drivers' is not known"),
        ([], "give metric codes, or --rows LIST"), (["visits", "--lang", "xx"], "export: language: 'xx' is not known"), (["visits", "--out", "/proc/nowhere/x.csv"], "it cannot be written"),
    ],
)  # fmt: skip
def test_a_wrong_question_says_what_is_known_and_ends_with_2(arguments: list[str], said: str, small, capsys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert command(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("smartport: ") and said in err and len(err.splitlines()) == 1


def test_the_command_knows_every_filter_dialect_and_form(capsys) -> None:
    assert tuple(_FILTERS) == tuple(FILTERS)
    with pytest.raises(SystemExit):
        command("--help")
    said = capsys.readouterr().out
    assert all(name in said for name in (*DIALECTS, *FILTERS, *(form for form in exports.FORMS if form != "about"), "exit codes: 0 written", "2 the question"))


def test_a_workbook_in_arabic_begins_at_the_right(sel: Selection, tmp_path: Path) -> None:
    for lang, begins_right in (("ar", True), ("fr", False)):
        book = openpyxl.load_workbook(exports.make(exports.of_result(store.of().ask(sel, ["visits"]), lang=lang, name=lang), "xlsx", tmp_path))
        assert [bool(page.sheet_view.rightToLeft) for page in book.worksheets] == [begins_right] * len(book.worksheets)

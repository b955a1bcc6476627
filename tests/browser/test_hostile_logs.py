"""Script, markup, formulas and templates in every column of every log, through a running server: pages show them as text, files as text, and nothing of them ever runs."""

from __future__ import annotations

import csv
import importlib
import io
from urllib.parse import quote

import openpyxl
import pytest
from live_server import free_port, serving

from dashboard import exports, store
from dashboard import format as words
from dashboard.details import DETAILS
from dashboard.screens import PAGES
from dashboard.selection import Selection
from etl import pipeline, warehouse
from etl.settings import SAMPLE_SITE, Settings
from etl.sources import SOURCES, load_mappings
from tests.hostile_logs import FILE, HARMS, SUM, write

RUNS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula
TEXTS = ("declarations", "appointments", "logbook", "rejects", "files")  # lists of rows that hold texts of the logs
# What any of it would have become in a page: elements, attributes, addresses.
GREW = "document.querySelectorAll('img[src=\"x\"], [onerror], [onload], a[href^=\"javascript:\"], a[href*=\"evil.example\"]').length + [...document.scripts].filter(each => each.text.includes('harmed')).length"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Settings:
    folder = tmp_path_factory.mktemp("hostile")
    columns, read_by = write(folder / "inbox"), {mapping.name: mapping.source.name for mapping in load_mappings(SAMPLE_SITE / "mappings")}
    assert {read_by[name] for name in columns} == set(SOURCES)  # a source that is added later is attacked too
    settings = Settings(folder / "home", SAMPLE_SITE)
    report = pipeline.load(settings, folder / "inbox")
    assert len(report.refused) == 1 and report.rejected_n > 1000
    return settings


@pytest.fixture(scope="module")
def there(hostile, tmp_path_factory):
    port = free_port()
    with serving(hostile, port, tmp_path_factory.mktemp("hostile_log") / "server.log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def opened(chromium, there, settled):
    """Open a page and return it; whatever ran, grew or was only just refused by the content policy fails the test at its end."""
    context, ran = chromium.new_context(locale="en-GB", accept_downloads=True), []
    context.on("dialog", lambda dialog: (ran.append(f"dialog {dialog.message}"), dialog.dismiss()))
    context.on("console", lambda message: ran.append(message.text) if "Content Security Policy" in message.text else None)
    page = context.new_page()
    page.set_viewport_size({"width": 1440, "height": 900})

    def go(path: str):
        page.goto(there + path)
        settled(page)
        for grid in page.locator("[data-testid=stDataFrame]").all():  # drawn only where it is seen
            if grid.is_visible():
                grid.scroll_into_view_if_needed()
        harmed, grew, text = page.evaluate("window.harmed"), page.evaluate(GREW), page.evaluate("document.body.textContent")
        assert harmed is None and grew == 0 and SUM not in text, (path, harmed, grew)
        return page

    go.ran = ran
    yield go
    context.close()
    assert not ran, ran


def _saved(page, button: str) -> bytes:
    with page.expect_download(timeout=60_000) as download:
        page.locator(f".st-key-{button} button").first.click()
    return download.value.path().read_bytes()


@pytest.mark.slow
def test_pages_and_their_files_hold_what_logs_say_as_text(opened) -> None:
    page = opened("/quality?part=files&lang=en")
    rejected = _saved(page, "quality_lines_csv").decode("utf-8-sig")
    assert not [harm for name, harm in {**HARMS, "file": FILE}.items() if harm not in rejected.replace('""', '"') and name != "attribute"]  # a stray quote is no field's: such a line is masked whole
    _guarded(rejected)
    page = opened("/explore?m=declarations&by=office&lang=en")
    for harm in (harm for name, harm in HARMS.items() if name != "attribute"):  # the chart is drawn when it is seen
        page.wait_for_function("harm => document.body.textContent.includes(harm)", arg=words.name(harm))
    figures = _saved(page, "explore_csv").decode("utf-8-sig")
    assert f"'{HARMS['formula']}" in _guarded(figures)
    opened(f"/turnaround?drill=lane:{quote(HARMS['image'])}&lang=en")
    assert page.evaluate("harm => (document.body.insertAdjacentHTML('beforeend', harm), " + GREW + ")", HARMS["image"]) == 1  # had it been taken for markup, this test would know
    page.wait_for_timeout(200)
    assert len(opened.ran) == 1 and "Content Security Policy" in opened.ran.pop()


@pytest.mark.slow
@pytest.mark.parametrize("screen", PAGES, ids=lambda page: page.code)
def test_no_part_of_any_page_lets_a_log_run(screen, hostile, opened) -> None:
    parts = getattr(importlib.import_module(f"dashboard.screens.{screen.path.stem}"), "PARTS", None) or {"": ""}
    visit = warehouse.open_build(hostile.build, "MACAS").connection.execute("SELECT min(visit_id) FROM fct_visit_containers WHERE declaration_id IS NOT NULL").fetchone()[0]
    for part in parts:
        for lang in ("en", "ar"):
            opened(f"/{screen.url}?lang={lang}&part={part}" + (f"&visit={visit}" if screen.code == "visit" else ""))


@pytest.mark.parametrize("detail", [pytest.param(name, marks=() if name in TEXTS else pytest.mark.slow) for name, detail in DETAILS.items() if not detail.params])
def test_no_cell_of_a_list_is_a_formula(detail: str, hostile, tmp_path) -> None:
    """Every list of rows in both file forms a spreadsheet opens; those that hold texts of the logs hold the formula, as text."""
    store.use(hostile)
    try:
        order = exports.of_rows(detail, Selection.preset("MACAS", "90d", store.build().now_day) if DETAILS[detail].takes_selection else None)
        plain, book = (exports.make(order, form, tmp_path) for form in ("csv", "xlsx"))
        cells = _guarded(plain.read_text("utf-8-sig"))
        sheets = openpyxl.load_workbook(book)
        typed = [cell for sheet in sheets for row in sheet for cell in row if isinstance(cell.value, str)]
        assert not [cell.value for cell in typed if cell.data_type == "f" or cell.hyperlink]
        if detail in TEXTS[:3]:
            assert f"'{HARMS['formula']}" in cells and HARMS["formula"] in {cell.value.lstrip("'") for cell in typed}
    finally:
        store.use(None)


def _guarded(text: str) -> set[str]:
    """The cells of a CSV, of which none is a formula; a number may be negative."""
    cells = {cell for row in csv.reader(io.StringIO(text)) for cell in row}
    assert not [cell for cell in cells if cell.startswith(RUNS) and not _is_number(cell)]
    return cells


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True

"""The pages of the analyst and of the map in a real browser: congestion, pilot, data quality, definitions, one visit; paper, keyboard and a browser without WebGL."""

from __future__ import annotations

import io
import re

import polars as pl
import pytest

from dashboard import store
from dashboard.evidence.words import FORBIDDEN as WORDS_NEVER
from dashboard.selection import Selection

NO_WEBGL = """HTMLCanvasElement.prototype.getContext = new Proxy(HTMLCanvasElement.prototype.getContext, {
    apply: (call, canvas, args) => /webgl/.test(args[0]) ? null : Reflect.apply(call, canvas, args)
})"""


@pytest.fixture
def sel(home):
    store.use(home)
    yield Selection.preset("MACAS", "28d", store.build().now_day)
    store.use(None)


def _ink(png: bytes) -> int:
    """How many colours a picture has: a blank canvas has a handful."""
    from PIL import Image

    found = Image.open(io.BytesIO(png)).convert("RGB").resize((160, 90)).getcolors(160 * 90)
    return len(found)


def test_the_map_is_drawn_and_answers_a_second_hour(visit, settled) -> None:
    page = visit("/congestion?lang=fr", height=1400)
    canvas = page.locator('[data-testid="stDeckGlJsonChart"] canvas').first
    canvas.scroll_into_view_if_needed()
    canvas.wait_for()
    page.wait_for_timeout(1200)
    assert _ink(page.locator('[data-testid="stDeckGlJsonChart"]').first.screenshot()) > 40, "the map is blank"
    slider = page.get_by_role("slider").first
    before = page.inner_text('[data-testid="stMainBlockContainer"]')
    slider.focus()
    for _step in range(3):
        slider.press("ArrowRight")
    settled(page)
    page.wait_for_function("words => document.querySelector('[data-testid=stMainBlockContainer]').innerText !== words", arg=before)
    page.locator(".st-key-congestion_part").get_by_text("Heures de la semaine").click()
    page.wait_for_url(re.compile(r"part=hours"))
    page.locator(".st-key-congestion_heatmap .js-plotly-plot").first.wait_for()
    page.reload()
    page.locator(".st-key-congestion_heatmap .js-plotly-plot").first.wait_for()


def test_without_webgl_the_drawing_takes_the_maps_place(visit) -> None:
    page = visit("/congestion?lang=en", before=NO_WEBGL)
    page.locator("#no-webgl").wait_for(state="visible")
    page.wait_for_function("() => !document.querySelector('[data-testid=stDeckGlJsonChart]')", timeout=20_000)
    page.get_by_text("Queue before Gate 6").first.wait_for()


def test_the_pilot_page_keeps_its_part_in_the_address_and_claims_nothing_too_early(visit, settled, saved) -> None:
    """The small build has 36 days before the start: not yet measurable, and no minutes."""
    page = visit("/pilot?lang=fr")
    text = page.inner_text('[data-testid="stMainBlockContainer"]').lower()
    assert "pas encore mesurable" in text and not re.search(r"\d+ (min|minutes) de (moins|plus)", text)
    assert (said := WORDS_NEVER.search(text)) is None, f"the pilot page says '{said.group()}'"
    page.locator(".st-key-pilot_part").get_by_text("Avant et depuis, chiffres bruts").click()
    page.wait_for_url(re.compile(r"part=raw"))
    settled(page)
    page.reload()
    settled(page)
    assert "part=raw" in page.url and page.get_by_role("heading", name="Données brutes, avant et depuis").is_visible()
    got = saved(page, "pilot_raw_file")
    assert got.startswith(b"\xef\xbb\xbf")
    rows = pl.read_csv(io.BytesIO(got[3:]), separator=";", infer_schema=False)
    assert rows.filter(pl.col("arm").is_in(["pilot", "comparison"]) & pl.col("pilot_period").is_in(["before", "after"])).height == 4
    page.go_back()
    settled(page)
    page.get_by_test_id("verdict").wait_for()


def test_data_quality_adds_up_and_speaks_french_down_to_the_rejected_line(visit, settled, sel, saved) -> None:
    page = visit("/quality?lang=fr")
    text = page.get_by_test_id("answer").inner_text()
    files = store.of().rows("files").filter(pl.col("file_on").is_between(sel.first_day, sel.last_day))
    assert re.sub(r"\D", "", text.split("lignes")[0]) == str(files["read_n"].sum())
    page.locator(".st-key-quality_part").get_by_text("Fichier par fichier").click()
    page.locator(".st-key-quality_lines_csv button").first.wait_for()
    got = saved(page, "quality_lines")
    rejects = store.of().rows("rejects", sel)
    assert got.startswith(b"\xef\xbb\xbf") and pl.read_csv(io.BytesIO(got[3:]), separator=";", infer_schema=False, truncate_ragged_lines=True).height == rejects.height


def test_definitions_open_by_area_and_by_search(visit, settled) -> None:
    page = visit("/handbook?lang=fr")
    assert page.get_by_test_id("kpi-turnaround_p50").is_hidden()
    page.locator("details.area > summary").first.click()
    assert page.get_by_test_id("kpi-turnaround_p50").is_visible()
    search = page.get_by_role("textbox").first
    search.fill("METRIS")
    search.press("Enter")
    settled(page)
    page.get_by_test_id("kpi-queue_p50").wait_for()
    assert page.get_by_test_id("kpi-queue_p50").is_visible()


def test_one_visit_shows_its_way_and_its_lines(visit, sel) -> None:
    tracked = store.of().rows("visits", sel).filter(pl.col("is_tracked") & pl.col("turnaround_min").is_not_null()).sort("entry_local_at", descending=True)
    row = next(row for row in tracked.to_dicts() if store.of().rows("visit_track", visit_id=row["visit_id"]).height > 2)
    page = visit(f"/visit?lang=fr&visit={row['visit_id']}", height=2400)
    assert page.get_by_test_id("timeline").locator("li").count() >= 2
    page.locator('[data-testid="stDeckGlJsonChart"] canvas').first.wait_for()
    page.locator('[data-testid="stDataFrame"]').first.wait_for()


def test_an_empty_selection_says_so_and_leads_back(visit, settled) -> None:
    page = visit("/turnaround?lang=fr&from=2020-01-01&to=2020-01-03")
    assert "Aucune visite" in page.locator(".st-key-no_data").inner_text()
    page.locator(".st-key-no_data_reset button").click()
    page.get_by_test_id("bands").wait_for()


def test_the_menu_works_by_keyboard_alone(visit, settled) -> None:
    page = visit("/?lang=en")
    for _step in range(30):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement?.innerText?.trim()") == "Truck turnaround":
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "the focus cannot be seen"
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/turnaround"))
    settled(page)
    assert page.get_by_role("heading", name="Truck turnaround").is_visible()


_SMALLEST_PT = """() => {
  const drawn = [...document.querySelectorAll('[data-testid=stPlotlyChart] text')].filter(each => each.textContent.trim());
  return Math.min(...drawn.map(each => parseFloat(getComputedStyle(each).fontSize))) * getComputedStyle(document.querySelector('[data-testid=stMainBlockContainer]')).zoom * 0.75;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_paper_holds_the_whole_page(visit, scheme) -> None:
    page = visit("/turnaround?lang=fr", scheme=scheme)
    page.locator(".st-key-by_lane .js-plotly-plot").wait_for()
    page.emulate_media(media="print")
    assert page.get_by_test_id("sample-stamp").is_visible()
    assert page.locator(".st-key-filters").is_hidden() and page.locator(".st-key-menu-subjects").is_hidden()
    assert page.evaluate(_SMALLEST_PT) >= 7
    sheets = page.pdf(prefer_css_page_size=True).count(b"/Type /Page\n")
    assert 2 <= sheets <= 4, f"{sheets} sheets: a page cut after its first screen has one"


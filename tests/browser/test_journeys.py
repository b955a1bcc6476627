"""What a reader does: first visit, filter, reload, drill and back, language, CSV, on a desk and on a phone."""

from __future__ import annotations

import re

import polars as pl
import pytest

from dashboard import store
from dashboard.selection import Selection


@pytest.fixture
def sel(home):
    store.use(home)
    yield Selection.preset("MACAS", "28d", store.build().now_day)
    store.use(None)


def test_first_visit_answers_in_the_browsers_language(visit) -> None:
    page = visit("/", locale="fr-FR")
    assert page.get_by_test_id("answer").inner_text().startswith("La moitié des camions")
    assert "Données de démonstration - fictives" in page.get_by_test_id("sample-stamp").inner_text()
    assert page.evaluate("document.documentElement.lang") == "fr"
    assert page.evaluate("document.documentElement.dir") == "ltr"
    assert page.evaluate("document.fonts.check('16px \"IBM Plex Sans\"')")


def test_a_deep_link_is_a_first_visit_too(visit) -> None:
    page = visit("/turnaround?lang=en&d=7d&terminal=TCE")
    assert page.get_by_role("heading", name="Truck turnaround").is_visible()
    assert "East container terminal" in page.get_by_test_id("selection-words").inner_text()


def test_filter_goes_to_the_address_survives_reload_and_the_back_button(visit, settled) -> None:
    page = visit("/?lang=en")
    before = page.get_by_test_id("selection-words").inner_text()
    page.get_by_test_id("stMainBlockContainer").get_by_text("7 days", exact=True).click()
    page.wait_for_url(re.compile("d=7d"))
    settled(page)
    after = page.get_by_test_id("selection-words").inner_text()
    assert after != before
    page.reload()
    settled(page)
    assert page.get_by_test_id("selection-words").inner_text() == after
    page.go_back()
    page.wait_for_function("() => !location.search.includes('d=7d')")
    settled(page)
    page.wait_for_function("words => document.querySelector('[data-testid=selection-words]').innerText === words", arg=before)


def test_filters_stay_when_the_page_changes(visit, settled) -> None:
    page = visit("/?lang=en&d=90d&lane=6A")
    page.locator(".st-key-menu-subjects").get_by_text("Truck turnaround").click()
    page.wait_for_url(re.compile("/turnaround"))
    settled(page)
    assert "lane=6A" in page.url and "d=90d" in page.url and "lang=en" in page.url
    assert "Lane 6A" in page.get_by_test_id("selection-words").inner_text()


def test_language_switch_keeps_page_and_filters(visit, settled) -> None:
    page = visit("/turnaround?lang=en&d=7d")
    page.locator(".st-key-languages").get_by_role("button", name="FR").click()
    page.wait_for_url(re.compile("lang=fr"))
    settled(page)
    assert page.get_by_role("heading", name="Durée des visites").is_visible()
    assert "d=7d" in page.url
    page.wait_for_function("() => document.documentElement.lang === 'fr'")
    words = page.get_by_test_id("selection-words").inner_text()
    assert "Tout compris" in words
    page.get_by_test_id("stMainBlockContainer").get_by_text("28 jours", exact=True).click()
    page.wait_for_function("() => !location.search.includes('d=7d')")
    settled(page)
    assert "lang=fr" in page.url and page.get_by_test_id("answer" if "/?" in page.url else "bands").is_visible()


def test_drill_from_a_bar_to_a_visit_and_back(visit, settled) -> None:
    page = visit("/turnaround?lang=en", height=1400)
    chart = page.locator(".st-key-by_lane")
    chart.scroll_into_view_if_needed()
    chart.locator(".scatterlayer .points path").first.wait_for()
    chart.locator(".scatterlayer .trace").last.locator(".points path").first.click(force=True)
    page.wait_for_url(re.compile("drill=lane"))
    page.get_by_test_id("behind").wait_for()
    box = page.locator(".st-key-behind_list canvas").first.bounding_box()
    page.mouse.click(box["x"] + 18, box["y"] + 34 + 17)
    page.wait_for_url(re.compile(r"/visit\?.*visit="))
    settled(page)
    assert page.get_by_test_id("timeline").is_visible()
    assert page.get_by_role("heading", name=re.compile("^Truck [0-9A-F]{6}")).is_visible()
    page.go_back()
    page.wait_for_url(re.compile("/turnaround.*drill=lane"))  # Streamlit's switch_page leaves one step between; the list shows at once
    page.get_by_test_id("behind").wait_for()


def test_csv_is_what_the_page_shows_to_the_byte(visit, sel, home, tmp_path, saved) -> None:
    from dashboard import exports

    page = visit("/turnaround?lang=en")
    got = saved(page, "over_time")
    with page.expect_download():  # each link serves once; a second click makes a second one
        page.locator(".st-key-over_time_csv button").first.click()
    assert got.startswith(b"\xef\xbb\xbf")
    result = store.of().ask(sel, ["turnaround_p50", "turnaround_p90", "turnaround_p25", "turnaround_p75"], grain="day")
    wanted, _about = exports.write(exports.of_result(result, dialect="comma", lang="en", name="over_time"), tmp_path)
    assert got == wanted.read_bytes()
    assert pl.read_csv(wanted).height == 28


def test_an_illegal_address_is_noted_and_survived(visit) -> None:
    page = visit("/?lang=en&d=never&from=x&lane=%3Cscript%3E")
    assert "never" in " ".join(page.get_by_test_id("stAlert").all_inner_texts())
    assert page.get_by_test_id("answer").is_visible()

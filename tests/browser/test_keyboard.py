"""A reader without a pointer: from the skip link through filters, the visits behind a figure and their CSV, with Tab, arrows, Enter, Space and Escape only."""

from __future__ import annotations

import re

import polars as pl
import pytest

from dashboard import exports, store
from dashboard.selection import Selection

_FOCUS = """selector => {
  const at = document.activeElement, look = getComputedStyle(at), inGrid = !!at.closest('[data-testid=stDataFrame] canvas');
  return {there: at.matches(selector), seen: inGrid || look.outlineStyle !== 'none' || at.closest('.react-aria-ComboBox') !== null, name: at.outerHTML.slice(0, 160)};
}"""


@pytest.fixture
def walk(settled):
    """`walk(page, selector)`: press Tab until what has the focus matches; every stop on the way must be seen."""

    def to(page, selector: str, most: int = 40) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            at = page.evaluate(_FOCUS, selector)
            assert at["seen"], f"no visible focus on {at['name']}"
            if at["there"]:
                return
        pytest.fail(f"{most} times Tab did not reach {selector}")

    return to


def test_filters_drill_and_download_by_keyboard(visit, settled, walk, home, tmp_path) -> None:
    page = visit("/turnaround?lang=fr", locale="fr-FR")
    key = page.keyboard.press
    key("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement, '::after').content") == '"Aller au contenu"'
    key("Enter")
    walk(page, ".st-key-f_period button", most=1)  # past 17 links of the head
    key("ArrowRight"), key("ArrowRight"), key("Space")
    page.wait_for_url(re.compile("d=90d"))
    settled(page)

    walk(page, ".st-key-filters_more button", most=2)
    key("Enter")
    page.locator(".st-key-f_gate input").wait_for()
    walk(page, ".st-key-f_gate input", most=2)
    key("ArrowUp")  # the last gate, the one that is open
    page.locator("[role=option]").first.wait_for()
    key("Enter")
    page.wait_for_url(re.compile("gate="))
    gate = re.search(r"gate=(\w+)", page.url)[1]
    settled(page)
    key("Escape"), key("Escape")  # the list of gates, then the filters
    page.locator("[data-testid=stPopoverBody]").wait_for(state="detached", timeout=5_000)

    walk(page, ".st-key-by_lane_data summary")
    key("Enter")
    page.locator(".st-key-by_lane_named input").wait_for()
    settled(page)
    walk(page, ".st-key-by_lane_named input")  # through the table: Tab leaves its grid
    key("ArrowDown")
    page.locator("[role=option]").first.wait_for()
    key("Enter")
    page.wait_for_url(re.compile(r"drill=lane%3A|drill=lane:"))
    page.get_by_test_id("behind").wait_for()
    lane = re.search(r"drill=lane(?:%3A|:)(\w+)", page.url)[1]
    settled(page)

    walk(page, ".st-key-behind_csv button")
    with page.expect_download() as download:
        key("Enter")
    store.use(home)
    try:
        asked = Selection.preset("MACAS", "90d", store.build().now_day, gate=(gate,))
        wanted, _about = exports.write(exports.of_rows("visits", asked, dialect="semicolon", lang="fr", narrow={"lane": lane}, metric="turnaround_p50"), tmp_path)
    finally:
        store.use(None)
    assert download.value.path().read_bytes() == wanted.read_bytes()
    assert pl.read_csv(wanted, separator=";", infer_schema=False).height > 0

    key("Escape")
    page.wait_for_url(lambda url: "drill=" not in url)
    page.wait_for_function("() => document.activeElement.closest('.st-key-by_lane_data') !== null")  # back where the list was opened


def test_a_row_of_a_list_opens_by_enter(visit, settled, walk) -> None:
    page = visit("/turnaround?lang=en&drill=lane:6A")
    page.locator(".st-key-behind_list canvas").first.wait_for()
    page.wait_for_function("() => document.activeElement.closest('[role=dialog]') !== null")
    walk(page, ".st-key-behind_list :is(canvas, td)", most=6)
    page.keyboard.press("ArrowDown")
    page.wait_for_function("() => document.activeElement.matches('.st-key-behind_list td')")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/visit\?.*visit="))
    settled(page)
    assert page.get_by_role("heading", name=re.compile("^Truck [0-9A-F]{6}")).is_visible()

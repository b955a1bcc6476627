"""Every page in every language, wide and narrow, light and dark: sound, nothing asked of another machine, no sideways scrolling, and before axe-core the WCAG checks a machine can make."""

from __future__ import annotations

from itertools import pairwise

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe

from dashboard import store
from dashboard.i18n import LANGUAGES
from dashboard.screens import PAGES
from dashboard.selection import Selection

# Not ours to mend, by axe rule: (the only elements it is allowed on, why). Anything else is a failure.
ALLOWED = {
    "svg-img-alt": ('[data-testid="stMetricChart"] svg', "Streamlit draws the sparkline of st.metric as an image without a name; the figure beside it says the same"),
}


@pytest.fixture
def address(home):
    """The address of a page in a language; of a visit that was tracked."""
    store.use(home)
    sel = Selection.preset("MACAS", "28d", store.build().now_day)
    tracked = store.of().rows("visits", sel).filter(pl.col("is_tracked") & pl.col("turnaround_min").is_not_null()).row(0, named=True)["visit_id"]
    yield lambda page, lang: f"/{page.url}?lang={lang}" + (f"&visit={tracked}" if page.code == "visit" else "")
    store.use(None)


# The pages are the same in every language but for their words: one in every run, the others with the slow tests.
@pytest.mark.parametrize("lang", ["fr", *(pytest.param(language.code, marks=pytest.mark.slow) for language in LANGUAGES if language.code != "fr")])
@pytest.mark.parametrize("each", PAGES, ids=lambda page: page.code)
def test_the_page_is_sound_at_every_size_and_axe_finds_no_fault_of_ours(each, lang, visit, settled, address, shots) -> None:
    page = visit(address(each, lang), locale=lang)
    for width, height in ((1440, 900), (390, 844)):
        if width < 600:
            page.set_viewport_size({"width": width, "height": height})
            page.reload()
            settled(page)
        _sound(page)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        tall = page.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight")
        page.set_viewport_size({"width": width, "height": min(int(tall) + 40, 6000)})
        for scheme in ("light", "dark") if width > 600 else ("light",):  # colours are the same on a phone
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(500)
            page.screenshot(path=str(shots / f"{each.code}_{lang}_{width}_{scheme}.png"))
            if width > 600:
                _accessible(page, scheme)
        page.emulate_media(color_scheme="light")


def _sound(page) -> None:
    """Stamped, one title, headings in order, every chart says its finding, no error shown."""
    assert "Traceback" not in page.inner_text("body") and page.locator('[data-testid="stException"]').count() == 0
    assert page.get_by_test_id("sample-stamp").is_visible()
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].filter(each => each.offsetParent !== null).map(each => Number(each.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1 and all(after - before <= 1 for before, after in pairwise(levels)), levels
    mute = "[...document.querySelectorAll('[data-testid=stPlotlyChart]')].filter(each => !each.closest('[aria-label]') && !each.querySelector('[aria-label]')).length"
    assert page.evaluate(mute) == 0, "a chart has no alternative text"


def _accessible(page, scheme: str) -> None:
    result = Axe().run(page)
    assert result.response["passes"], "axe looked at nothing"
    faults = [fault for violation in result.response["violations"] for node in violation["nodes"] if (fault := _ours(page, violation, node))]
    assert not faults, f"{scheme}: " + "\n".join(faults)


def _ours(page, violation: dict, node: dict) -> str | None:
    """Return the fault in words; None where the rule is allowed on that element."""
    target = node["target"][0]
    where, _why = ALLOWED.get(violation["id"], ("", ""))
    if where and page.evaluate("([target, where]) => document.querySelector(target)?.matches(where) ?? false", [target, where]):
        return None
    return f"{violation['id']} ({violation['impact']}): {violation['help']} at {target}: {node['html'][:200]} | {'; '.join(each['message'] for each in (*node['any'], *node['all'], *node['none']))}"

"""Every page in every language, light and dark, before axe-core: the WCAG checks a machine can make. The script comes with the package; nothing is fetched."""

from __future__ import annotations

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
def test_axe_finds_no_fault_of_ours(each, lang, visit, address) -> None:
    page = visit(address(each, lang))
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_timeout(500)
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

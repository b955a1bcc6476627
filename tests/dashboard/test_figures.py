"""Figures are plain dicts that Plotly does not check while a page is drawn: here every one that every page draws is checked, and compared with what a go.Figure would send."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import plotly.io as pio
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.screens import PAGES
from dashboard.views import theme

ROOT = Path(__file__).resolve().parents[2]


def _sent(figure: object) -> Any:
    return json.loads(pio.to_json(figure.to_dict(), validate=False))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, dict):
        # Plotly leaves out empty lists of shapes and notes; they draw nothing.
        return isinstance(other, dict) and all(_same(one.get(name, []), other.get(name, [])) for name in {*one, *other})
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    return math.isclose(one, other, rel_tol=1e-12) if isinstance(one, float) and isinstance(other, int | float) else one == other


PARTS = {"turnaround": ("", "definitions"), "congestion": ("", "hours"), "pilot": ("", "where", "checks", "raw")}


@pytest.mark.parametrize(("page", "part"), [(page, part) for page in PAGES for part in PARTS.get(page.code, ("",))], ids=lambda each: getattr(each, "code", each))
def test_every_figure_of_a_page_is_what_plotly_would_send(page, part, small, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, real = [], theme.Figure.__init__

    def listening(figure, *parts) -> None:
        real(figure, *parts)
        drawn.append(figure)

    monkeypatch.setattr(theme.Figure, "__init__", listening)
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    app.query_params["from"], app.query_params["to"] = store.build().first_day.isoformat(), store.build().last_day.isoformat()
    if page.code == "visit":
        app.query_params["visit"] = store.rows("visits", _whole())["visit_id"][0]
    if part:
        app.query_params["part"] = part
    if page.url:
        app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
    app.run()
    assert not app.exception, app.exception
    least = {("turnaround", ""): 4, ("turnaround", "definitions"): 7, ("congestion", ""): 1, ("congestion", "hours"): 4, ("quality", ""): 1, ("visit", ""): 1}
    assert len(drawn) >= least.get((page.code, part), 0)
    for figure in drawn:
        assert _same(_sent(figure), _sent(figure.checked()))


def _whole():
    from dataclasses import replace

    from dashboard.selection import Selection

    build = store.build()
    return replace(Selection.preset(build.port_code, "7d", build.now_day), first_day=build.first_day, period="custom", comparison="none")

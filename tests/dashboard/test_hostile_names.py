"""A site whose names would do harm: every page of it opens, in every part, and sends them as text only."""

from __future__ import annotations

import csv
import importlib
import json
import re
import shutil
from pathlib import Path

import pytest
import small_build
from streamlit.testing.v1 import AppTest

from dashboard import store
from dashboard.screens import PAGES
from dashboard.selection import Selection
from etl.settings import SAMPLE_SITE, Settings

ROOT = Path(__file__).resolve().parents[2]
HARM = '<img src=x onerror="alert(1)"><a href="https://evil.example">=1+1</a>\u202egnp.exe\u2066'
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e]")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A small build of the sample site with every name of terminals, gates, lanes, places, zones, partners and days of note made hostile, one of 10,000 letters."""
    folder = tmp_path_factory.mktemp("site") / "MACAS"
    shutil.copytree(SAMPLE_SITE, folder)
    for name in ("terminals", "gates", "lanes", "service_points", "partners", "calendar"):
        path = folder / "reference" / f"{name}.csv"
        rows = list(csv.reader(path.read_text("utf-8").splitlines()))
        named = [index for index, column in enumerate(rows[0]) if column.startswith("name_")]
        for number, row in enumerate(rows[1:]):
            for index in named:
                row[index] = HARM + ("y" * 10_000 if number == 1 else str(number))
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(rows)
    zones = folder / "reference" / "zones.geojson"
    found = json.loads(zones.read_text("utf-8"))
    for zone in found["features"]:
        zone["properties"] |= {column: HARM + zone["properties"]["zone_code"] for column in zone["properties"] if column.startswith("name_")}
    zones.write_text(json.dumps(found), "utf-8")
    return small_build.make(tmp_path_factory.mktemp("hostile"), days=60, per_day=40, seed=3, folder=folder)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_a_page_sends_hostile_names_as_text(page, home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTPORT_HOME", str(home.home))
    monkeypatch.setenv("SMARTPORT_SITE", str(home.site))
    store.use(home)
    try:
        assert "<img" in store.of().names("terminal", "en")["TCE"]  # what a page must not pass on
        parts = getattr(importlib.import_module(f"dashboard.screens.{page.path.stem}"), "PARTS", None) or {"": ""}
        seen = {"map": 0, "chart": 0}
        for part in parts:
            app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=90)
            app.query_params["lang"] = "en"
            if page.code == "visit":
                app.query_params["visit"] = store.rows("visits", Selection.preset("MACAS", "28d", store.build().now_day))["visit_id"][0]
            if part:
                app.query_params["part"] = part
            if page.url:
                app.switch_page(str(page.path.relative_to(ROOT / "dashboard")))
            app.run()
            assert not app.exception, app.exception
            for block in app.get("html"):
                body = str(block.proto.body)
                assert "<img src" not in body and "<a href=\"https://evil" not in body and not HIDDEN.search(body), (part, body[:300])
            for chart in app.get("plotly_chart"):
                seen["chart"] += 1
                spec = json.dumps(json.loads(chart.proto.spec), ensure_ascii=False)
                assert "<img" not in spec and "<a href" not in spec and not HIDDEN.search(spec) and "y" * 200 not in spec, part
            for map_ in app.get("deck_gl_json_chart"):
                seen["map"] += 1
                assert "<img" not in map_.proto.json and "<a href" not in map_.proto.json and not HIDDEN.search(json.dumps(json.loads(map_.proto.json), ensure_ascii=False)), part
            for block in app.markdown:
                assert not HIDDEN.search(block.value), (part, block.value[:200])
        assert seen["map"] >= (page.code == "congestion") and seen["chart"] >= {"turnaround": 4, "explore": 1}.get(page.code, 0)  # what is searched is there
    finally:
        store.use(None)

"""The Clearance page, its study as a table and as a workbook, on the small build; figures against plain arithmetic over the rows."""

from __future__ import annotations

import datetime as dt
import re
import zipfile
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import exports, store
from dashboard.i18n import LANGUAGES, translator
from dashboard.metrics import METRICS
from dashboard.metrics.clearance import LIMITS_H, within
from dashboard.metrics.intervals import wilson
from dashboard.screens import border, clearance, clearance_table
from dashboard.views import over_time
from etl.contracts.codes import CUSTOMS_EVENT, DECLARATION_STAGE, HOLDER, STAGE_HOLDER

ROOT = Path(__file__).resolve().parents[2]
LANGS = [language.code for language in LANGUAGES]


def opened(lang: str = "en", part: str = "times", limit: int = 48, split: str = "channel") -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=30)
    app.query_params["lang"] = lang
    app.switch_page("screens/clearance.py")
    app.query_params["part"] = part
    app.session_state["clearance_limit"], app.session_state["clearance_split"] = limit, split
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in app.get("html")) + "\n".join(each.value for kind in (app.title, app.header) for each in kind)


def known(sel) -> pl.DataFrame:
    return store.table("fct_declarations").filter(pl.col("lodged_day").is_between(sel.first_day, sel.last_day) & pl.col("clearance_min").is_not_null())


def frame(sel, lang: str = "en") -> SimpleNamespace:
    """What the table needs of a page."""
    return SimpleNamespace(say=translator(lang), lang=lang, name=lambda _dimension, code: str(code), ask=lambda metrics, by=(), **how: store.ask(sel, metrics, by, **how))


def test_every_stage_has_a_holder_and_every_end_an_event():
    assert list(STAGE_HOLDER) == list(DECLARATION_STAGE.codes) and set(STAGE_HOLDER.values()) == set(HOLDER.codes)
    assert len(CUSTOMS_EVENT.codes) == len(STAGE_HOLDER)  # nine events and the gate-out end a stage; the arrival ends none


def test_figures_are_those_of_the_rows(sel):
    rows = known(sel)["clearance_min"]
    found = store.ask(sel, ["clearance_p50", "clearance_p90", "clearance_mean", "clearance_sd", *map(within, LIMITS_H)]).frame.row(0, named=True)
    assert found["clearance_p50__n"] == rows.len() > 100
    assert [found[f"clearance_{part}"] for part in ("p50", "p90", "mean", "sd")] == pytest.approx([rows.median(), rows.quantile(0.9, "linear"), rows.mean(), rows.std()])
    for hours in LIMITS_H:
        inside = (rows <= hours * 60).sum()
        assert found[within(hours)] == pytest.approx(inside / rows.len())
        assert (found[f"{within(hours)}__low"], found[f"{within(hours)}__high"]) == pytest.approx(wilson(inside, rows.len()))


def test_the_hours_of_the_holders_add_up_to_the_hours_of_the_goods(sel):
    held = store.ask(sel, ["clock_hours"], by=["stage"]).rows["clock_hours"].sum()
    rows = known(sel)
    assert held == pytest.approx((rows["clearance_min"].sum() + rows["gate_out_min"].sum()) / 60)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("part", clearance.PARTS)
def test_every_part_opens_in_every_language(lang, part, small):
    assert translator(lang)("Clearance") in text_of(opened(lang, part))


def test_release_times_are_drawn_over_time_with_events_and_without_the_days_that_are_not_ripe(small, monkeypatch):
    """Of what was declared yesterday only the quick is released: with it the curve once would have sunk at its end every day."""
    drawn, real = [], over_time.lines
    monkeypatch.setattr(over_time, "lines", lambda days, lines, events, **how: drawn.append((days, lines)) or real(days, lines, events, **how))
    text = text_of(opened())
    ((days, lines),) = drawn
    unripe = store.build().now_day - dt.timedelta(days=border.RIPE_DAYS)
    assert '<ol class="events">' in text and "Morocco stays on UTC for good" in text and [line.name for line in lines] == ["1 in 10 over", "median"]
    for line in lines:
        assert {value is None for day, value in zip(days, line.values, strict=True) if day >= unripe} == {True}
        assert any(value is not None for value in line.values)


@pytest.mark.parametrize("split", clearance.SPLITS)
def test_every_split_opens(split, small):
    opened(split=split)


def test_the_limit_is_the_readers(small, sel):
    for hours in (8, 72):
        share = store.ask(sel, [within(hours)]).cell(within(hours)).value
        assert f"Within {hours} h: \u2066{share:.1%}".replace("%", "") in text_of(opened(limit=hours)).replace("%", ""), hours


def test_what_is_set_apart_is_told_with_its_reason(small, sel):
    n = store.table("fct_declarations").filter(pl.col("lodged_day").is_between(sel.first_day, sel.last_day) & pl.col("order_fault_code").is_not_null()).height
    app = opened(part="order")
    assert n and f"{n} of " in text_of(app)
    tables = [table.value for table in app.dataframe]
    assert any("Released before lodging" in table.to_csv() for table in tables)


def test_without_times_the_page_says_no_data(small, sel, monkeypatch):
    """A port that gives dates only (Korea): words, not zeros."""
    real = store.Store.ask

    def dateless(own, selection, metrics, by=(), grain=None, viewer=None, **how):
        result = real(own, selection, metrics, by, grain, viewer, **how)
        gone = [name for name in result.frame.columns if name.startswith(("clearance_", "release_", "gate_out_", "prelodged"))]
        blank = result.frame.with_columns((pl.lit(0) if name.endswith("__n") else pl.lit(None, dtype=pl.Float64)).alias(name) for name in gone)
        return type(result)(**{**{name: getattr(result, name) for name in result.__dataclass_fields__}, "frame": blank})

    monkeypatch.setattr(store.Store, "ask", dateless)
    text = text_of(opened())
    assert "no data on when the goods" in text and "dates without times" in text


def test_the_study_is_one_table_of_every_segment(sel):
    table = clearance_table.made(frame(sel), 48)
    everything = table.filter((pl.col("Split by") == "All") & (pl.col("Segment") == "Arrival to release")).row(0, named=True)
    rows = known(sel)["clearance_min"]
    assert everything["n"] == rows.len() and everything["Standard deviation, min"] == pytest.approx(rows.std())
    assert everything["Share within 48 h"] == pytest.approx((rows <= 2880).mean())
    by_channel = table.filter((pl.col("Split by") == "Customs channel") & (pl.col("Segment") == "Arrival to release"))
    assert by_channel["n"].sum() == rows.len()
    assert set(table["Split by"]) == {"All", "Customs channel", "Customs office", "Customs regime", "Peak or other hours", "HS chapter"}


def test_small_groups_of_an_hs_chapter_are_hidden(sel):
    physical = type(sel)(**{**{name: getattr(sel, name) for name in sel.__dataclass_fields__}, "first_day": sel.last_day})
    found = store.ask(physical, ["clearance_p50"], by=["hs_chapter"])
    assert found.suppressed_n and found.frame.filter(pl.col("is_suppressed"))["clearance_p50"].null_count() == found.frame["is_suppressed"].sum()


def test_a_workbook_holds_the_figures_as_numbers_and_no_formula(sel, tmp_path):
    table = pl.DataFrame({"Segment": ["=1+1", "Arrival"], "n": [3, None], "Mean, min": [12.5, float("nan")]})
    order = exports.of_table(table, "Study", port="MACAS", build_id=store.build().build_id, selection=sel, name="study")
    path = exports.write_xlsx(order, tmp_path)
    with zipfile.ZipFile(path) as book:
        sheet = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
        texts = "".join(book.read(f"xl/{name}").decode() for name in ("sharedStrings.xml", "worksheets/sheet1.xml"))
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    cells = {cell.get("r"): (cell.get("t"), cell.findtext("x:v", namespaces=space)) for cell in sheet.iterfind(".//x:c", space)}
    assert not sheet.findall(".//x:f", space) and "=1+1" in texts and "Demonstration data - fictitious" in texts
    assert cells["B2"] == (None, "3") and cells["C2"] == (None, "12.5") and "B3" not in cells and "C3" not in cells
    again = exports.write_xlsx(order, tmp_path / "again" if (tmp_path / "again").mkdir() is None else tmp_path)
    assert path.read_bytes() == again.read_bytes()


@pytest.mark.parametrize("lang", LANGS)
def test_the_study_s_workbook_defines_its_figures_in_a_table_and_shows_shares_as_percent(sel, tmp_path, lang):
    page = frame(sel)
    table = clearance_table.made(page, 48)
    shares, codes = clearance_table.shares(page, 48), clearance_table.metrics(48)
    assert set(shares) <= set(table.columns)
    order = exports.of_table(table, "Study", port="MACAS", build_id=store.build().build_id, selection=sel, name="study", lang=lang, metrics=codes, shares=shares)
    with zipfile.ZipFile(exports.write_xlsx(order, tmp_path)) as book:
        figures, about, styles = (book.read(f"xl/{name}").decode() for name in ("worksheets/sheet1.xml", "worksheets/sheet2.xml", "styles.xml"))
        texts = ["".join(item.itertext()) for item in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
    said = [texts[int(cell)] for cell in re.findall(r't="s"><v>(\d+)</v>', about)]
    assert not [text for text in said if "`" in text or "**" in text or text.startswith(("#", "- "))]
    say = translator(lang)
    for code in codes:
        at = said.index(code)
        assert said[at + 1 : at + 3] == [say(METRICS[code].label), say(METRICS[code].about)]
    column = chr(ord("A") + table.columns.index(shares[0]))
    assert 'formatCode="0.0%"' in styles and re.search(rf'<c r="{column}2" s="[1-9]\d*"><v>0\.\d+</v>', figures)

"""Explore: the question is the address, nothing that does not go together is asked, totals are answers of their own, and nothing is written before it is asked for."""

from __future__ import annotations

import datetime as dt
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard import exports, store
from dashboard import format as fmt
from dashboard.exports import about, files, links
from dashboard.i18n import translator
from dashboard.metrics import DIMENSIONS, METRICS
from dashboard.screens import PAGES, explore_chart, explore_words
from dashboard.screens.explore_state import OPENING, Asked, Unfit, figures_for, inlined, not_split, read, splits_for, without
from dashboard.selection import Note, Selection
from dashboard.views import explore as view
from dashboard.widgets import freshness
from dashboard.widgets.frame import Frame

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = next(page for page in PAGES if page.code == "explore").path.relative_to(ROOT / "dashboard")


def open_page(**query: str) -> AppTest:
    app = AppTest.from_file(str(ROOT / "dashboard" / "app.py"), default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.switch_page(str(SCRIPT))
    app.run()
    assert not app.exception, app.exception
    return app


def text_of(app: AppTest) -> str:
    return "\n".join(str(block.proto.body) for block in app.get("html"))


def frame(sel: Selection, lang: str = "en") -> Frame:
    port = store.of()
    return Frame(port, sel, translator(lang), {name: port.names(name, lang) for name in ("terminal", "lane")}, {})


# ---------------------------------------------------------------------- the address
@pytest.mark.parametrize(
    "asked",
    [
        OPENING, Asked(("visits",)), Asked(("turnaround_p50",), ("terminal",)), Asked(("turnaround_p50", "visits"), ("lane", "direction"), "day", "direction", "visits"), Asked(("stage_p50",), ("stage",), "month", "period"),
        Asked(("csi_filings",), ("tier",), "month"),
    ],
)  # fmt: skip
def test_the_address_brings_the_question_back(asked: Asked) -> None:
    query = {name: value for name, value in asked.to_query().items() if value}
    assert read(query) == (asked, ())
    assert (query == {}) == (asked == OPENING)


def test_what_is_illegal_in_an_address_is_left_out_and_named() -> None:
    asked, notes = read({"m": "turnaround_p50,moon,visits,visits", "by": "zone,terminal,lane,hour,cargo,'; DROP TABLE", "grain": "second", "across": "gate", "draw": "stays"})
    assert asked == Asked(("turnaround_p50", "visits"), ("terminal", "lane"))  # three splits are taken, and one of them does not go with the figures
    assert Unfit("zone", ("turnaround_p50", "visits")) in notes
    assert {Note("m", "moon"), Note("by", "'; DROP TABLE"), Note("by", "hour"), Note("grain", "second"), Note("across", "gate"), Note("draw", "stays")} <= set(notes)
    assert read({"m": "declarations", "grain": "hour"})[0].grain == ""  # they have a day, and no hour
    assert read({"m": "moon"})[0].metrics == OPENING.metrics


def test_only_what_goes_together_is_offered_and_the_rest_is_explained() -> None:
    """Whatever is offered can be asked: walked over every dimension and every metric."""
    for by in DIMENSIONS:
        offered = figures_for((by,))
        assert all(METRICS[code].fact in DIMENSIONS[by].sql for code in offered)
        explained = {code for _, codes in without((by,)) for code in codes}
        assert set(offered) | explained == set(METRICS) and not set(offered) & explained
        assert all(by in splits_for((code,)) for code in offered) and all(not_split((code,), by) for code in explained)
    assert "stays" in figures_for(("hour",)) and "weighings" not in figures_for(("hour",)) and "stays" in figures_for((), "hour") and "weighings" not in figures_for((), "hour")
    assert "declarations" not in figures_for((), "hour") and "declarations" in figures_for((), "day") and figures_for(("hour",)) != figures_for((), "hour")  # a dimension and a step of one name


# ---------------------------------------------------------------------- the answer
def test_the_sql_shown_runs_as_it_stands_and_gives_the_figure(sel: Selection) -> None:
    """Copied from the page it needs no parameter; quotes in a value stay in the value."""
    asked = replace(sel, terminal=("TCE", "O'X"), view="core")
    for metrics, by in ((["turnaround_p50", "visits"], ["direction"]), (["lost_hours"], ["step"]), (["stay_p50"], [])):
        result = store.ask(asked, metrics, by=by, totals=bool(by), intervals=True)
        for sql, params in zip(result.sql, result.params, strict=True):
            plain = inlined(sql, params)
            assert "$" not in plain
            got = store.of().opened().frame(plain)
            got = got.sort("is_total", *by, nulls_last=True) if by else got
            assert got.height == result.frame.height and got[metrics[0]].to_list() == pytest.approx(result.frame[metrics[0]].to_list())


def test_totals_of_a_table_across_are_asked_anew_and_no_mean_of_cells(sel: Selection) -> None:
    page, metrics = frame(sel), ["turnaround_p90"]
    cells, by_row, by_column, whole = (store.ask(sel, metrics, by=by) for by in (["lane", "band4"], ["lane"], ["band4"], []))
    table = explore_words.pivot(page, cells, "band4", by_row, by_column, whole)
    assert table["Lane"].to_list()[-1] == "Everything" and table.height == cells.frame["lane"].n_unique() + 1
    said = fmt.plain(fmt.value(whole.cell("turnaround_p90").value, "min", "en"))
    assert table["Everything"][-1].startswith(f"{said} (") and f"({fmt.number(whole.n, 'en')})" in table["Everything"][-1]
    assert abs(statistics.mean(value for value in cells.frame["turnaround_p90"].to_list() if value is not None) - whole.cell("turnaround_p90").value) > 10  # the mean of cells would be seen
    lane = table.row(0, named=True)
    code = cells.frame["lane"][0]
    assert lane["Under 60 min"] == f"{fmt.plain(fmt.cell(cells.cell('turnaround_p90', {'lane': code, 'band4': 'm1'}), 'en'))} ({fmt.number(cells.cell('turnaround_p90', {'lane': code, 'band4': 'm1'}).n, 'en')})"


def test_the_page_says_the_store_s_figures_and_makes_no_file(sel: Selection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every writer and every scratch folder is watched while the page is drawn with its buttons; a click then makes a link, and only its fetch a file."""
    touched: list[str] = []
    for module, name in ((files, "make"), (files, "write"), (files, "write_xlsx"), (files, "write_parquet"), (tempfile, "mkdtemp"), (tempfile, "mkstemp")):
        monkeypatch.setattr(module, name, lambda *_a, _name=name, **_k: touched.append(_name))
    links._orders.clear()
    app = open_page(lang="fr", m="turnaround_p50,visits", by="direction,lane", across="direction")
    whole = fmt.plain(fmt.cell(store.ask(sel, ["turnaround_p50"]).cell("turnaround_p50"), "fr"))
    table = app.dataframe[0].value
    assert table["Ensemble"].iloc[table["Voie"].tolist().index("Ensemble")].startswith(f"{whole} (")
    assert {"explore_csv", "explore_xlsx", "explore_parquet", "explore_zip", "explore_csv2"} <= {button.key for button in app.button}
    assert touched == [] and not links._orders
    app.button(key="explore_parquet").click().run()
    assert not app.exception and touched == [] and [(form, order.result.keys) for _, form, order, _ in links._orders.values()] == [("parquet", ("direction", "lane"))]
    app.button(key="explore_rows_visits_csv").click().run()
    assert [(form, order.detail, order.selection) for _, form, order, _ in links._orders.values()][1:] == [("csv", "visits", sel)] and touched == []
    links._orders.clear()


def test_a_choice_goes_into_the_address_and_notes_are_said(small) -> None:
    app = open_page(lang="en", m="turnaround_p50", by="zone,moon")
    assert sum("moon" in warning.value or "'Zone' was left out: Median turnaround" in warning.value for warning in app.warning) == 2
    app.multiselect(key="explore_by").set_value(["terminal"]).run()
    assert (app.query_params["by"], app.query_params["m"]) == ("terminal", "turnaround_p50") and not app.warning
    assert any("--by terminal" in code.value for code in app.code) and any("by=terminal" in code.value for code in app.code)
    assert len(app.get("plotly_chart")) == 1


def test_a_table_too_long_to_read_is_cut_and_says_so(small) -> None:
    first, last = store.build().first_day, store.build().last_day
    app = open_page(lang="en", m="visits", by="lane,terminal", grain="hour", **{"from": str(first), "to": str(last)})
    n = store.ask(Selection("MACAS", first, last.replace(day=last.day) + (last - last.replace(day=last.day - 1)), comparison="none"), ["visits"], by=["lane", "terminal"], grain="hour").frame.height
    assert n > 5000 and len(app.dataframe[0].value) == 501
    assert f"The first 500 of {fmt.number(n, 'en')} rows are shown; the files hold all." in text_of(app)
    assert app.dataframe[0].value.iloc[0].tolist()[:2] == ["Everything", ""]


def test_nothing_behind_the_question_is_said_in_words(small) -> None:
    app = open_page(lang="fr", m="visits", **{"from": "2019-01-01", "to": "2019-01-07"})
    assert any("Aucune ligne derrière ces indicateurs dans cette sélection." in block.value for block in app.markdown)
    assert not app.get("plotly_chart") and not app.dataframe


def test_hostile_names_are_drawn_as_text() -> None:
    """Plotly reads some tags; a name has none left when it reaches a figure."""
    page = SimpleNamespace(names={})
    name = Frame.name(page, "terminal", '<a href="javascript:alert(1)">x</a>\u202e\x00' + "y" * 10_000)
    mark = view.Mark(name, 1.0, "<b>1</b>", name)
    sent = view.dots([mark]).checked().to_json()
    assert "<a" not in sent and "\\u003ca" not in sent and "javascript:alert(1)" in sent and "\\\\u202e" in sent and len(sent) < 20_000
    assert exports.FORMS == ("csv", "zip", "about", "xlsx", "parquet")


def test_what_is_hidden_is_said_to_be_and_the_range_is_of_every_group(sel: Selection) -> None:
    """Of hidden counts nothing reads 'no value' or 0; groups that are not drawn lie in the range like the others."""
    page, result = frame(sel), store.ask(sel, ["csi_hit_share"], by=["terminal"], totals=True)
    assert result.suppressed_n and result.rows["csi_hit_share"].null_count() == result.rows.height  # the small build has few hits
    assert explore_chart.drawn(page, result, "csi_hit_share")[1] == "Hit rate of inspections: hidden (fewer than 10)." and freshness.line(page, result).startswith("n hidden · ")
    assert "\n- `csi_hit_share`: hidden\n" in about.of_result(result, store.build(), "en", None, result.frame.height)
    many = store.ask(sel, ["visits"], by=["lane"])
    axis = explore_chart.drawn(frame(sel, "fr"), many, "visits")[0].checked().layout
    assert (axis.separators, axis.xaxis.separatethousands) == (",\u202f", True)
    counts = [*range(500, 500 - explore_chart.view.MOST_ROWS, -1), 13]
    drawn = replace(many, frame=pl.DataFrame({"lane": [f"L{n}" for n in counts], "visits": counts, "visits__n": counts}))
    assert explore_chart.drawn(page, drawn, "visits")[1].startswith("Visits: from 13 (L13) to 500 (L500). The 30 groups")


def test_steps_that_are_not_whole_are_marked_in_page_and_file(sel: Selection, tmp_path: Path) -> None:
    """From a Wednesday on, and to now: the first and the last week are in part only. The range leaves them out, the file says which they are."""
    asked = replace(sel, first_day=sel.end_day - dt.timedelta(days=sel.last_day.weekday() + 20), period="custom")
    page, result = frame(asked), store.ask(asked, ["visits"], grain="week", totals=True)
    figure, finding = explore_chart.drawn(page, result, "visits")
    whole = result.rows["visits"].to_list()[1:-1]
    assert len(whole) == 2 and result.rows["visits"][0] < min(whole)  # it would be the lowest
    assert finding.startswith(f"Visits: from {min(whole)} (") and f" to {max(whole)} (" in finding and figure.checked().data[0].marker.symbol == ("circle-open", "circle", "circle", "circle-open")
    assert [name.endswith(" *") for name in explore_words.long(page, result, 9)["Period"].to_list()] == [False, True, False, False, True]
    csv, beside = exports.write(exports.of_result(result), tmp_path)
    assert pl.read_csv(csv).sort("period", nulls_last=True)["is_partial"].to_list() == [True, False, False, True, False] and "`is_partial`: true where" in beside.read_text("utf-8")
    assert not replace(result, selection=replace(asked, first_day=asked.first_day - dt.timedelta(days=9))).is_partial(None)[0]
    assert store.of().begins(result) == store.build().first_day


@pytest.mark.parametrize(("lang", "sign"), [("en", "%"), ("fr", "\u00a0%")])
def test_shares_on_an_axis_are_written_as_the_language_writes_them(lang: str, sign: str, sel) -> None:
    """A French axis said 10% and the words beside it 10 %: d3's own percent knows one spelling."""
    page = frame(sel, lang)
    for asked in ({"by": ("terminal",)}, {"by": ("hour",)}, {"grain": "week"}):
        result = page.ask(("over_120_share",), **asked)
        figure, _finding = explore_chart.drawn(page, result, "over_120_share")
        values = result.rows["over_120_share"].drop_nulls()
        axis = figure.layout.xaxis if asked == {"by": ("terminal",)} else figure.layout.yaxis
        shown = figure.data[0].x if asked == {"by": ("terminal",)} else figure.data[0].y
        assert axis.ticksuffix == sign and not axis.tickformat and sorted(value for value in shown if value is not None) == pytest.approx(sorted((values * 100).to_list()))

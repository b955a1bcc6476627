"""Figures of overview and turnaround: pure, without Streamlit; and the theme's written rules."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import polars as pl

from dashboard.views import distribution, groups, minutes, over_time, ranking, theme

CONFIG = tomllib.loads((Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml").read_text("utf-8"))


def test_ten_categorical_colours_in_light_and_dark() -> None:
    """One more or less and Plotly traces lose the theme in silence."""
    for mode in ("light", "dark"):
        assert len(CONFIG["theme"][mode]["chartCategoricalColors"]) == 10
        assert len(CONFIG["theme"][mode]["chartSequentialColors"]) == 10
        assert len(CONFIG["theme"][mode]["chartDivergingColors"]) == 10


def test_fonts_are_local_files_with_their_licence() -> None:
    root = Path(__file__).resolve().parents[2] / "dashboard"
    for face in CONFIG["theme"]["fontFaces"]:
        assert (root / face["url"].removeprefix("app/")).is_file()
    assert "SIL Open Font License" in (root / "static" / "fonts" / "OFL.txt").read_text("utf-8")


def test_nothing_leaves_the_machine_by_setting() -> None:
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["server"]["enableStaticServing"] is True


def test_style_sheet_has_logical_directions_only() -> None:
    css = (Path(__file__).resolve().parents[2] / "dashboard" / "theme.css").read_text("utf-8")
    for word in ("margin-left", "margin-right", "padding-left", "padding-right", "text-align: left", "text-align: right", "border-left", "border-right"):
        assert word not in css


def test_histogram_shares_sum_to_one_hundred_and_bands_follow_the_edges() -> None:
    bins = [(30, 10), (42, 40), (43, 30), (50, 15), (57, 5)]
    figure = distribution.histogram(bins, marks=[(60.0, "median")], ticks=["x"] * len(distribution.TICKS_MIN), hover=[""] * len(bins))
    assert abs(sum(figure.data[0].y) - 100) < 1e-9
    assert [distribution.band_of(minutes) for minutes in (59.9, 60, 119.9, 120, 239, 240)] == [0, 1, 1, 2, 2, 3]


def test_waterfall_parts_start_where_the_one_before_ended() -> None:
    figure = minutes.waterfall([minutes.Part("a", 2, 3, "", ""), minutes.Part("b", 1, 4, "", "")], wait="w", service="s", travel="t")
    assert list(figure.data[0].base) == [0.0, 5.0]
    assert list(figure.data[1].base) == [2.0, 6.0]


def test_lines_break_where_there_is_no_data_and_events_outside_are_left_out() -> None:
    days = [dt.date(2026, 9, day) for day in (1, 2, 3)]
    events = [over_time.Event(dt.date(2026, 9, 2), dt.date(2026, 9, 2), "strike"), over_time.Event(dt.date(2025, 1, 1), dt.date(2025, 1, 2), "long ago")]
    figure = over_time.lines(days, [over_time.Line("median", [70, None, 72], ["", "", ""])], events, unit="min")
    assert figure.data[0].connectgaps is False
    assert [event.name for event in over_time.seen(days, events)] == ["strike"]
    assert "<b>1</b>" in [note.text for note in figure.layout.annotations]


def test_an_event_late_in_the_last_month_has_its_mark_on_the_axis() -> None:
    """Its name stood below the figure, with a number no mark bore: the axis ended in the middle of the last month."""
    days = [dt.date(2026, month, 1) for month in (7, 8, 9)]
    late, middle = (over_time.Event(dt.date(2026, 9, day), dt.date(2026, 9, day), "strike") for day in (25, 5))
    ends = [over_time.lines(days, [over_time.Line("median", [70, 71, 72], ["", "", ""])], [event], unit="min").layout.xaxis.range[1] for event in (late, middle)]
    assert ends[0] > late.first_day.isoformat() > ends[1] > middle.first_day.isoformat()


def test_a_row_whose_name_is_latin_is_read_from_the_right_in_arabic() -> None:
    """Its parts jumped: the first letter of a line decides from where it is read."""
    rows = pl.DataFrame({"name": ["Gate 6"], "value": [1.0], "label": ["\u0633\u0627\u0639\u0629 1"], "is_quiet": [False]})
    [arabic], [english] = (ranking.ranked_bars(each).layout.annotations for each in (rows, rows.with_columns(label=pl.lit("1 h"))))
    assert arabic.text == f"\u200fGate 6 · {rows['label'][0]}" and english.text == "Gate 6 · 1 h"


def test_thin_groups_are_drawn_quiet() -> None:
    drawn = [groups.Group("a", "a", 60, 55, 65, 120, "", ""), groups.Group("b", "b", 90, None, None, None, "", "", is_thin=True)]
    figure = groups.dots(drawn, median="m", p90="p", unit="min")
    assert figure.data[1].marker.color == (theme.MAIN, theme.QUIET)


def test_words_of_a_mark_near_an_edge_stay_in_the_picture() -> None:
    near = groups.dots([groups.Group("a", "a", 2, 1, 3, 120, "", "")], median="m", p90="p", unit="min").layout.annotations
    amid = groups.dots([groups.Group("a", "a", 60, 55, 65, 80, "", ""), groups.Group("b", "b", 120, None, None, None, "", "")], median="m", p90="p", unit="min").layout.annotations
    anchors = [{note.text: note.xanchor for note in notes if note.text[0] in "●◇"} for notes in (near, amid)]
    assert anchors == [{"● m": "left", "◇ p": "right"}, {"● m": None, "◇ p": None}]


def test_resolve_leaves_no_placeholder() -> None:
    figure = minutes.waterfall([minutes.Part("a", 2, 3, "", "")], wait="w", service="s", travel="t")
    assert "#000002" not in theme.resolve(figure, theme.LIGHT).to_json()

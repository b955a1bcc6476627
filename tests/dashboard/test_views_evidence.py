"""Figures of the pilot's evidence from a few hand-made rows; every one of them checked by Plotly."""

from __future__ import annotations

import datetime as dt

import pytest

from dashboard.views import evidence as shapes
from dashboard.views.over_time import Event

START = dt.date(2026, 7, 13)
WEEKS = [shapes.Point(START + dt.timedelta(weeks=week), -10.0 if week >= 0 else 1.0, f"week {week}", week >= 0) for week in range(-6, 6)]


def test_the_gap_marks_the_start_and_puts_the_band_since_then_only() -> None:
    drawn = shapes.gap(WEEKS, START, START + dt.timedelta(days=41), band=(-14, -10, -6), events=[], start_words="pilot starts", band_words="6 – 14 % less")
    before, after = drawn.data
    assert len(before.x) == len(after.x) == 6 and before.marker.symbol != after.marker.symbol
    band = next(shape for shape in drawn.layout.shapes if shape.type == "rect")
    assert (band.x0, band.y0, band.y1) == (START, -14, -6)
    assert any("pilot starts" in note.text for note in drawn.layout.annotations)
    assert drawn.layout.yaxis.range[0] == -drawn.layout.yaxis.range[1], "a fall and a rise of one size must look alike"


def test_without_a_range_nothing_is_shaded() -> None:
    drawn = shapes.gap(WEEKS, START, START + dt.timedelta(days=41), band=None, events=[], start_words="s")
    assert not [shape for shape in drawn.layout.shapes if shape.type == "rect"]


def test_events_close_together_share_a_place() -> None:
    events = [Event(START, START, "A"), Event(START + dt.timedelta(days=1), START + dt.timedelta(days=1), "B"), Event(START + dt.timedelta(days=30), START + dt.timedelta(days=36), "C")]
    drawn = shapes.gap(WEEKS, START, START + dt.timedelta(days=41), band=None, events=events, start_words="s")
    assert [note.text for note in drawn.layout.annotations if note.text.startswith("<b>") and "s" not in note.text] == ["<b>1–2</b>", "<b>3</b>"]


def test_the_event_study_stands_its_reference_on_zero_without_limits() -> None:
    points = [shapes.Point(START - dt.timedelta(days=42), 2.0, "", False, -3.0, 7.0), shapes.Point(START - dt.timedelta(days=14), 0.0, "", False), shapes.Point(START + dt.timedelta(days=14), -9.0, "", True, -14.0, -4.0)]
    before, after = shapes.event_study(points, START, start_words="s", reference_words="r").data
    assert list(before.error_y.array) == [5.0, 0.0] and list(after.error_y.arrayminus) == [5.0]


def test_rows_keep_their_order_and_quiet_ones_are_hollow() -> None:
    drawn = shapes.dots([shapes.Dot("A", -3, -2, -1), shapes.Dot("B", None, 0.5, None, is_quiet=True)], band=(-3, -1))
    assert [trace.mode for trace in drawn.data] == ["lines", "markers"] and list(drawn.data[1].marker.symbol) == ["diamond", "circle"]
    assert drawn.layout.yaxis.range[0] > drawn.layout.yaxis.range[1], "the first row stands on top"


def test_trial_dates_of_one_size_are_stacked() -> None:
    drawn = shapes.trial_dates([0.0, 0.0, 0.0, 8.0], -10.0, found_words="here", hover="{size}")
    assert sorted(drawn.data[0].y) == [1, 1, 2, 3] and list(drawn.data[1].x) == [-10.0]
    assert drawn.data[0].hovertext[-1] == "+8.0"


@pytest.mark.parametrize("sizes", [[], [0.0]])
def test_nothing_to_show_is_still_a_figure(sizes) -> None:
    assert shapes.trial_dates(sizes, 0.0, found_words="", hover="{size}").checked()
    assert shapes.dots([]).checked()

"""Numbers, units and times in the reader's own spelling; null is never zero."""

from __future__ import annotations

import datetime as dt

import pytest

from dashboard import format as fmt
from dashboard.metrics import METRICS, Cell

NNBSP, NBSP = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (fmt.number(1234567, "en"), "1,234,567"), (fmt.number(1234567, "fr"), f"1{NNBSP}234{NNBSP}567"), (fmt.number(12.345, "fr", 1), "12,3"), (fmt.number(-0.04, "en", 1), "0.0"),
        (fmt.share(0.1234, "en", 1), "12.3%"), (fmt.share(0.1234, "fr", 1), f"12,3{NNBSP}%"), (fmt.number(None, "en"), "no data"), (fmt.value(None, "min", "en"), "no data"),
        (fmt.value(69.4, "min", "en"), "\u206669 min\u2069"), (fmt.plain(fmt.value(3, "count", "en")), "3"), (fmt.plain(fmt.duration(45, "en")), "45 min"),
        (fmt.plain(fmt.duration(135, "en")), "2 h 15 min"), (fmt.plain(fmt.duration(120, "en")), "2 h"), (fmt.plain(fmt.duration(4560, "en")), "3 d 4 h"), (fmt.plain(fmt.duration(-5, "en")), "\u22125 min"),
        (fmt.day(dt.date(2026, 9, 20), "en"), "20 Sept 2026"), (fmt.day(dt.date(2026, 9, 20), "fr"), "20 sept. 2026"), (fmt.moment(dt.datetime(2026, 9, 20, 7, 5, 9), "fr"), "20 sept. 2026 07:05"),
        (fmt.number(1234567.8, "ar", 1), "1.234.567,8"), (fmt.share(0.1234, "ar", 1), "12,3\u200e%\u200e\u200f"), (fmt.number(-12, "ar"), "\u200e-12"), (fmt.plain(fmt.duration(135, "ar")), "\u200f2 س 15 د"),
        (fmt.day(dt.date(2026, 8, 9), "ar"), "9 غشت 2026"), (fmt.short_day(dt.date(2026, 9, 9), "ar"), "9 شتنبر"), (fmt.moment(dt.datetime(2026, 7, 20, 7, 5, 9), "ar"), "20 يوليوز 2026 07:05"),
        (fmt.clock(dt.time(17, 30), "en"), "17:30"), (fmt.weekday(1, "en"), "Mon"), (fmt.weekday(7, "fr", "wide"), "dimanche"),
    ],
)  # fmt: skip
def test_spelling(text: str, expected: str) -> None:
    assert text.replace(NBSP, NNBSP) == expected.replace(NBSP, NNBSP)


def test_a_change_carries_its_sign_and_a_share_changes_by_points() -> None:
    assert fmt.change(Cell(METRICS["turnaround_p50"], 70.4, 10, before=66.0), "en") == "+4 min"
    assert fmt.change(Cell(METRICS["over_120_share"], 0.100, 10, before=0.112), "en") == "\u22121.2 points"
    assert fmt.change(Cell(METRICS["turnaround_p50"], 66.2, 10, before=66.0), "en") == "0 min"
    assert fmt.change(Cell(METRICS["turnaround_p50"], 66.2, 10), "en") == ""


@pytest.mark.parametrize(("lang", "now", "expected"), [("fr", 0.111, "\u22120,1 point"), ("fr", 0.127, "+1,5 point"), ("fr", 0.132, "+2,0 points"), ("en", 0.127, "+1.5 points")])
def test_points_are_singular_where_the_language_says_so(lang: str, now: float, expected: str) -> None:
    assert fmt.change(Cell(METRICS["over_120_share"], now, 10, before=0.112), lang) == expected


def test_arabic_keeps_signs_before_figures_and_units_behind_them() -> None:
    """A sign is held by a mark, or it would jump behind its number; a unit in words stands to the left of the number, inside an isolate of its own direction."""
    assert fmt.change(Cell(METRICS["turnaround_p50"], 70.4, 10, before=66.0), "ar") == "\u200e+4 د"
    assert fmt.value(69.4, "min", "ar") == "\u2067\u200f69 د\u2069" and fmt.in_order("9 – 14", "ar") == "\u20669 – 14\u2069" and fmt.in_order("9 – 14", "fr") == "9 – 14"


@pytest.mark.parametrize(("now", "expected"), [(0.113, "+0,1 نقطة"), (0.162, "+5,0 نقاط"), (0.222, "+11,0 نقطة")])
def test_points_take_the_arabic_plural_of_the_number(now: float, expected: str) -> None:
    assert fmt.change(Cell(METRICS["over_120_share"], now, 10, before=0.112), "ar") == f"\u200e{expected}"


def test_a_french_duration_never_breaks_between_its_parts() -> None:
    assert not [minutes for minutes in (12, 60, 1226, 5000) if " " in fmt.duration(minutes, "fr")]


def test_every_unit_can_be_written() -> None:
    for metric in METRICS.values():
        for lang in ("en", "fr", "ar"):
            assert fmt.cell(Cell(metric, 0.5, 3), lang)


def test_marks_of_direction_are_for_screens_only() -> None:
    said = f"{fmt.share(0.123, 'ar', 1)} {fmt.value(69, 'min', 'ar')} {fmt.in_order('9–14', 'ar')} {fmt.number(-3, 'ar')}"
    assert fmt.unmarked(said) == "12,3% 69 د 9–14 -3" and fmt.plain(said) != fmt.unmarked(said) != said


def test_what_is_shown_does_not_contradict_itself() -> None:
    assert fmt.change(Cell(METRICS["turnaround_p50"], 97.4, 10, before=86.6), "fr") == "+10 min"  # 97 against 87
    assert "sans changement" in fmt.compared(Cell(METRICS["turnaround_p50"], 97.4, 10, before=96.6, before_n=10), "fr")
    assert fmt.plain(fmt.interval(6.6, 7.4, "min", "fr")) == "environ 7 min" and fmt.short_day(dt.date(2026, 4, 1), "fr").startswith("1er ")

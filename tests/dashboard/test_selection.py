"""The Selection says itself in the URL and is read back; nothing illegal gets through; the comparison is like-for-like."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.selection import COMPARISONS, FILTERS, PRESETS, VIEWS, Selection
from etl.errors import DeclarationError

NOW = dt.date(2026, 10, 4)
KNOWN = {"gate": ("P6",), "lane": ("6A", "6B", "6C"), "terminal": ("TCE", "TC3", "SOM")}


def _values(name: str):
    legal = sorted(FILTERS[name][1].codes) if FILTERS[name][1] else KNOWN[name]
    return st.lists(st.sampled_from(legal), max_size=3).map(tuple)


@st.composite
def selections(draw) -> Selection:
    filters = {name: draw(_values(name)) for name in FILTERS}
    rest = filters | {"comparison": draw(st.sampled_from(sorted(COMPARISONS))), "view": draw(st.sampled_from(sorted(VIEWS)))}
    period = draw(st.sampled_from(sorted(PRESETS)))
    if period != "custom":
        return Selection.preset("MACAS", period, NOW, **rest)
    first = draw(st.dates(dt.date(2020, 1, 1), dt.date(2027, 1, 1)))
    return Selection("MACAS", first, first + dt.timedelta(days=draw(st.integers(1, 500))), **rest)


@given(selections())
def test_what_is_written_into_the_address_is_read_back(selection: Selection) -> None:
    again, notes = Selection.from_query(selection.to_query(), "MACAS", NOW, KNOWN)
    assert again == selection
    assert notes == ()


@given(st.dictionaries(st.sampled_from(["v", "d", "from", "to", "vs", "view", *FILTERS, "other"]), st.text(max_size=30) | st.lists(st.text(max_size=8), max_size=3)))
def test_any_address_gives_a_legal_selection_and_never_an_error(query: dict) -> None:
    selection, notes = Selection.from_query(query, "MACAS", NOW, KNOWN)
    assert selection.first_day < selection.end_day
    for name, values in selection.filters.items():
        assert set(values) <= set(FILTERS[name][1].codes if FILTERS[name][1] else KNOWN[name])
    assert all(note.in_words(lang) for note in notes for lang in ("en", "fr"))


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"d": "31d"}, "d"), ({"from": "2026-02-30", "to": "2026-03-01"}, "from-to"), ({"from": "2026-03-02", "to": "2026-03-01"}, "from-to"), ({"lane": "6A,9Z"}, "lane"),
        ({"view": "best"}, "view"), ({"vs": "x"}, "vs"), ({"v": "2", "view": "core"}, "v"), ({"direction": "import';DROP"}, "direction"),
    ],
)  # fmt: skip
def test_an_illegal_value_falls_back_and_is_named(query: dict, named: str) -> None:
    selection, notes = Selection.from_query(query, "MACAS", NOW, KNOWN)
    assert [note.name for note in notes] == [named]
    assert selection.period == "28d"
    assert selection.lane == (("6A",) if named == "lane" else ())


def test_presets_count_back_from_the_day_of_now_inclusive() -> None:
    week = Selection.preset("MACAS", "7d", NOW)
    assert (week.first_day, week.last_day, week.days) == (dt.date(2026, 9, 28), NOW, 7)
    month = Selection.preset("MACAS", "month", NOW)
    assert (month.first_day, month.last_day) == (dt.date(2026, 10, 1), NOW)


@given(selections())
def test_the_comparison_has_the_same_length_and_weekdays_and_does_not_overlap(selection: Selection) -> None:
    before = selection.previous()
    if selection.comparison == "none":
        assert before is None
        return
    assert before.days == selection.days
    assert before.first_day.weekday() == selection.first_day.weekday()
    assert before.end_day <= selection.first_day
    assert (selection.first_day - before.end_day).days < 7
    assert before.filters == selection.filters and before.view == selection.view


def test_dates_in_the_address_are_inclusive_and_defaults_are_left_out() -> None:
    assert Selection.preset("MACAS", "28d", NOW).to_query() == {"v": "1"}
    days = Selection("MACAS", dt.date(2026, 9, 1), dt.date(2026, 9, 4), lane=("6B", "6A", "6A"))
    assert days.to_query() == {"v": "1", "from": "2026-09-01", "to": "2026-09-03", "lane": "6A,6B"}
    assert days.to_sql() == {"port_code": "MACAS", "first_day": dt.date(2026, 9, 1), "end_day": dt.date(2026, 9, 4), "f_lane": ["6A", "6B"]}


def test_it_says_itself_in_words() -> None:
    words = Selection("MACAS", dt.date(2026, 9, 1), dt.date(2026, 9, 4), direction=("import",), terminal=("TCE",)).in_words("en", {"terminal": {"TCE": "Terminal Est"}})
    assert words == "1 Sept 2026 to 3 Sept 2026 · All included · Terminal: Terminal Est · Direction: Import"
    assert "sept. 2026" in Selection("MACAS", dt.date(2026, 9, 1), dt.date(2026, 9, 4)).in_words("fr")


def test_an_empty_period_is_refused() -> None:
    with pytest.raises(DeclarationError, match="is empty"):
        Selection("MACAS", NOW, NOW)

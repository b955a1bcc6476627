"""Cells about US-bound cargo: none under the threshold is shown, and none can be had back from whatever else is shown."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as some

from dashboard import store
from dashboard.details import DETAILS
from dashboard.metrics import DIMENSIONS, METRICS, cargo
from dashboard.metrics.frames import LEAST_FOR_LIMITS
from dashboard.metrics.intervals import wilson
from dashboard.screens import explore_state
from dashboard.selection import FILTERS, Selection
from etl.errors import DeclarationError

SMALL = 10
ABOUT = [code for code, metric in METRICS.items() if metric.privacy == "cargo"]
# ---------------------------------------------------------------------- tables drawn by hand
MONTHS = [dt.date(2026, month, 1) for month in range(1, 10)]


def over(first: int, last: int) -> Selection:
    return Selection("MACAS", MONTHS[first - 1], dt.date(2026, last + 1, 1), comparison="none")


def shown(metric: str, *drawn: tuple[str, float | None, int], months: int = 1, total: bool = True) -> list[float | None]:
    """Values of a split by tier (the total last), all of it in each of so many months."""
    asked, period = METRICS[metric], over(1, months)
    base = cargo.judged([asked], METRICS)
    rows = [*drawn, (None, None, 0)] if total else drawn
    n = sum(each for *_, each in drawn)
    whole = sum(each if value is None or not asked.share else value * each for _, value, each in drawn)
    frame = pl.DataFrame([{"tier": tier, "is_total": tier is None, metric: (whole / n if asked.share else n) if tier is None else value, f"{metric}__n": n * months if tier is None else each * months} for tier, value, each in rows], schema={"tier": pl.String, "is_total": pl.Boolean, metric: pl.Float64, f"{metric}__n": pl.Int64})
    # Whoever holds these rows holds them all and a thousand more, so that only the metric itself is judged.
    counts = pl.DataFrame([
        {"period": month, "tier": tier, **{name: number for each in base for name, number in ((each.code, value if each.code == metric else (0.5 if each.share else 2000)), (f"{each.code}__n", n if each.code == metric else 4000))}}
        for month in MONTHS[:months] for tier, value, n in drawn
    ])  # fmt: skip
    out, _ = cargo.hide(frame, [asked], "tier", [counts], [period], base, SMALL)
    assert set(out.columns) == {*frame.columns, "is_suppressed"}
    return out[metric].to_list()


def test_a_small_count_hides_and_takes_the_next_smallest_with_it():
    assert shown("csi_filings", ("low", 300, 300), ("medium", 40, 40), ("high", 4, 4)) == [300, None, None, 344]


def test_a_share_is_judged_by_the_boxes_it_is_true_of_and_by_the_others():
    """9 hits of 600 would be read off '1.5 %'; 591 of 600 just as well. None and all describe no few boxes."""
    for hits, is_shown in ((3, False), (4, True), (196, True), (197, False), (0, True), (200, True)):
        assert (shown("csi_hit_share", ("high", hits / 200, 200), months=3) != [None, None]) is is_shown, hits


def test_a_total_of_too_few_boxes_is_hidden_too():
    assert shown("csi_filings", ("low", 3, 3), ("high", 4, 4)) == [None, None, None]


def test_no_box_is_a_count_and_covers_none():
    """That a cell is empty is seen by its absence: 4 boxes beside it stay alone, and take another with them."""
    assert shown("csi_filings", ("low", 300, 300), ("medium", 0, 0), ("high", 4, 4)) == [None, 0, None, 304]


def test_a_quarter_may_tell_what_its_months_do_not():
    """4 late of 60 a month: no month is shown, the three together are, for the months hide each other. Two months are no quarter."""
    late = ("high", 56 / 60, 60)
    assert [shown("csi_24h_share", late, months=months) for months in (1, 2, 3)] == [[None, None], [None, None], [56 / 60, 56 / 60]]


def test_what_is_rare_is_told_by_quarters_only():
    """Else one month of few would hide its quarter: the other two and the quarter would give it back."""
    often = ("high", 0.5, 400)
    assert [shown("csi_hit_share", often, months=months)[0] for months in (1, 2, 3)] == [None, None, 0.5]


HELD = {"csi_filings": (2000, 2000), "csi_referrals": (152, 152), "csi_answered_share": (1.0, 152)}


def _hidden_by(counts: dict[str, tuple[float, int]], code: str) -> tuple[bool, bool]:
    """(value hidden, n hidden) of a metric in one quarter, its holders' (value, n) given."""
    asked = METRICS[code]
    base = cargo.judged([asked], METRICS)
    frame = pl.DataFrame({"period": [MONTHS[0]], **{name: [number] for each in base for name, number in zip((each.code, f"{each.code}__n"), counts[each.code], strict=True)}})
    # A quarter of which only the first month has boxes.
    answer = pl.DataFrame({code: [counts[code][0]], f"{code}__n": [counts[code][1]]})
    row = cargo.hide(answer, [asked], None, [frame], [over(1, 3)], base, SMALL)[0].row(0, named=True)
    return row[code] is None, row[f"{code}__n"] is None


def test_a_count_that_falls_short_of_another_by_a_few_is_hidden_whatever_is_asked():
    """152 referred and 147 with a hold that ended would say that 5 still wait. The median tells no number, so it stays."""
    def found(ended: int, hits: float = 0.3) -> tuple[bool, bool]:
        return _hidden_by({**HELD, "csi_accepted_share": (100 / 152, 152), "csi_hit_share": (hits, 100), "csi_hold_p50": (540.0, ended)}, "csi_hold_p50")

    assert [found(ended) for ended in (147, 152, 142, 143)] == [(False, True), (False, False), (False, False), (False, True)]
    # Holds that ended, less the 52 waived, are the inspected: where these are not shown, nor is that number.
    assert found(152, hits=0.03) == (False, True)


def test_a_share_whose_base_gives_a_few_away_is_hidden_with_its_limits():
    """132 of 152 accepted and 127 with a result would say that 5 have none; n can be worked out of a share and its limits."""
    def found(n: int) -> tuple[bool, bool]:
        return _hidden_by({**HELD, "csi_accepted_share": (132 / 152, 152), "csi_hit_share": (0.1, n)}, "csi_hit_share")

    assert found(127) == (True, True) and found(132) == (False, False)


def test_wilson_limits_give_share_and_number_back():
    """Why a hidden share goes with its limits: of each (hits, n) the two limits are no other's."""
    seen = [tuple(round(limit, 6) for limit in wilson(hits, n)) for n in range(LEAST_FOR_LIMITS, 80) for hits in range(1, n)]
    assert len(set(seen)) == len(seen)


# ---------------------------------------------------------------------- what may be asked
def test_periods_are_whole_months_that_are_over_and_of_the_whole_port():
    now, begins = dt.date(2026, 10, 5), dt.date(2026, 1, 5)

    def days(selection: Selection) -> tuple[str, str]:
        found = cargo.settled(selection, now, begins)
        assert not found.filters and found.view == "all" and cargo.settled(found, now, begins) == found
        return f"{found.first_day:%m-%d}", f"{found.last_day:%m-%d}"

    assert days(Selection.preset("MACAS", "28d", now, terminal=("TCE",), view="core")) == ("09-01", "09-30")
    assert days(Selection.preset("MACAS", "7d", now)) == ("09-01", "09-30")
    assert days(Selection.preset("MACAS", "month", now)) == ("09-01", "09-30")
    assert days(Selection.preset("MACAS", "90d", now)) == ("07-01", "09-30")
    assert days(Selection("MACAS", dt.date(2026, 4, 10), dt.date(2026, 5, 2))) == ("04-01", "05-31")
    assert days(Selection("MACAS", dt.date(2026, 3, 20), dt.date(2026, 7, 20))) == ("01-01", "09-30")
    rare = cargo.settled(Selection.preset("MACAS", "7d", now), now, begins, is_rare=True)
    assert (rare.first_day, rare.last_day) == (dt.date(2026, 7, 1), dt.date(2026, 9, 30))
    # A log that began in January has no quarter before March is over.
    young = cargo.settled(Selection.preset("MACAS", "90d", dt.date(2026, 3, 5)), dt.date(2026, 3, 5), begins)
    assert (young.last_day, young.first_day <= begins) == (dt.date(2026, 2, 28), True)
    before = cargo.earlier(over(4, 6))
    assert before is None and cargo.earlier(replace(over(4, 6), comparison="previous")).first_day == MONTHS[0]


@pytest.mark.parametrize("name", FILTERS)
def test_no_filter_and_no_view_narrows_a_figure_about_cargo(name: str, sel: Selection):
    """One terminal after the other, or two selections that differ by one filter, would give a hidden cell back. What was not answered is named."""
    value = {"gate": "P6", "lane": "6A", "terminal": "TCE"}.get(name) or next(iter(FILTERS[name][1].codes))
    plain, narrowed = store.ask(sel, ["csi_filings"]), store.ask(replace(sel, **{name: (value,)}, view="core"), ["csi_filings"])
    assert narrowed.frame.equals(plain.frame) and narrowed.selection == plain.selection and narrowed.unanswered == {"csi_filings": (name, "view")}


def test_one_day_more_or_less_changes_nothing(sel: Selection):
    days = [replace(sel, period="custom", first_day=sel.first_day - dt.timedelta(days=back), end_day=sel.end_day - dt.timedelta(days=less)) for back, less in ((0, 0), (1, 0), (0, 1), (2, 2))]
    answers = {(found.selection.first_day, found.selection.end_day, repr(found.frame.rows())) for found in (store.ask(each, ["csi_filings", "csi_24h_share", "csi_hold_p50"], compare=True) for each in days)}
    assert len(answers) == len({(first, end) for first, end, _ in answers})
    assert all(first.day == end.day == 1 for first, end, _ in answers)


def test_what_would_cross_or_mix_figures_about_cargo_is_refused(sel: Selection):
    for metrics, how in ((["csi_filings", "visits"], {}), (["csi_filings"], {"by": ["terminal", "tier"]}), (["csi_filings"], {"grain": "day"}), (["csi_filings"], {"grain": "week"}), (["csi_filings"], {"grain": "hour"}), (["csi_referrals"], {"grain": "month"})):
        with pytest.raises(DeclarationError, match="about cargo"):
            store.ask(sel, metrics, **how)


def test_a_figure_is_the_same_whatever_is_asked_beside_it(sel: Selection):
    """Page, CSV and paper ask different bundles: what is hidden must not depend on the bundle."""
    wide = replace(sel, period="custom", first_day=sel.first_day - dt.timedelta(days=70))
    for by in ([], ["terminal"]):
        together = store.ask(wide, ABOUT, by=by, totals=True).frame
        for code in ABOUT:
            alone = store.ask(wide, [code], by=by, totals=True).frame
            same = [name for name in alone.columns if name != "is_suppressed"]
            assert together.select(same).equals(alone.select(same)), (code, by)


def test_every_metric_about_cargo_is_closed_and_says_whose_boxes_its_own_are():
    assert {metric.privacy for metric in METRICS.values() if metric.fact == "manifests"} == {"cargo"}
    assert all(METRICS[code].within for code in ABOUT if code != "csi_filings")


def test_no_row_list_shows_single_boxes_or_who_is_behind_a_row():
    """A row of fct_manifests is a cell of one: it is counted in metrics only. Rows name no firm and no HS code, so a sum over them is no firm's."""
    closed = {column for dimension in DIMENSIONS.values() if dimension.privacy != "open" or ("manifests" in dimension.sql and len(dimension.sql) == 1) for column in dimension.sql.values()}
    for detail in DETAILS.values():
        assert "fct_manifests" not in detail.sql and detail.fact != "manifests", detail.code
        selected = detail.sql.partition("EXCLUDE")[0] + detail.sql.partition("EXCLUDE")[2].partition(")")[2]
        assert not [column for column in closed | {"hs_code"} if column in selected], detail.code


# ---------------------------------------------------------------------- the attack: all answers together
TYPES = ("plain", "late", "high", "referred", "waived", "accepted", "result", "hit")
_REFERRED = {"referred", "waived", "accepted", "result", "hit"}
# Of each metric the types of box that are among its rows, and those it is true of.
ROWS = {
    "csi_filings": set(TYPES), "csi_24h_share": set(TYPES), "csi_high_share": set(TYPES), "csi_referrals": _REFERRED, "csi_answered_share": _REFERRED,
    "csi_accepted_share": _REFERRED - {"referred"}, "csi_hit_share": {"result", "hit"}, "csi_hold_p50": {"waived", "result", "hit"},
}  # fmt: skip
TRUE = {
    "csi_24h_share": set(TYPES) - {"late"}, "csi_high_share": {"high"}, "csi_answered_share": _REFERRED - {"referred"}, "csi_accepted_share": {"accepted", "result", "hit"}, "csi_hit_share": {"hit"},
}  # fmt: skip
PERIODS = ((0, 1), (1, 2), (2, 3), (0, 2), (1, 3), (0, 3))


def _attacked(seed: int, terminals: int) -> list[str]:
    """What can be solved of a random quarter from everything published of it: months, two months, the quarter; whole, by terminal, by tier; every metric.

    The unknowns are the boxes of each month, terminal, tier and type. A small number some metric speaks of is exact knowledge if its row is at right angles
    to all that the published rows leave open. Where a published number is 0, or two are equal and one is within the other, its boxes are known to be none.
    """
    size = np.random.default_rng(seed).choice((0, 0, 0, 0, 0, 1, 2, 3, 4, 7, 9, 12, 25, 80), size=(3, terminals, 2, len(TYPES))).astype(float)
    base, known, small = cargo.judged([METRICS[code] for code in ROWS], METRICS), [], []
    kinds = {(code, what): np.array([kind in found for kind in TYPES]) for code in ROWS for what, found in (("n", ROWS[code]), ("true", TRUE.get(code, set())), ("other", ROWS[code] - TRUE.get(code, set())))}

    def rows(first: int, end: int, axis: int | None, at: int, code: str) -> dict[str, np.ndarray]:
        found = {}
        for what in ("n", "true", "other") if code in TRUE else ("n",):
            mask = np.zeros(size.shape)
            mask[first:end] = kinds[code, what]
            if axis is not None:
                mask[tuple(slice(None) if each != axis else [number for number in range(size.shape[axis]) if number != at] for each in range(3))] = 0
            found[what] = mask.ravel()
        return found

    for axis, key in ((None, None), (1, "terminal"), (2, "tier")):
        values = range(size.shape[axis]) if axis else [0]

        def line(first: int, end: int, at: int, axis: int | None = axis, key: str | None = key) -> dict[str, object]:
            out: dict[str, object] = {key: at} if key else {}
            for code in ROWS:
                found = {what: float(row @ size.ravel()) for what, row in rows(first, end, axis, at, code).items()}
                out |= {code: found["n"] if code not in TRUE else found["true"] / found["n"] if found["n"] else None, f"{code}__n": int(found["n"])}
            return out

        months = pl.DataFrame([{"period": MONTHS[month], **line(month, month + 1, at)} for month in range(3) for at in values], infer_schema_length=None)
        for first, end in PERIODS:
            answer = pl.DataFrame([line(first, end, at) for at in values], infer_schema_length=None)
            counts = months.filter(pl.col("period").is_between(MONTHS[first], MONTHS[end - 1]))
            shown, _ = cargo.hide(answer, [METRICS[code] for code in ROWS], key, [counts], [over(first + 1, end)], base, SMALL)
            for at, found in zip(values, shown.iter_rows(named=True), strict=True):
                for code in ROWS:
                    mine = rows(first, end, axis, at, code)
                    known += list(mine.values()) if found[f"{code}__n"] is not None else []
                    small += [(f"{code} {what} {key} {at} months {first} to {end}", row) for what, row in mine.items() if 0 < row @ size.ravel() < SMALL]
    known = np.unique(known, axis=0)
    told = known @ size.ravel()
    none = (known[told == 0] > 0).any(axis=0)
    for number, row in enumerate(known):
        less = row - known[told == told[number]]
        none |= (less[(less >= 0).all(axis=1)] > 0).any(axis=0)
    values, basis = np.linalg.eigh(known[:, ~none].T @ known[:, ~none])
    free = basis[:, values < 1e-9].T
    return [name for name, row in small if (row[~none] > 0).any() and np.abs(free @ row[~none]).max(initial=0) < 1e-6]


@settings(max_examples=15)
@example(3376, 1)  # none of one tier in a quarter is none in its months: the other tier's late boxes were the month's, and the rest of its filings in time
@given(some.integers(0, 2**32), some.integers(1, 3))
def test_no_small_number_can_be_solved_from_all_answers_together(seed: int, terminals: int):
    assert _attacked(seed, terminals) == []


@pytest.mark.slow
@settings(max_examples=400)
@given(some.integers(0, 2**32), some.integers(1, 3))
def test_no_small_number_can_be_solved_from_many_more_tables(seed: int, terminals: int):
    assert _attacked(seed, terminals) == []


@pytest.mark.parametrize("guard", ["_covered", "_held", "_quarter"])
def test_the_attack_finds_what_is_left_open(guard: str, monkeypatch: pytest.MonkeyPatch):
    """The search above is not in vain: without any one of the guards it solves small numbers."""
    open_ = {
        "_covered": lambda self, gone, part: gone, "_held": lambda self, found, face: np.zeros(self.parts[face].shape[-1], dtype=bool),
        "_quarter": lambda self, at: {face: self._is_few(parts[:, at : at + 3].sum(axis=1)) for face, parts in self.parts.items()},
    }  # fmt: skip
    monkeypatch.setattr(cargo._Tables, guard, open_[guard])
    assert any(_attacked(seed, 3) for seed in range(6))


def test_quarters_do_not_overlap():
    """Two settled periods of a quarter or more share whole quarters or nothing."""
    now = dt.date(2026, 12, 31)
    for first, second in pairwise(range(84, 400, 23)):
        one, two = (cargo.settled(Selection("MACAS", now - dt.timedelta(days=days + days % 5), now), now, None) for days in (first, second))
        assert all(day.month % 3 == 1 and day.day == 1 for each in (one, two) for day in (each.first_day, each.end_day))


def test_the_free_analysis_offers_nothing_the_store_refuses(sel: Selection):
    """Whatever an address asks of cargo, what Explore makes of it is answered."""
    for query in ({"m": "csi_filings,visits", "by": "terminal,tier", "grain": "week"}, {"m": "visits,csi_filings", "by": "terminal"}, {"m": "csi_24h_share,csi_hit_share", "by": "tier", "grain": "month"}):
        asked, notes = explore_state.read(query)
        assert notes and not store.ask(sel, asked.metrics, asked.by, grain=asked.grain or None, totals=True).frame.is_empty()

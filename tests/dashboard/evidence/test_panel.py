"""Panels are read as said, in the order said; a table that is no panel gets one sentence."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from dashboard.evidence.panel import NEVER, from_frame, read_panel
from etl.errors import InputError

ROWS = [("A", 1, 10.0, 1), ("A", 2, 8.0, 1), ("B", 1, 12.0, 0), ("B", 2, 12.5, 0)]
COLUMNS = {"unit": "gate", "period": "week", "outcome": "minutes", "treated": "pilot"}


def _frame(rows=ROWS) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=["gate", "week", "minutes", "pilot"], orient="row")


def test_cells_and_starts() -> None:
    panel = from_frame(_frame(), start="2", **COLUMNS)
    assert panel.units == ("A", "B") and panel.periods == (1, 2) and panel.starts.tolist() == [1, NEVER]
    assert panel.outcome.tolist() == [[10.0, 8.0], [12.0, 12.5]] and not panel.is_daily


def test_rows_of_one_cell_become_their_weighted_mean() -> None:
    frame = pl.concat([_frame(), _frame([("A", 2, 14.0, 1)])]).with_columns(pl.Series("n", [1, 1, 1, 1, 2]))
    panel = from_frame(frame, start="2", weight="n", **COLUMNS)
    assert panel.outcome[0, 1] == pytest.approx((8 + 2 * 14) / 3) and panel.weight[0, 1] == 3


def test_text_periods_need_an_order() -> None:
    frame = _frame().with_columns(pl.col("week").replace_strict({1: "Q4", 2: "Q1"}))
    with pytest.raises(InputError, match="order is not known"):
        from_frame(frame, start="Q1", **COLUMNS)
    assert from_frame(frame, start="Q1", order=("Q4", "Q1"), **COLUMNS).starts.tolist() == [1, NEVER]


def test_days_are_known_as_days(tmp_path) -> None:
    path = tmp_path / "p.csv"
    path.write_text("gate,day,minutes,arm\n" + "".join(f"{g},2026-07-{d:02},{50 + d},{a}\n" for g, a in (("A", "pilot"), ("B", "comparison")) for d in range(1, 29)))
    panel = read_panel(path, unit="gate", period="day", outcome="minutes", treated="arm", start="2026-07-15")
    assert panel.is_daily and panel.starts[0] == 14 and panel.periods[0] == dt.date(2026, 7, 1)


def test_a_missing_cell_drops_its_period_and_says_so() -> None:
    panel = from_frame(_frame([*ROWS, ("A", 3, 7.0, 1)]), start="2", **COLUMNS)
    whole, dropped = panel.complete()
    assert dropped == 1 and whole.periods == (1, 2) and np.isfinite(whole.outcome).all()


@pytest.mark.parametrize(
    ("rows", "how", "said"),
    [
        (ROWS, {"start": "9"}, "no period of the data"),
        (ROWS, {"start": "1"}, "nothing was measured before"),
        (ROWS, {"start": "2", "treated": "nothing"}, "no column 'nothing'"),
        (ROWS, {"start": "2", "treated": "gate=Z"}, "no row is treated"),
        ([*ROWS, ("A", 2, 9.0, 0)], {"start": "2"}, "arms must not overlap"),
        ([("A", 1, None, 1)], {"start": "1"}, "no row has a unit"),
        ([(g, w, y, 0) for g, w, y, _ in ROWS], {"start": "2"}, "no unit is treated"),
        ([(g, w, y, 7) for g, w, y, _ in ROWS], {"start": "2"}, "neither treated nor not"),
    ],
)
def test_what_is_no_panel_gets_a_sentence(rows, how, said) -> None:
    with pytest.raises(InputError, match=said):
        from_frame(_frame(rows), **(COLUMNS | how))


def test_no_file_and_no_table(tmp_path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_panel(tmp_path / "none.csv", start="2", **COLUMNS)
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read"):
        read_panel(tmp_path / "bad.parquet", start="2", **COLUMNS)

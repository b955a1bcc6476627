"""CSI cells: none under the threshold is shown, and none can be had back from what is shown beside it."""

from __future__ import annotations

import polars as pl

from dashboard.metrics import DIMENSIONS, METRICS
from dashboard.metrics.privacy import suppress

TIER, SMALL = DIMENSIONS["tier"], 10


def cells(metric: str, *drawn: tuple[str | None, float | None, int]) -> pl.DataFrame:
    """One row a tier; a tier that is None is the total."""
    frame = pl.DataFrame(drawn, schema={"tier": pl.String, metric: pl.Float64, f"{metric}__n": pl.Int64}, orient="row")
    return frame.with_columns(is_total=pl.col("tier").is_null())


def shown(metric: str, frame: pl.DataFrame, split: bool = True) -> list[float | None]:
    out, _ = suppress(frame, ["tier"] if split else [], (TIER,) if split else (), (METRICS[metric],), SMALL)
    assert set(out.columns) == {*frame.columns, "is_suppressed"}
    return out[metric].to_list()


def test_a_small_count_hides_and_takes_the_next_smallest_with_it():
    assert shown("csi_filings", cells("csi_filings", ("low", 300, 300), ("medium", 40, 40), ("high", 4, 4), (None, 344, 344))) == [300, None, None, 344]


def test_a_share_is_judged_by_the_boxes_it_is_true_of_and_by_the_others():
    """3 hits of 200 would be read off '1.5 %'; 197 of 200 just as well. None and all describe no box."""
    for hits, is_shown in ((3, False), (10, True), (190, True), (195, False), (0, True), (200, True)):
        assert (shown("csi_hit_share", cells("csi_hit_share", ("high", hits / 200, 200)).drop("is_total"), split=False) != [None]) is is_shown, hits


def test_a_total_of_too_few_boxes_is_hidden_too():
    assert shown("csi_filings", cells("csi_filings", ("low", 3, 3), ("high", 4, 4), (None, 7, 7))) == [None, None, None]


def test_what_is_hidden_cannot_be_had_back_by_subtraction():
    """Whatever the cells: the hidden ones hold at least the threshold together, or nothing beside them is shown."""
    for sizes in ((5, 12, 300), (9, 9, 9), (0, 500, 500), (1, 10, 10), (3, 4, 2000)):
        values = shown("csi_filings", cells("csi_filings", *((name, n, n) for name, n in zip(("low", "medium", "high"), sizes, strict=True)), (None, sum(sizes), sum(sizes))))
        hidden = [n for n, value in zip(sizes, values[:3], strict=True) if value is None]
        assert all(value is None or value >= SMALL for value in values)
        assert not hidden or (len(hidden) > 1 and (sum(hidden) >= SMALL or len(hidden) == 3))


def test_one_hidden_metric_does_not_hide_the_others():
    frame = cells("csi_filings", ("low", 300.0, 300)).drop("is_total", "tier").with_columns(csi_hit_share=pl.lit(0.01), csi_hit_share__n=pl.lit(100))
    out, hidden = suppress(frame, [], (), (METRICS["csi_filings"], METRICS["csi_hit_share"]), SMALL)
    assert out.select("csi_filings", "csi_hit_share").row(0) == (300.0, None) and hidden == 1 and out["is_suppressed"].to_list() == [True]


def test_every_metric_about_cargo_is_closed():
    assert {metric.privacy for metric in METRICS.values() if metric.fact == "manifests"} == {"cargo"}


def test_no_row_list_shows_single_boxes():
    """A row of fct_manifests is a cell of one: it is counted in metrics only."""
    from dashboard.details import DETAILS

    assert not [detail.code for detail in DETAILS.values() if "fct_manifests" in detail.sql or detail.fact == "manifests"]

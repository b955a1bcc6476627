"""What two counts of one answer about US-bound boxes would tell together: hidden here for every page and paper. Results in, results out."""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from dashboard.metrics.result import Result

# Whose boxes are some of whose: a count that falls short of the other by a few gives those few away.
WITHIN: dict[str, str] = {
    **dict.fromkeys(("csi_24h_share", "csi_lead_p50", "csi_high_share", "csi_nii_share", "csi_physical_share"), "csi_filings"),
    **dict.fromkeys(("csi_resolved_share", "csi_hold_p50", "csi_hold_p90"), "csi_referrals"), "csi_hit_share": "csi_accepted_share",
}  # fmt: skip


def guarded(result: Result, small_cell: int) -> Result:
    """Hide what tells, beside another count of the same answer, of fewer than `small_cell` boxes, e.g. the referred whose hold still lasts.

    A share goes whole, for its limits give its n back; of a percentile only n goes. A table stands or falls together, or its total would tell.
    """
    frame, gone = result.frame, []
    for metric in result.metrics:
        base = WITHIN.get(metric.code)
        for before in ("", "before_") if base in frame.columns else ():
            n, whole = f"{metric.code}__{before}n", f"{base}__{before}n"
            if n not in frame.columns:
                continue
            counted = pl.col(whole) if result.metric(base).count else (pl.col(whole) * pl.col(f"{base}__before" if before else base)).round(0)
            if frame.select(((counted - pl.col(n)).abs().is_between(1, small_cell - 1)).any()).item():
                gone += [name for name in frame.columns if name == n or (metric.share and (name == metric.code or name.startswith(f"{metric.code}__")) and ("__before" in name) == bool(before))]
    return replace(result, frame=frame.with_columns(pl.lit(None, dtype=frame.schema[name]).alias(name) for name in dict.fromkeys(gone)))

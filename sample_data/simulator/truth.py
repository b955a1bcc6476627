"""What really happened, written beside the logs: visits with and without the pilot, stages, zone stays, faults, the pilot's effect."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from sample_data.simulator import port
from sample_data.simulator.options import PILOT_LANES, Options
from sample_data.simulator.rows import pick

_STEP_OF = {port.YARD_1: "terminal", port.YARD_2: "terminal", port.PHYSICAL: "physical_inspection", port.PHYTO: "phytosanitary_inspection", port.EXIT: "exit_check", port.OUT: "port_gate_out"}


class Book:
    """One Parquet file that grows by whole frames, so that memory stays constant. The same frames give the same bytes."""

    def __init__(self, path: Path) -> None:
        self.path, self._writer = path, None
        path.parent.mkdir(parents=True, exist_ok=True)

    def add(self, frame: pl.DataFrame) -> None:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pq.ParquetWriter(self.path, table.schema, compression="zstd")
        if len(frame):
            self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


def instants(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Turn UTC seconds into naive Datetime[us]."""
    return frame.with_columns((pl.col(name) * 1_000_000).cast(pl.Datetime("us")) for name in names)


def stages(records: pl.DataFrame, scans: pl.DataFrame) -> pl.DataFrame:
    """One row a stop. `started_at` is when service began, `ended_at` when the truck was free to go (for a scan: the verdict)."""
    is_full = (pl.col("role") == port.WEIGH_1) == (pl.col("direction") == 1)
    weigh = pl.col("role").is_in([port.WEIGH_1, port.WEIGH_2])
    rows = records.filter(~pl.col("role").is_in([port.ENTRY, port.SCAN, port.VERDICT, port.PARK])).with_columns(
        step_code=pl.when(weigh & is_full).then(pl.lit("weigh_full")).when(weigh).then(pl.lit("weigh_empty")).otherwise(pl.col("role").replace_strict(_STEP_OF, default="", return_dtype=pl.String)),
        place_code=pl.when(weigh).then(pl.concat_str(pl.lit("WB"), (pl.col("server") + 1).cast(pl.String)))
        .when(pl.col("pool").is_between(port.P_TCE, port.P_SOM)).then(pick(pl.col("pool") - port.P_TCE, port.TERMINALS))
        .when(pl.col("role") == port.PHYSICAL).then(pl.lit("INSP")).when(pl.col("role") == port.PHYTO).then(pl.lit("ONSSA"))
        .when(pl.col("role") == port.EXIT).then(pl.lit("EXIT")).otherwise(pl.lit("P6")),
        done=pl.when(pl.col("pool").is_between(port.P_TCE, port.P_SOM)).then("left").otherwise("ended"),
    )  # fmt: skip
    scanned = scans.with_columns(step_code=pl.lit("scan"), place_code=pl.lit("SCAN"), done=pl.col("verdict"))
    columns = ["visit", "leg", "step_code", "place_code", "arrived", "started", "done"]
    rows = pl.concat([rows.select(columns), scanned.select(columns)]).sort("visit", "leg")
    rows = rows.rename({"visit": "visit_no", "leg": "stop_seq", "arrived": "arrived_at", "started": "started_at", "done": "ended_at"})
    return instants(rows, "arrived_at", "started_at", "ended_at")


def pilot_effect(done: pl.DataFrame, options: Options) -> dict:
    """Return the effect of the pilot as on minus off, per lane and arm, over visits of pilot days that ended in both runs."""
    measures = {"mean": pl.Expr.mean, "median": pl.Expr.median}

    def one(part: pl.DataFrame) -> dict:
        if part.is_empty():
            return {"visits_n": 0}
        values: dict[str, object] = {"visits_n": len(part)}
        for name, measure in measures.items():
            on, off = (float(part.select(measure(pl.col(column))).item()) for column in ("turnaround_min", "turnaround_off_min"))
            values |= {f"{name}_on_min": round(on, 6), f"{name}_off_min": round(off, 6), f"{name}_effect_min": round(on - off, 6), f"{name}_effect_share": round((on - off) / off, 6)}
        on, off = (part[column].quantile(0.9, "linear") for column in ("turnaround_min", "turnaround_off_min"))
        values |= {"p90_on_min": round(on, 6), "p90_off_min": round(off, 6), "p90_effect_min": round(on - off, 6)}
        checks_on, checks_off = float(part["checks_n"].mean()), float(part["checks_off_n"].mean())
        return values | {"checks_on_mean": round(checks_on, 6), "checks_off_mean": round(checks_off, 6), "checks_effect": round(checks_on - checks_off, 6)}

    arms = {"pilot": done.filter(pl.col("lane_code").is_in(PILOT_LANES)), "comparison": done.filter(~pl.col("lane_code").is_in(PILOT_LANES))}
    return {
        "definition": "on minus off: the same port, seed and trucks simulated with the pilot and without it; comparison lanes show the spillover",
        "pilot_start": str(options.pilot_start), "pilot_lanes": list(PILOT_LANES), "effect_parameter": options.effect, "checks_removed_parameter": options.checks_removed, "world": options.world,
        "direct": one(arms["pilot"]), "spillover": one(arms["comparison"]), "all": one(done),
        "lanes": {lane: one(done.filter(pl.col("lane_code") == lane)) for lane in port.LANES},
    }  # fmt: skip


def write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")


def minutes(later: str, earlier: str) -> pl.Expr:
    return (pl.col(later) - pl.col(earlier)) / np.float64(60)

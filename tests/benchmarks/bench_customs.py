"""Customs benchmark: `python tests/benchmarks/bench_customs.py [--declarations 1000000] [--days 90] [--out FOLDER] [--profile]`.

One load of 1 M declarations with 5 M events from daily CSV files, into an empty home (<= 60 s on 2 cores). The files are written day by day
and lie in no memory; every declaration names a container, one in fifty lines is a planted fault, so that the accounting has something to count.
CPU seconds stand beside wall seconds, because the machine may be shared. The load is its own process.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

from tests.benchmarks.bench_load import load

HEADER = "DUM;Evenement;Horodatage;Bureau;Regime;SH;Circuit;Resultat;Declarant;Conteneur;Masse brute (kg)\n"
EVENTS = ("ENREGISTREMENT", "SELECTION", "LIQUIDATION", "MAINLEVEE", "ARRIVEE")
AFTER_H = ((0, 0), (0.1, 1), (1, 8), (8, 60), (-70, 6))  # hours from the lodging, least and most
FIRST = dt.date(2026, 5, 4)
FAULTY = 50


def write(folder: Path, declarations_n: int, days: int, seed: int = 1) -> dict:
    """Write one plain CSV file a day, events in time order. Return how many lines and bytes, and how many lines are damaged."""
    folder.mkdir(parents=True)
    rng, counted = np.random.default_rng(seed), {"lines_n": 0, "bytes_n": 0, "faulty_n": 0}
    waiting: list[pl.DataFrame] = []
    for day in range(days + 4):
        on = FIRST + dt.timedelta(days=day)
        number = np.arange(declarations_n * day // days, declarations_n * (day + 1) // days) if day < days else np.arange(0)
        begin = int(dt.datetime.combine(on, dt.time(), dt.UTC).timestamp())
        lodged = begin + rng.integers(0, 86_400, len(number))
        circuit = rng.choice(["ADMIS_CONFORME", "DOCUMENTS", "VISITE"], len(number), p=[0.65, 0.28, 0.07])
        base = pl.DataFrame(
            {
                "number": pl.Series(number).cast(pl.String).str.zfill(8), "office": rng.choice(["309", "312"], len(number)), "regime": rng.choice(["010", "022", "060"], len(number)),
                "heading": rng.choice(["0805", "8517", "6109", "1006"], len(number)), "circuit": circuit, "declarant": rng.integers(1, 61, len(number)),
                "box": pl.Series(rng.integers(0, 400_000, len(number))).cast(pl.String).str.zfill(7), "kg": rng.integers(300, 2_900, len(number)) * 10,
            }
        )  # fmt: skip
        for event, (least, most) in zip(EVENTS, AFTER_H, strict=True):
            at = lodged + (3600 * rng.uniform(least, max(most, least + 1e-9), len(number))).astype(np.int64)
            waiting.append(base.with_columns(event=pl.lit(event), at=pl.Series(np.maximum(at, int(dt.datetime.combine(FIRST, dt.time(), dt.UTC).timestamp())))))
        rows = pl.concat(waiting)
        today = rows.filter(pl.col("at") < begin + 86_400).sort("at")
        waiting = [rows.filter(pl.col("at") >= begin + 86_400)]
        if today.is_empty():
            continue
        is_faulty = pl.int_range(pl.len()) % FAULTY == FAULTY - 1
        line = pl.concat_str(
            pl.lit("IM309"), "number", pl.lit(";"), pl.when(is_faulty).then(pl.lit("INCONNU")).otherwise("event"), pl.lit(";"), pl.from_epoch("at", time_unit="s").dt.strftime("%Y-%m-%d %H:%M:%S"), pl.lit(";"), "office", pl.lit(";"),
            "regime", pl.lit(";"), "heading", pl.lit(";"), pl.when(pl.col("event").is_in(["ENREGISTREMENT", "ARRIVEE"])).then(pl.lit("")).otherwise("circuit"), pl.lit(";;TRANSIT "), pl.col("declarant").cast(pl.String),
            pl.lit(";SMPU"), "box", pl.lit(";"), pl.when(pl.col("event") == "ENREGISTREMENT").then(pl.col("kg").cast(pl.String)).otherwise(pl.lit("")),
        )  # fmt: skip
        data = (HEADER + today.select(line.str.join("\n")).item() + "\n").encode()
        (folder / f"douane_{on}.csv").write_bytes(data)
        counted["lines_n"] += today.height
        counted["bytes_n"] += len(data)
        counted["faulty_n"] += today.height // FAULTY
    return counted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--declarations", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    work = arguments.out or Path(tempfile.mkdtemp(prefix="bench_customs_"))
    print(f"{os.cpu_count()} cores, load {os.getloadavg()}")
    try:
        began = time.perf_counter()
        made = write(work / "inbox", arguments.declarations, arguments.days)
        print(f"written in {time.perf_counter() - began:.1f} s:", json.dumps(made))
        found = load(work / "home", work / "inbox")
        print("one load:", found)
        assert found["read_n"] == made["lines_n"], "every line is accounted for"
    finally:
        if not arguments.out:
            shutil.rmtree(work, ignore_errors=True)
    print(f"load {os.getloadavg()}")


if __name__ == "__main__":
    main()

"""Fixes to zone stays beside other programs: CPU and accuracy on one and the same file, each in an environment of its own, one core each.

    python -m tests.benchmarks.bench_peers [--visits 600] [--rounds 3] [--envs FOLDER] [--only movingpandas,pymeos,scikit-mobility]

The environments are thrown away unless `--envs` names where to keep them; none of the peers is in this project's locks. They are
made with `python -m venv` and pip, so the package index must be reachable. What a peer cannot do here (not installable, or a call
that fails) is printed as such. Timed is the way from fixes in memory to zone stays, imports and reading excluded:

- **this house**: stays.pieces and stays.stitch: rules, ids and local times included, as a load runs them;
- **MovingPandas**: a TrajectoryCollection split at silences of 9 minutes and clipped by each zone, which interpolates at the zone's edge;
- **PyMEOS**: a temporal point a truck and silence, `at` each zone's polygon, which interpolates at the edge;
- **scikit-mobility**: TrajDataFrame.mapping to the zones, then runs of fixes in one zone (it has no crossing of an edge).

Accuracy: what every program finds is joined where a truck is away at most 180 s, as the declared meaning of a stay says, and held
against the true stays. Prints Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import polars as pl

from etl.settings import ROOT
from tests.etl.tracks import BOXES, box, bridged, score, tracks

_HEAD = """
import json, os, sys, time
os.environ["POLARS_MAX_THREADS"] = "1"
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
folder, rounds = sys.argv[1], int(sys.argv[2])
zones = json.load(open(folder + "/zones.json"))
"""
_TAIL = """
times = []
while len(times) <= rounds and sum(times) < 20:  # the first is a warm-up where there is time for more
    began = time.process_time()
    rows = run()
    times.append(time.process_time() - began)
with open(folder + "/found.csv", "w") as file:
    file.write("plate_key,zone_code,from_us,to_us\\n")
    file.writelines(f"{plate},{zone},{int(low)},{int(high)}\\n" for plate, zone, low, high in rows)
print(json.dumps({"cpu_s": times[1:] or times, "version": version}))
"""
_OURS = """
import polars as pl
from etl.transform import stays
from etl.transform.zones import ZoneGrid
from tests.etl.tracks import site
version, port, fixes = "this house", site(), pl.read_csv(folder + "/fixes.csv", schema_overrides={"plate_key": pl.String}).with_columns(fix_at=pl.col("at_us").cast(pl.Datetime("us")))
grid = ZoneGrid.from_site(port)
def run():
    found = stays.stitch(stays.pieces(fixes, grid), port, grid)
    return found.select("plate_key", "zone_code", pl.col("entered_at").to_physical(), pl.col("left_at").to_physical()).rows()
"""
_MOVINGPANDAS = """
import warnings; warnings.filterwarnings("ignore")
from datetime import timedelta
import pandas, geopandas, movingpandas
from shapely.geometry import shape
version = movingpandas.__version__
frame = pandas.read_csv(folder + "/fixes.csv", dtype={"plate_key": str})
frame["t"] = pandas.to_datetime(frame["at_us"], unit="us")
def run():
    points = geopandas.GeoDataFrame(frame, geometry=geopandas.points_from_xy(frame["longitude_deg"], frame["latitude_deg"]), crs=4326).set_index("t")
    whole = movingpandas.ObservationGapSplitter(movingpandas.TrajectoryCollection(points, "plate_key")).split(gap=timedelta(seconds=540))
    rows = []
    for code, polygon in zones.items():
        for part in whole.clip(shape(polygon)):
            at = part.df.index.tz_localize("UTC").as_unit("us").asi8
            rows.append((part.df["plate_key"].iloc[0].split("_")[0], code, at[0], at[-1]))
    return rows
"""
_PYMEOS = """
import csv, datetime as dt
from pymeos import TGeomPointInst, TGeomPointSeq, pymeos_initialize
from shapely.geometry import Point, shape
import pymeos
version = pymeos.__version__
pymeos_initialize("UTC")
polygons = {code: shape(polygon) for code, polygon in zones.items()}
trucks = {}
for row in csv.DictReader(open(folder + "/fixes.csv")):
    trucks.setdefault(row["plate_key"], []).append((int(row["at_us"]), float(row["longitude_deg"]), float(row["latitude_deg"])))
def run():
    rows = []
    for plate, fixes in trucks.items():
        fixes.sort()
        parts = [[fixes[0]]]
        for before, fix in zip(fixes, fixes[1:]):
            if fix[0] - before[0] > 540_000_000:
                parts.append([])
            parts[-1].append(fix)
        for part in parts:
            way = TGeomPointSeq(instant_list=[TGeomPointInst(point=Point(x, y), timestamp=dt.datetime.fromtimestamp(at / 1e6, dt.timezone.utc)) for at, x, y in part], upper_inc=True)
            for code, polygon in polygons.items():
                inside = way.at(polygon)
                if inside is not None:
                    for span in inside.time().spans():
                        rows.append((plate, code, span.lower().timestamp() * 1e6, span.upper().timestamp() * 1e6))
    return rows
"""
_SKMOB = """
import warnings; warnings.filterwarnings("ignore")
import pandas, geopandas, skmob
from importlib.metadata import version as of
from shapely.geometry import shape
version = of("scikit-mobility")
frame = pandas.read_csv(folder + "/fixes.csv", dtype={"plate_key": str})
frame["t"] = pandas.to_datetime(frame["at_us"], unit="us")
cells = geopandas.GeoDataFrame({"tile_ID": list(zones)}, geometry=[shape(polygon) for polygon in zones.values()], crs=4326)
def run():
    points = skmob.TrajDataFrame(frame, latitude="latitude_deg", longitude="longitude_deg", datetime="t", user_id="plate_key")
    held = points.mapping(cells, remove_na=False).sort_values(["uid", "datetime"])
    zone, at = held["tile_ID"].fillna(""), held["datetime"]
    new = (held["uid"] != held["uid"].shift()) | (zone != zone.shift()) | (at.diff() > pandas.Timedelta(seconds=540))
    runs = pandas.DataFrame({"uid": held["uid"], "zone": zone, "at": held["at_us"], "run": new.cumsum()}).groupby("run").agg({"uid": "first", "zone": "first", "at": ["min", "max"]})
    return [row for row in runs.itertuples(index=False, name=None) if row[1]]
"""
PEERS = {"movingpandas": _MOVINGPANDAS, "pymeos": _PYMEOS, "scikit-mobility": _SKMOB}
# Of scikit-mobility, 1.3 needs a python-igraph that has no wheel for Python 3.11, and 1.2.2 names no upper bounds but fails with newer ones.
PACKAGES = {"scikit-mobility": ("scikit-mobility==1.2.2", "shapely<2", "pandas<2", "numpy<2", "geopandas<0.13", "h3<4", "rtree")}


def environment(folder: Path, package: str) -> Path:
    """Return the Python of an environment that holds the package; made if it is not there. Raises CalledProcessError or TimeoutExpired when it cannot be had."""
    python = folder / package / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder / package], check=True, capture_output=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "--only-binary", ":all:", *PACKAGES.get(package, (package,))], check=True, capture_output=True, text=True, timeout=900)
    return python


def measured(python: str | Path, script: str, folder: Path, rounds: int) -> tuple[dict, pl.DataFrame]:
    """Run one program on the file; return what it says of itself, and its stays."""
    run = subprocess.run([python, "-c", _HEAD + script + _TAIL, folder, str(rounds)], capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}, timeout=3600)
    found = pl.read_csv(folder / "found.csv", schema_overrides={"plate_key": pl.String})
    at = [pl.col(column).cast(pl.Datetime("us")).alias(name) for column, name in (("from_us", "entered_at"), ("to_us", "left_at"))]
    return json.loads(run.stdout.splitlines()[-1]), found.select("plate_key", "zone_code", *at)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--visits", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--envs", type=Path)
    parser.add_argument("--only", default=",".join(PEERS))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench_peers_") as name:
        folder = Path(name)
        fixes, truth = tracks(101, options.visits)
        fixes.sort("plate_key", "fix_at").select("plate_key", pl.col("fix_at").to_physical().alias("at_us"), "longitude_deg", "latitude_deg").write_csv(folder / "fixes.csv")
        (folder / "zones.json").write_text(json.dumps({code: box(*sides) for code, (_, *sides) in BOXES.items()}))
        print(f"{len(fixes):,} fixes of {options.visits} drawn visits, {len(BOXES)} zones, {len(truth):,} true stays; load {os.getloadavg()[0]:.1f}; CPU, median of {options.rounds}\n")
        print("| program | fixes per CPU second | ours is faster by | stays | F1 | duration error, min |\n|---|---:|---:|---:|---:|---:|")
        ours = None
        for peer, script in (("this house", _OURS), *((peer, PEERS[peer]) for peer in options.only.split(",") if peer)):
            try:
                python = sys.executable if ours is None else environment(options.envs or folder, peer)
                about, found = measured(python, script, folder, options.rounds)
            except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
                last = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
                print(f"| {peer} | not measured: {last[:160]} | | | | |")
                continue
            rate = len(fixes) / statistics.median(about["cpu_s"])
            ours = ours or rate
            got = score(bridged(found), truth)
            print(f"| {peer} {about['version'] if rate != ours else ''} | {rate:,.0f} | {ours / rate:.1f} | {got['found']:,} | {got['f1']:.4f} | {got['mae_min'] if got['pairs'] else float('nan'):.3f} |")


if __name__ == "__main__":
    main()

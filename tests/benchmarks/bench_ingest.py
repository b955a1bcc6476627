"""CSV ingest against DuckDB's own typed `CREATE TABLE AS read_csv` of the same file: CPU, paired, in one process and run.

    python -m tests.benchmarks.bench_ingest [--lines 2000000] [--rounds 5] [--source tracking|gate]

Ours is everything between a file and rows a reader sees: SHA-256, reading, physical-line accounting, types, codes, references
with dates, rules, pseudonyms, digests, rejects with reasons and masks, the raw copy in quarantine, the lake's Parquet and
its manifest. DuckDB's is the typed parse alone (`ignore_errors`, since one line in 10,000 is faulty). Prints Markdown.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import polars as pl

from etl import quarantine
from etl.contracts.reference import Site, load_site
from etl.identities import Identities
from etl.lake import Lake
from etl.sources import file_id, load_mappings, match
from etl.validate import check_file

SITE = 'port_code = "XXTST"\nport_name = "Bench"\nzone_name = "Africa/Casablanca"\nlongitude_deg = -7.6\nlatitude_deg = 33.6\n'
TRACKING = """
source = "tracking"
files = ["tracking.csv"]
format = "csv"
clock = "utc"
[columns]
plate = "plate"
fix_at = "time"
longitude_deg = "lon"
latitude_deg = "lat"
speed_kmh = "speed"
"""
GATE = """
source = "gate"
files = ["gate.csv"]
format = "csv"
delimiter = ";"
clock = "zone:Africa/Casablanca"
time_formats = ["%d/%m/%Y %H:%M:%S"]
[columns]
event_code = "way"
gate_code = "gate"
lane_code = "lane"
presented_at = "seen"
cleared_at = "passed"
plate = "truck"
cargo_class_code = "class"
appointment_ref = "ref"
[constants]
perimeter_code = "port"
[codes.event_code]
E = "in"
S = "out"
"""
DUCKDB = {
    "tracking": "columns = {'plate': 'VARCHAR', 'time': 'TIMESTAMP', 'lon': 'DOUBLE', 'lat': 'DOUBLE', 'speed': 'DOUBLE'}, delim = ','",
    "gate": "columns = {'way': 'VARCHAR', 'gate': 'VARCHAR', 'lane': 'VARCHAR', 'seen': 'TIMESTAMP', 'passed': 'TIMESTAMP', 'truck': 'VARCHAR', 'class': 'VARCHAR', 'ref': 'VARCHAR'}, "
    "delim = ';', timestampformat = '%d/%m/%Y %H:%M:%S'",
}


@dataclass(frozen=True)
class Bench:
    folder: Path
    site: Site
    path: Path
    source: str


def draw(folder: Path, source: str, lines: int) -> Bench:
    """Write a seeded log with one faulty line in 10,000, and the site to read it."""
    site = folder / "site"
    (site / "mappings").mkdir(parents=True)
    (site / "reference").mkdir()
    (site / "site.toml").write_text(SITE)
    (site / "mappings" / f"{source}.toml").write_text({"tracking": TRACKING, "gate": GATE}[source])
    (site / "reference" / "gates.csv").write_text("gate_code,valid_from,name_en\nP6,2024-04-26,P6\n")
    (site / "reference" / "lanes.csv").write_text("lane_code,gate_code,name_en\n" + "".join(f"6{letter},P6,6{letter}\n" for letter in "ABCD"))
    draws, path = np.random.default_rng(7), folder / f"{source}.csv"
    trucks = pl.Series([f"{number}-{'ABDHWT'[number % 6]}-{number % 89 + 1}" for number in range(10_000, 13_000)])
    if source == "tracking":
        at = np.datetime64("2026-06-15T00:00:00") + (np.arange(lines) * 86_000_000 // max(lines, 1)).astype("timedelta64[ms]")
        frame = pl.DataFrame(
            {
                "plate": trucks.gather(draws.integers(0, len(trucks), lines)), "time": pl.Series(at).dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "lon": (-7.61 + draws.normal(0, 0.01, lines)).round(6), "lat": (33.6 + draws.normal(0, 0.01, lines)).round(6), "speed": draws.uniform(0, 60, lines).round(1),
            }
        )  # fmt: skip
    else:
        at = np.datetime64("2026-06-01T06:00:00") + (np.arange(lines) * 1_300).astype("timedelta64[ms]")
        frame = pl.DataFrame(
            {
                "way": np.array(["E", "S"])[draws.integers(0, 2, lines)], "gate": ["P6"] * lines, "lane": np.array(["6A", "6B", "6C", "6D"])[draws.integers(0, 4, lines)],
                "seen": pl.Series(at).dt.strftime("%d/%m/%Y %H:%M:%S"), "passed": pl.Series(at + np.timedelta64(40, "s")).dt.strftime("%d/%m/%Y %H:%M:%S"),
                "truck": trucks.gather(draws.integers(0, len(trucks), lines)), "class": np.array(["dry", "reefer", "empty"])[draws.integers(0, 3, lines)],
                "ref": pl.Series(np.arange(lines).astype(str)).str.pad_start(8, "0"),
            }
        )  # fmt: skip
    written = frame.write_csv(separator="," if source == "tracking" else ";").encode().split(b"\n")
    for number in range(5_000, len(written) - 1, 10_000):
        written[number] = written[number][:-12]
    path.write_bytes(b"\n".join(written))
    return Bench(folder, load_site(site), path, source)


def by_duckdb(bench: Bench) -> int:
    target = bench.folder / "typed.duckdb"
    target.unlink(missing_ok=True)
    with duckdb.connect(str(target)) as connection:
        connection.execute(f"CREATE TABLE log AS SELECT * FROM read_csv('{bench.path}', header = true, auto_detect = false, ignore_errors = true, {DUCKDB[bench.source]})")
        return connection.execute("SELECT count(*) FROM log").fetchone()[0]


def by_us(bench: Bench, serial: int) -> int:
    home = bench.folder / f"home-{serial}"
    mapping, name_id = match(bench.path, load_mappings(bench.site.mappings)), file_id(bench.path)
    checked = check_file(bench.path, mapping, bench.site, Identities(b"a key for benchmarks"), name_id)
    quarantine.keep_file(home / "quarantine", bench.site.port_code, name_id, bench.path)
    quarantine.keep_rejects(home / "quarantine", bench.site.port_code, name_id, checked.reject_bytes)
    lake = Lake(home / "lake", bench.site.port_code)
    lake.append(mapping.source.table.name, checked.good)
    lake.commit()
    return checked.good.height


def timed(work: Callable[[], int]) -> tuple[int, float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    rows = work()
    return rows, time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=2_000_000)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--source", choices=sorted(DUCKDB), default="tracking")
    args = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = draw(Path(folder), args.source, args.lines)
        by_us(bench, -1)
        theirs, ours = [], []
        for serial in range(args.rounds):
            theirs.append(timed(lambda: by_duckdb(bench)))
            ours.append(timed(lambda serial=serial: by_us(bench, serial)))
        ratios = [mine[1] / yours[1] for mine, yours in zip(ours, theirs, strict=True)]
        print(f"{args.source} CSV, {args.lines:,} lines, {bench.path.stat().st_size / 1e6:.0f} MB; {platform.machine()}, DuckDB {duckdb.__version__}, Polars {pl.__version__}\n")
        print("| | rows | CPU s, median | wall s, median |\n|---|---:|---:|---:|")
        for name, runs in (("DuckDB typed CREATE TABLE AS read_csv", theirs), ("ingest into the lake", ours)):
            print(f"| {name} | {runs[0][0]:,} | {statistics.median(run[1] for run in runs):.2f} | {statistics.median(run[2] for run in runs):.2f} |")
        print(f"\nCPU ratio, paired: median {statistics.median(ratios):.2f}, from {min(ratios):.2f} to {max(ratios):.2f} (promised: at most 2, wished for: 1.6)")


if __name__ == "__main__":
    main()

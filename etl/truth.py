"""How near a build comes to the truth of simulated data: visits, turnaround, queue, zone stays, planted faults. Never used to make a build.

The rules of matching, so that the figures can be judged:
- **Visit**: same truck, gate-in within 2 minutes of the true one, one to one, nearest first. Every true visit counts, also those
  whose gate-in was never logged; every reconstructed visit counts, also open ones. Strict F1 asks in addition that a known
  gate-out lies within 2 minutes of the true one.
- **Turnaround**: mean absolute error of P over matched visits that have one, which needs both gate events and a certain clock.
- **Zone stay**: same truck and zone, overlapping by at least half of their union, one to one; the error is that of its minutes.
- **Fault**: found and classified when the build holds the same code at the same place: rejects and findings about a line by file
  and line; findings about a visit by the matched visit (a missed entry by its gate-out line); file findings by file; clock
  faults by source, place and day; lines of a declaration set apart for an impossible order by file and line; duplicates by count per file, for a superseded line leaves a count only. A missed exit counts
  once it can be known: when the truck has come again, or 72 h have passed by the build's newest event.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import asdict, dataclass
from pathlib import Path

import duckdb
import polars as pl

from etl.contracts.reference import load_site
from etl.errors import InputError
from etl.identities import Identities, load_identities
from etl.lake import Lake
from etl.settings import Settings
from etl.transform.reach import LONGEST_VISIT
from etl.warehouse import open_build

NEAR = dt.timedelta(minutes=2)
HALF = 0.5
_TARGETS = {"visits_f1": 0.995, "turnaround_mae_min": 0.1, "stays_f1": 0.985, "stay_mae_min": 0.35, "faults_share": 0.99}
_VISIT_FAULTS = ("missed_exit", "missing_second_weighing", "overnight_stay")
_FILE_FAULTS = ("late_file", "out_of_order_file")
_PLACE_OF_SOURCE = ("weighbridge", "services")


@dataclass(frozen=True)
class Kind:
    """One kind of planted fault: how many were planted, found under the right name, and reported beyond those planted."""

    code: str
    planted_n: int
    found_n: int
    others_n: int


@dataclass(frozen=True)
class TruthReport:
    """The figures of one comparison; None where the truth or the build holds nothing to compare."""

    visits_true_n: int
    visits_found_n: int
    visits_f1: float | None
    visits_strict_f1: float | None
    turnaround_n: int
    turnaround_mae_min: float | None
    queue_n: int
    queue_mae_min: float | None
    stays_true_n: int
    stays_found_n: int
    stays_f1: float | None
    stay_mae_min: float | None
    faults_n: int
    faults_share: float | None
    kinds: tuple[Kind, ...]

    @property
    def misses(self) -> tuple[str, ...]:
        """Return the names of the figures that miss their target."""
        figures = {name: getattr(self, name) for name in _TARGETS}
        worse = {name: value < _TARGETS[name] if name.endswith(("f1", "share")) else value > _TARGETS[name] for name, value in figures.items() if value is not None}
        return tuple(name for name, is_worse in worse.items() if is_worse)

    def text(self) -> str:
        def figure(value: float | None, form: str = ".4f") -> str:
            return "no data" if value is None else format(value, form)

        rows = [
            f"Visits: {self.visits_found_n:,} found, {self.visits_true_n:,} true. F1 {figure(self.visits_f1)} (target >= 0.995), with the gate-out too {figure(self.visits_strict_f1)}",
            f"Turnaround: mean error {figure(self.turnaround_mae_min)} min over {self.turnaround_n:,} visits (target <= 0.1)",
            f"Queue: mean error {figure(self.queue_mae_min)} min over {self.queue_n:,} visits",
            f"Zone stays: {self.stays_found_n:,} found, {self.stays_true_n:,} true. F1 {figure(self.stays_f1)} (target >= 0.985), mean error {figure(self.stay_mae_min)} min (target <= 0.35)",
            f"Planted faults: {figure(self.faults_share, '.2%')} of {self.faults_n:,} found and classified (target >= 99 %)",
            f"  {'kind':<26}{'planted':>9}{'found':>9}{'others':>9}",
            *(f"  {kind.code:<26}{kind.planted_n:>9,}{kind.found_n:>9,}{kind.others_n:>9,}" for kind in self.kinds),
            "Others: reported beyond what was planted, such as the lines of a truck whose gate-in was never logged.",
            "All targets are met." if not self.misses else f"Missed: {', '.join(self.misses)}",
        ]
        return "\n".join(rows)


def run(settings: Settings, folder: Path | None, *, as_json: bool = False) -> int:
    """Print the comparison of the current build with a truth folder. Returns the exit code: 0 when every target is met, else 1."""
    if folder is None or not (folder / "visits.parquet").is_file():
        raise InputError(str(folder or "truth"), "there is no visits.parquet", "", "Name the truth folder that the simulator wrote beside the logs")
    site = load_site(settings.site)
    build = open_build(settings.build, site.port_code)
    found = report(folder, build.connection, load_identities(settings.keys, site, create=False), Lake(settings.lake, site.port_code))
    print(json.dumps(asdict(found) | {"misses": found.misses}) if as_json else found.text())
    return 1 if found.misses else 0


def report(truth_dir: Path, connection: duckdb.DuckDBPyConnection, identities: Identities, lake: Lake | None = None) -> TruthReport:
    """Compare a build with the truth. `lake` is asked for the lines of gate-outs without a gate-in; without it those count as not found."""
    truth = pl.read_parquet(truth_dir / "visits.parquet")
    truth = truth.with_columns(plate_key=identities.pseudonyms(truth["plate"], "plate"))
    visits = connection.cursor().sql("SELECT visit_id, plate_key, entry_at, exit_at, turnaround_min, queue_min FROM fct_visits").pl()
    pairs = _nearest(truth, visits)
    both = pairs.filter(pl.col("turnaround_min").is_not_null() & pl.col("true_turnaround_min").is_not_null())
    queued = pairs.filter(pl.col("queue_min").is_not_null() & pl.col("true_queue_min").is_not_null())
    whole = pairs.filter(pl.col("exit_at").is_null() | ((pl.col("exit_at") - pl.col("true_exit_at")).abs() <= NEAR).fill_null(False))
    stays = _stays(truth_dir, connection, identities)
    kinds = _faults(truth_dir, connection, truth, pairs, lake)
    planted = sum(kind.planted_n for kind in kinds)
    return TruthReport(
        truth.height, visits.height, _f1(pairs.height, truth.height, visits.height), _f1(whole.height, truth.height, visits.height),
        both.height, _mae(both["turnaround_min"] - both["true_turnaround_min"]), queued.height, _mae(queued["queue_min"] - queued["true_queue_min"]),
        *stays, planted, sum(kind.found_n for kind in kinds) / planted if planted else None, kinds,
    )  # fmt: skip


def _f1(pairs_n: int, true_n: int, found_n: int) -> float | None:
    return 2 * pairs_n / (true_n + found_n) if true_n and found_n else None


def _mae(error: pl.Series) -> float | None:
    return error.abs().mean()


def _one_to_one(pairs: pl.DataFrame, *best_first: pl.Expr) -> pl.DataFrame:
    """Keep each `true_no` and each `found_no` once, the best pairs first."""
    ordered = pairs.sort(*best_first, "true_no", "found_no")
    return ordered.unique("true_no", keep="first", maintain_order=True).unique("found_no", keep="first", maintain_order=True)


def _nearest(truth: pl.DataFrame, visits: pl.DataFrame) -> pl.DataFrame:
    true = truth.select(
        "plate_key", "visit_no", true_no="visit_no", true_entry_at="entry_at", true_exit_at="exit_at", true_turnaround_min="turnaround_min", true_queue_min="queue_min"
    )
    apart = (pl.col("entry_at") - pl.col("true_entry_at")).abs()
    pairs = visits.with_row_index("found_no").join(true, on="plate_key").filter(apart <= NEAR)
    return _one_to_one(pairs, apart)


def _stays(truth_dir: Path, connection: duckdb.DuckDBPyConnection, identities: Identities) -> tuple[int, int, float | None, float | None]:
    path = truth_dir / "zone_stays.parquet"
    found = connection.cursor().sql("SELECT plate_key, zone_code, entered_at, left_at, stay_min FROM fct_zone_stays").pl().with_row_index("found_no")
    if not path.is_file() or found.is_empty():
        return 0, found.height, None, None
    true = pl.read_parquet(path).with_row_index("true_no")
    true = true.select("true_no", "zone_code", plate_key=identities.pseudonyms(true["plate"], "plate"), true_in="entered_at", true_out="left_at", true_min="stay_min")
    share = (pl.min_horizontal("left_at", "true_out") - pl.max_horizontal("entered_at", "true_in")).dt.total_microseconds() / (
        pl.max_horizontal("left_at", "true_out") - pl.min_horizontal("entered_at", "true_in")
    ).dt.total_microseconds()
    pairs = _one_to_one(found.join(true, on=["plate_key", "zone_code"]).filter(share >= HALF), -share)
    return true.height, found.height, _f1(pairs.height, true.height, found.height), _mae(pairs["stay_min"] - pairs["true_min"])


def _faults(truth_dir: Path, connection: duckdb.DuckDBPyConnection, truth: pl.DataFrame, pairs: pl.DataFrame, lake: Lake | None) -> tuple[Kind, ...]:
    path = truth_dir / "faults.parquet"
    if not path.is_file():
        return ()
    planted = pl.read_parquet(path)

    def ask(sql: str) -> pl.DataFrame:
        return connection.cursor().sql(sql).pl()

    names = "SELECT f.*, n.file_name FROM ({}) f LEFT JOIN dq_files n USING (file_id)"
    rejects = ask("SELECT file_name, source_line, unnest(reason_codes) AS code FROM dq_rejects").unique()
    findings = ask(names.format("SELECT finding_code AS code, file_id, source_line, visit_id FROM dq_findings"))
    apart = ask(names.format("SELECT 'impossible_order' AS code, file_id, source_line, CAST(NULL AS VARCHAR) AS visit_id FROM dq_set_apart"))
    findings = pl.concat([findings, apart])
    days = ask("SELECT source_code, place_code, day FROM dq_source_days WHERE is_clock_fault")
    doubles = dict(ask("SELECT file_name, duplicate_n FROM dq_files").rows())
    visit_of = pairs.select("visit_no", "visit_id")
    exits = _exit_lines(truth, ask(names.format("SELECT file_id, source_line FROM dq_findings WHERE finding_code = 'missed_entry'")), lake)

    newest = ask("SELECT now_at FROM meta_builds").item()
    open_yet = truth.filter(pl.col("is_missed_exit") & (pl.col("entry_at") > newest - LONGEST_VISIT)).join(
        pairs.join(findings.filter(pl.col("code") == "missed_exit"), on="visit_id", how="semi"), on="visit_no", how="anti"
    )
    planted = planted.filter((pl.col("fault_code") != "missed_exit") | ~pl.col("visit_no").is_in(open_yet["visit_no"].implode()))

    kinds = []
    for (code,), mine in sorted(planted.group_by("fault_code")):
        said = findings.filter(pl.col("code") == code)
        reported = said.height
        if code == "duplicate_line":
            found = _duplicates(mine, planted, doubles)
            reported = found
        elif code == "overlapping_file":
            found = sum(_has_overlap(name, detail, doubles) for name, detail in mine.select("file_name", "detail").iter_rows())
            reported = found
        elif code == "clock_fault":
            wanted = mine.select("source_code", "day", place_code=pl.when(pl.col("source_code").is_in(_PLACE_OF_SOURCE)).then(pl.lit("")).otherwise("place_code"))
            found = wanted.join(days, on=["source_code", "place_code", "day"], how="semi").height
            reported = days.filter((pl.col("place_code") == "") | ~pl.col("source_code").is_in(_PLACE_OF_SOURCE)).height
        elif code == "missed_entry":
            found = mine.join(exits, on="visit_no", how="semi").height
        elif code in _VISIT_FAULTS:
            found = mine.join(visit_of, on="visit_no").join(said.drop_nulls("visit_id"), on="visit_id", how="semi").height
        elif code in _FILE_FAULTS:
            found = mine.join(said, on="file_name", how="semi").height
        elif reported:
            found = mine.join(said, on=["file_name", "source_line"], how="semi").height
        else:
            told = rejects.filter(pl.col("code") == code)
            found, reported = mine.join(told, on=["file_name", "source_line"], how="semi").height, told.height
        kinds.append(Kind(code, mine.height, found, max(reported - found, 0)))
    return tuple(kinds)


def _exit_lines(truth: pl.DataFrame, lost: pl.DataFrame, lake: Lake | None) -> pl.DataFrame:
    """Return (visit_no) of true visits whose gate-out line was found to have no gate-in: same truck, within 2 minutes."""
    exits = truth.select("visit_no", "plate_key", "exit_at").drop_nulls()
    if lake is None or lost.is_empty() or exits.is_empty():
        return exits.select("visit_no").clear()
    first, last = exits["exit_at"].min().date(), exits["exit_at"].max().date()
    lines = lake.rows("stg_gate", first - dt.timedelta(days=1), last + dt.timedelta(days=1), columns=["file_id", "source_line", "plate_key", "cleared_at"])
    near = lines.join(lost, on=["file_id", "source_line"], how="semi").join(exits, on="plate_key").filter((pl.col("cleared_at") - pl.col("exit_at")).abs() <= NEAR)
    return near.select("visit_no").unique()


def _duplicates(mine: pl.DataFrame, planted: pl.DataFrame, doubles: dict[str, int]) -> int:
    """Return how many planted duplicate lines their files account for, lines of an overlapping file aside."""
    overlaps = set(planted.filter(pl.col("fault_code") == "overlapping_file")["file_name"])
    per_file = mine.group_by("file_name").len().iter_rows()
    return sum(min(count, doubles.get(name, 0)) for name, count in per_file if name not in overlaps) + mine.filter(pl.col("file_name").is_in(list(overlaps))).height


def _has_overlap(name: str, detail: str, doubles: dict[str, int]) -> bool:
    """Say whether the lines two files share are counted as duplicates in one of them."""
    shared, _, other = re.match(r"(\d+) (lines that) (\S+)", detail).groups()
    return doubles.get(name, 0) + doubles.get(other, 0) >= int(shared)

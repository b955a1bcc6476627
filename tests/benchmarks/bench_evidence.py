"""The pilot's acceptance figures in full: `python tests/benchmarks/bench_evidence.py [--quick]` measures and writes the tables of docs/pilot-evidence.md.

1,000 pilots from daily panels and from single visits, 1,000 fake pilots among real airports (SMARTPORT_TRIAL_DATA; said where absent), verdicts, looks,
mix shift, published tables, and the time of re-standardising and refitting 1.3 million visits. Seeded; about three minutes on two busy cores. Whole ports with shared queues are in bench_ports.py.
"""

from __future__ import annotations

import argparse
import datetime as dt
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import duckdb  # noqa: E402
import numpy as np  # noqa: E402
import polars as pl  # noqa: E402

from dashboard.evidence import acceptance as measure  # noqa: E402
from dashboard.evidence.daily import read_visits  # noqa: E402
from dashboard.evidence.diagnostics import placebo  # noqa: E402
from dashboard.evidence.effect import Plan, assess  # noqa: E402
from dashboard.evidence.estimate import contrasts, estimate  # noqa: E402
from dashboard.evidence.panel import read_panel  # noqa: E402
from dashboard.evidence.staggered import staggered  # noqa: E402
from dashboard.evidence.worlds import World  # noqa: E402
from etl.settings import trial_data  # noqa: E402

PAPER = ROOT / "docs" / "pilot-evidence.md"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
SPEED = "Speed, 1.3 million visits of two years"
Figure = measure.Figure


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs, printed and not written")
    parser.add_argument("--speed", action="store_true", help="the times only, written in place of the earlier ones: they depend on the load of the machine, the rest does not")
    given = parser.parse_args()
    if given.speed:
        print(made := speed_table())
        head, _, rest = PAPER.read_text("utf-8").partition(f"**{SPEED}")
        PAPER.write_text(f"{head}{made}{END}{rest.partition(END)[2]}", "utf-8")
        return
    runs = 100 if (quick := given.quick) else 1000
    parts = [("Simulated pilots, daily panels", panels(runs)), ("Simulated pilots, single visits", visits(runs)), ("Verdicts and looks", verdicts(runs))]
    folder = trial_data()
    if folder and (folder / "flights").is_dir():
        parts += [("Fake pilots among 60 real airports, 90 days before and 60 after", measure.placebo_figures(*measure.read_flights(folder / "flights" / "flights-3m.parquet"), runs, 5)),
                  ("Published tables", published(folder / "pilot_tables"))]  # fmt: skip
    else:
        print("SMARTPORT_TRIAL_DATA is not there: fake pilots among airports and published tables are skipped", file=sys.stderr)
    made = "\n".join([*(table(title, figures) for title, figures in parts), speed_table()])
    made = f"Measured {dt.date.today()} by `python tests/benchmarks/bench_evidence.py`, {os.cpu_count()} cores (load {os.getloadavg()[0]:.0f}).\n\n{made}"
    print(made)
    if not quick and folder:
        head, _, rest = PAPER.read_text("utf-8").partition(BEGIN)
        PAPER.write_text(f"{head}{BEGIN}\n{made}{END}{rest.partition(END)[2]}", "utf-8")


def speed_table() -> str:
    return table(f"{SPEED}, load {os.getloadavg()[0]:.0f} (the least disturbed of the runs)", speed())


def table(title: str, figures: list[Figure]) -> str:
    rows = [f"| {each.words} | {_number(each.value)} {each.unit} | {_asked(each)} | {'yes' if each.holds else '**no**'} | {each.runs:,} |" for each in figures]
    return "\n".join([f"**{title}**", "", "| figure | measured | asked | holds | runs |", "|---|---:|---:|---|---:|", *rows, ""])


def panels(runs: int) -> list[Figure]:
    worlds = (
        ("four", "4 gates", measure.base(4), (95, 98.5), 90), ("six", "6 gates", measure.base(6), (95, 98.5), 98), ("rho8", "rho .8", World(rho=0.8), (95, None), None),
        ("rho95", "rho .95", World(rho=0.95), (91, None), None), ("after28", "28 days after", World(after=28), (95, None), None),
    )  # fmt: skip
    return [figure for code, words, world, coverage, power in worlds for figure in measure.panel_figures(code, words, world, runs, 1, coverage=coverage, power=power)]


def visits(runs: int) -> list[Figure]:
    tenth = [each for each in measure.visit_figures("tenth", "a tenth of the traffic", measure.base(4), runs, 3, 0, each_day=5) if each.code == "tenth.mean.coverage"]
    return [*measure.visit_figures("visits4", "4 gates", measure.base(4), runs, 1, 90), *measure.visit_figures("visits6", "6 gates", measure.base(6), runs, 2, 98), *tenth, *measure.mix_figures(runs, 1), *measure.ramadan_figures(runs, 1), *measure.weekly_figures(runs, 1)]


def verdicts(runs: int) -> list[Figure]:
    return [*measure.verdict_figures(runs, 1), *measure.starts_figures(runs, 1), *measure.look_figures(runs, 1)]


def published(folder: Path) -> list[Figure]:
    quarters = ("Q42010", "Q12011", "Q22011", "Q32011", "Q42011", "Q12012")
    kielmc = read_panel(folder / "kielmc.csv", unit="nearinc", period="year", outcome="rprice", treated="nearinc", start="1981")
    donors = read_panel(folder / "organ_donation.csv", unit="State", period="Quarter", outcome="Rate", treated="State=California", start="Q32011", order=quarters)
    mpdta = read_panel(folder / "mpdta.csv", unit="countyreal", period="year", outcome="lemp", treated="treat", start="first.treat")
    found = [float(estimate(each.outcome, *contrasts(each), (1, 2)).b) for each in (kielmc, donors)]
    wage = float(staggered(mpdta, mpdta.outcome)[0].b)
    return [
        Figure("kielmc", "kielmc: off the published −11,863.90 by", abs(found[0] + 11863.90), None, 0.01, 1, ""), Figure("donors", "organ donations: off −.0225 by", abs(found[1] + 0.0225), None, 1e-4, 1, ""),
        Figure("mpdta", "mpdta by imputation: off −.0477099 by", abs(wage + 0.0477099), None, 1e-6, 1, ""),
    ]  # fmt: skip


def speed(total: int = 1_300_000, days: int = 730) -> list[Figure]:
    rng, first = np.random.default_rng(1), dt.date(2025, 1, 1)
    frame = pl.DataFrame(
        {
            "entry_day": pl.Series(rng.integers(0, days, total)).cast(pl.Int32) + (first - dt.date(1970, 1, 1)).days, "entry_hour": rng.integers(5, 21, total),
            "cargo_class_code": pl.Series(["dry", "reefer", "hazardous"]).gather(rng.integers(0, 3, total)), "entry_lane_code": pl.Series([f"6{x}" for x in "ABCDEF"]).gather(rng.integers(0, 6, total)),
            "turnaround_min": np.exp(4.3 + 0.5 * rng.standard_normal(total)), "status_code": pl.Series(["closed"]).gather(np.zeros(total, int)), "is_excluded": pl.Series([False]).gather(np.zeros(total, int)),
        }
    ).with_columns(pl.col("entry_day").cast(pl.Date))  # fmt: skip
    connection = duckdb.connect()
    connection.register("given", frame.to_arrow())
    connection.execute("CREATE TABLE fct_visits AS SELECT * FROM given")
    start = first + dt.timedelta(days=500)
    arms = pl.DataFrame([("lane", f"6{x}", "pilot" if x in "ABC" else "comparison", start) for x in "ABCDEF"], schema=["unit_kind_code", "unit_code", "arm_code", "start_on"], orient="row")
    plan = Plan("turnaround_min", unit_kind="lane")
    read = lambda: read_visits(connection.cursor(), arms, first, first + dt.timedelta(days=days - 1))  # noqa: E731
    made = read()
    panel = made.panel("mean")
    assess(panel, plan)
    c, p = contrasts(panel)
    y, before = np.log(panel.outcome), int((p < 0).sum())
    dates = max(1, len(placebo(y, c, p, before)))
    digits = {assess(read().panel("mean"), plan).fingerprint for _ in range(2)}
    whole, cached, trials = (_best(run, times) for run, times in ((lambda: assess(read().panel("mean"), plan), 15), (lambda: assess(panel, plan), 50), (lambda: placebo(y, c, p, before), 50)))
    return [
        Figure("speed.whole", "read, re-standardise and refit", whole[0], None, 1.0, 15, "s"), Figure("speed.whole_cpu", "the same, CPU of all threads", whole[1], None, None, 15, "s"),
        Figure("speed.cached", "refit and every check of a panel in hand", 1000 * cached[0], None, 20, 50, "ms"), Figure("speed.cached_cpu", "the same, CPU", 1000 * cached[1], None, None, 50, "ms"),
        Figure("speed.placebo", "100 trial dates", trials[0] / dates * 100, None, 0.5, 50, "s"),
        Figure("speed.digits", "different fingerprints of the same input", len(digits), None, 1, 2, ""),
    ]  # fmt: skip


def _best(run, times: int) -> tuple[float, float]:
    """Return the least disturbed of some runs, (seconds, CPU seconds): other work on the machine only ever adds time."""
    taken = []
    for _ in range(times):
        began, cpu = time.perf_counter(), time.process_time()
        run()
        taken.append((time.perf_counter() - began, time.process_time() - cpu))
    return min(each[0] for each in taken), min(each[1] for each in taken)


def _number(value: float) -> str:
    return f"{value:.2g}" if 0 < abs(value) < 0.1 else f"{value:.2f}"


def _asked(each: Figure) -> str:
    low, high = each.low, each.high
    if low is None and high is None:
        return "shown"
    return f"at least {low:g}" if high is None else f"at most {high:g}" if low is None else f"{low:g} to {high:g}".replace("-", "−")


if __name__ == "__main__":
    main()

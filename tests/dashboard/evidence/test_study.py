"""The evidence from a build: hand-made visits with exact answers, every unsuitable port its sentence, and the small build for cache, views and filters."""

from __future__ import annotations

import datetime as dt
import json
import time
from dataclasses import replace
from types import SimpleNamespace

import duckdb
import numpy as np
import pandas as pd  # statsmodels, the oracle, takes nothing else
import polars as pl
import pytest
from statsmodels.formula.api import ols

from dashboard import store
from dashboard.__main__ import main
from dashboard.evidence import parts, study
from dashboard.evidence.lock import new_plan
from dashboard.evidence.report import values
from dashboard.evidence.staggered import jackknife
from dashboard.evidence.words import EXCLUSIONS, FORBIDDEN, REFUSALS, excluded, refusal, sentence
from dashboard.selection import Selection
from etl.contracts.reference import DIM_PILOT_PLAN

FIRST = dt.date(2026, 1, 5)
START = FIRST + dt.timedelta(days=70)
SEL = Selection("MACAS", FIRST, FIRST + dt.timedelta(days=1))
LANES = (("lane", "6A", "pilot", START), ("lane", "6B", "pilot", START), ("lane", "6D", "comparison", START), ("lane", "6E", "comparison", START))
CLOSED = {"port_code": "MACAS", "entry_hour": 9, "cargo_class_code": "dry", "direction_code": "import", "status_code": "closed", "is_excluded": False, "entry_gate_code": "P6"}


class Port:
    """A store over hand-made tables: what study asks of the real one."""

    def __init__(self, visits: list[dict], arms=LANES, days: int = 110, points=(), calendar=(), steps=(), plan="locked", **locked) -> None:
        connection = duckdb.connect()
        schema = {"port_code": pl.String, "entry_day": pl.Date, "entry_hour": pl.Int64, "entry_gate_code": pl.String, "entry_lane_code": pl.String, "terminal_code": pl.String,
                  "carrier_key": pl.String, "cargo_class_code": pl.String, "direction_code": pl.String, "status_code": pl.String, "is_excluded": pl.Boolean,
                  "turnaround_min": pl.Float64, "queue_min": pl.Float64, "travel_min": pl.Float64, "document_checks_n": pl.Int64}  # fmt: skip
        of_step = {name: schema[name] for name in schema if not name.endswith(("_min", "_n")) and name not in ("status_code", "carrier_key")} | {"step_code": pl.String, "step_kind_code": pl.String, "step_min": pl.Float64}
        tables = {
            "fct_visit_steps": pl.DataFrame([{**dict.fromkeys(of_step), **{name: row[name] for name in row if name in of_step}} for row in steps], schema=of_step),
            "fct_visits": pl.DataFrame(visits, schema=schema),
            "dim_pilot_arms": pl.DataFrame(list(arms), schema={"unit_kind_code": pl.String, "unit_code": pl.String, "arm_code": pl.String, "start_on": pl.Date}, orient="row"),
            "dim_gates": pl.DataFrame({"gate_code": ["P6", "P7"]}),
            "dim_service_points": pl.DataFrame(list(points), schema={"place_code": pl.String, "is_shared": pl.Boolean}, orient="row"),
            "dim_calendar": pl.DataFrame(list(calendar), schema={"from_on": pl.Date, "to_on": pl.Date, "calendar_code": pl.String}, orient="row"),
        }
        is_planned = plan == "locked" and (tables["dim_pilot_arms"]["arm_code"] == "pilot").any()
        plans = [new_plan(tables["dim_pilot_arms"], locked.pop("on", FIRST), **locked)] if is_planned else []
        tables["dim_pilot_plan"] = pl.DataFrame(plans, schema=DIM_PILOT_PLAN.schema)
        for name, frame in tables.items():
            connection.register("given", frame.to_arrow())
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM given")
            connection.unregister("given")
        last = FIRST + dt.timedelta(days=days - 1)
        about = SimpleNamespace(first_day=FIRST, last_day=last, now_local_at=dt.datetime.combine(last, dt.time(1)) + dt.timedelta(days=4))
        self.opened = SimpleNamespace(build_id="one", about=about, connection=connection, frame=lambda sql: connection.cursor().sql(sql).pl())
        self._made: dict = {}

    def within(self, selection, *, is_split=False):
        return selection  # nobody signs in

    def made(self, key, make, build_id=None):
        if key not in self._made:
            self._made[key] = make(self.opened)
        return self._made[key]


def visit(day: int, lane: str, minutes: float | None, **more) -> dict:
    return CLOSED | {"entry_day": FIRST + dt.timedelta(days=day), "entry_lane_code": lane, "turnaround_min": minutes} | ({"status_code": "incomplete"} if minutes is None else {}) | more


def days(effect: float = 0.8, days: int = 110, each: int = 10, lanes="ABDE", seed: int = 1, **more) -> list[dict]:
    """Ten visits a lane and day around 60 minutes; pilot lanes A and B take `effect` times that from the start on."""
    rng = np.random.default_rng(seed)
    level = {(lane, day): 60 * (effect if lane in "AB" and day >= 70 else 1) * float(np.exp(rng.normal(0, 0.05))) for lane in lanes for day in range(days)}
    return [visit(day, f"6{lane}", round(at * float(np.exp(rng.normal(0, 0.3))), 2), document_checks_n=int(rng.poisson(4)), **more) for (lane, day), at in level.items() for _ in range(each)]


@pytest.fixture(scope="module")
def usual() -> Port:
    return Port(days())


def test_the_headline_finds_the_planted_change(usual) -> None:
    found = study.headline(usual, SEL)
    assert found.refused is None and found.main.gap.low < np.log(0.8) < found.main.gap.high and found.main.verdict.code in ("strong", "moderate", "weak")
    assert found.median.gap.low < np.log(0.8) < found.median.gap.high and found.agree is True and found.main.last == FIRST + dt.timedelta(days=109)
    assert found.days_used == 110 and found.days_dropped == 0 and found.period_days == 1 and [each.limit for each in found.shares] == [60, 120]
    assert found.shares[0].change.high < 0 and found.checks.plan.scale == "level" and found.without_ramadan is None and found.exclusions == ()


def test_raw_sides_are_what_was_recorded() -> None:
    """Two visits a day of 40 and 80 before, one of 50 since; comparison 60 throughout."""
    rows = [visit(day, lane, minutes, document_checks_n=3 if minutes == 80 else None) for day in range(70) for lane in ("6A", "6B") for minutes in (40.0, 80.0)]
    rows += [visit(day, lane, 50.0) for day in range(70, 110) for lane in ("6A", "6B")] + [visit(day, lane, 60.0) for day in range(110) for lane in ("6D", "6E")]
    found = study.headline(Port(rows), SEL)
    before, after = found.side("pilot", "before"), found.side("pilot", "after")
    assert (before.visits, before.days, before.visits_a_day, before.mean, before.median, before.over_60, before.checks_known, before.checks_mean) == (280, 70, 4, 60, 60, 0.5, 0.5, 3)
    assert (after.visits, after.mean, after.over_60, after.checks_mean) == (80, 50, 0, None) and found.side("comparison", "after").visits_a_day == 2


def test_the_mix_part_is_told_apart() -> None:
    """Lane 6A: dry 40 and reefer 80, half and half before, one in four reefer since, with dry down to 36. Before: 60, since: 47; like for like 50 -> 47, mix -10."""
    rows = [visit(day, lane, *at) | {"cargo_class_code": cargo} for day in range(110) for lane in ("6A", "6D") for cargo, n, at in (("dry", 2 if day < 70 else 3, (40.0 if day < 70 or lane == "6D" else 36.0,)), ("reefer", 2 if day < 70 else 1, (80.0,))) for _ in range(n)]
    pilot, comparison = study.headline(Port(rows, LANES[0:1] + LANES[2:3]), SEL).mix
    assert (pilot.total, pilot.like_for_like, pilot.mix, pilot.one_sided) == pytest.approx((-13, -3, -10, 0)) and (comparison.total, comparison.like_for_like) == pytest.approx((-10, 0))


def test_shared_points_cap_the_verdict(usual) -> None:
    shared = study.headline(Port(days(), points=(("WB1", True), ("EXIT", False))), SEL).main
    assert shared.plan.shared_points == ("WB1",) and shared.bounds is not None and shared.verdict.code != "strong"
    assert study.headline(usual, SEL).main.bounds is None


@pytest.mark.parametrize(("how", "cap"), [({}, None), ({"plan": None}, "plan_not_locked"), ({"on": START + dt.timedelta(days=28)}, "plan_locked_late"), ({"end_day": 33}, None)], ids=str)
def test_the_locked_plan_gives_end_and_cap(how, cap) -> None:
    main = study.headline(Port(days(), **how), SEL).main
    assert [each.code for each in main.plan.caps] == ([cap] if cap else []) and main.plan.end_day == how.get("end_day")
    assert cap is None or main.verdict.code in ("weak", "none")
    assert how.get("end_day") is None or main.verdict_on == START + dt.timedelta(days=33)


def test_both_views_stand_side_by_side() -> None:
    rows = days() + [visit(day, "6A", 100.0, is_excluded=True) for day in range(70, 110)]
    every, core = (study.headline(Port(rows), replace(SEL, view=view)) for view in ("all", "core"))
    assert every.removed_n == core.removed_n == 40 and every.other_view.change == core.main.change and core.other_view.change == every.main.change
    assert core.main.change.best < every.main.change.best and ("view_core", 40) in [(each.code, each.n) for each in core.exclusions]


def test_ramadan_days_leave_for_the_sensitivity() -> None:
    """A fast that lengthens the pilot lanes' visits by half for ten days before the start: without those days the change is the planted one."""
    rows = [row | ({"turnaround_min": row["turnaround_min"] * 1.5} if row["entry_lane_code"] in ("6A", "6B") and 20 <= (row["entry_day"] - FIRST).days < 30 else {}) for row in days()]
    fast = (FIRST + dt.timedelta(days=20), FIRST + dt.timedelta(days=29), "ramadan")
    found = study.headline(Port(rows, calendar=(fast, (FIRST, FIRST, "holiday"))), SEL)
    assert found.ramadan_days == 10 and found.main.gap.best < found.without_ramadan.gap.best - 0.03 and found.without_ramadan.gap.low < np.log(0.8) < found.without_ramadan.gap.high
    assert found.without_ramadan.periods_dropped == 10


def test_days_whose_visits_may_still_be_under_way_do_not_count() -> None:
    port = Port(days(days=112), days=112)
    port.opened.about.now_local_at = dt.datetime.combine(FIRST + dt.timedelta(days=111), dt.time(23))
    found = study.headline(port, SEL)
    assert found.main.last == FIRST + dt.timedelta(days=107) and ("days_not_over", 4) in [(each.code, each.n) for each in found.exclusions]


def _refused(arms=LANES, rows=None, days: int = 110) -> study.Headline:
    return study.headline(Port([visit(0, "6A", 40.0)] if rows is None else rows, arms, days), SEL)


BAD = {
    "no_arms": {"arms": ()}, "mixed_kinds": {"arms": (*LANES[:2], ("gate", "P6", "comparison", START))}, "arms_overlap": {"arms": (*LANES, ("lane", "6A", "comparison", START))},
    "no_pilot": {"arms": LANES[2:]}, "start_ahead": {"arms": tuple((*row[:3], dt.date(2031, 1, 1)) for row in LANES)}, "start_outside": {"arms": tuple((*row[:3], dt.date(2021, 1, 1)) for row in LANES)}, "no_visits": {"rows": [visit(0, "9Z", 40.0)]}, "no_days": {"days": 1},
}  # fmt: skip


@pytest.mark.parametrize("code", list(BAD))
def test_what_cannot_be_compared_is_one_sentence_and_no_number(code) -> None:
    found = _refused(**BAD[code])
    assert found.refused.code == code and found.main is None and not found.sides and not found.shares
    for lang in ("en", "fr", "ar"):
        said = refusal(found.refused, lang)
        assert said.endswith(".") and "{" not in said and not FORBIDDEN.search(said)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("rows", "arms", "reason"),
    [
        (days(), LANES[:2], "no_comparison"), (days(days=71), LANES, "short_after"), (days(each=1), LANES, "few_visits"), ([visit(day, f"6{lane}", None) for day in range(110) for lane in "ABDE"], LANES, "missing_exits"),
        ([row for row in days() if row["entry_lane_code"] in ("6A", "6B")], LANES, "few_visits"), ([row for row in days() if row["entry_day"] < START], LANES, "few_visits"),
        ([row for row in days() if row["entry_day"] == START], LANES, "few_visits"),
    ],
)  # fmt: skip
def test_too_little_is_an_effect_that_says_why(rows, arms, reason) -> None:
    found = study.headline(Port(rows, arms, days=max(71, (rows[-1]["entry_day"] - FIRST).days + 1)), SEL)
    assert found.main.verdict.code == "not_yet" and reason in {each.code for each in found.main.verdict.reasons} and not found.shares and found.agree is None
    for lang in ("en", "fr", "ar"):
        assert not FORBIDDEN.search(sentence(found.main, lang)) and "nan" not in sentence(found.main, lang)


def test_refusals_and_exclusions_have_words_in_both_languages() -> None:
    assert {*BAD, "carriers_whole", "pilot_filtered_out", "comparison_filtered_out"} == set(REFUSALS)
    for code in EXCLUSIONS:
        assert all("1" in excluded(code, 1234, lang) and "{" not in excluded(code, 1234, lang) and not FORBIDDEN.search(excluded(code, 1234, lang)) for lang in ("en", "fr", "ar"))


# ---------------------------------------------------------------------- in parts
def test_each_step_has_its_own_change() -> None:
    """The terminal falls from 40 to 30 minutes at the pilot lanes, the scanner stays at 20 and is passed by every other truck; gaps are no step.

    On day 28 the scanner had seen 280 trucks a side, and 300 are needed: its first number comes with the next verdict, though it has 400 by now.
    """
    steps = [
        visit(day, lane, None) | {"step_code": code, "step_kind_code": "service", "step_min": minutes}
        for day in range(110) for lane in ("6A", "6B", "6D", "6E") for number in range(10)
        for code, minutes in (("terminal", 30.0 if day >= 70 and lane in ("6A", "6B") else 40.0), *((("scan", 20.0),) if number % 2 else ()))
    ]  # fmt: skip
    steps = [row | {"step_min": row["step_min"] * float(np.exp(np.random.default_rng(index).normal(0, 0.05)))} for index, row in enumerate(steps)] + [visit(0, "6A", None) | {"step_code": "travel", "step_kind_code": "gap", "step_min": 9.0}]
    found = parts.by_step(Port([row | {"queue_min": 12.0 if number % 2 else None, "travel_min": 6.0} for number, row in enumerate(days())], steps=steps), SEL)
    steps = {step.code: step for step in found.steps}
    assert list(steps) == ["queue", "terminal", "scan", "travel", "turnaround"] and steps["turnaround"].passages == (1400, 800, 1400, 800)
    assert steps["terminal"].effect.change.low < -10 < steps["terminal"].effect.change.high and steps["terminal"].raw_means[0] == pytest.approx(40, rel=0.01)
    assert steps["scan"].effect.verdict.reasons[0].code == "lacked_at_look" and not steps["scan"].effect.has_number and steps["scan"].effect.found is None
    assert steps["scan"].passages == (700, 400, 700, 400) and steps["scan"].effect.plan.measure == "scan_min"
    assert steps["queue"].raw_means == (12, 12, 12, 12) and steps["travel"].passages == (1400, 800, 1400, 800)
    assert sentence(steps["terminal"].effect).startswith("At the terminal, trucks at lanes 6A and 6B took") and sentence(steps["terminal"].effect, "fr").startswith("Au terminal, les camions aux voies")


def test_a_step_is_standardised_like_the_visits_are() -> None:
    """Before: one dry of 10 and three reefers of 30 a day; since: half and half. Like for like the days before are 20."""
    steps = [
        visit(day, "6A", None) | {"step_code": "scan", "step_kind_code": "service", "step_min": minutes, "cargo_class_code": cargo}
        for day in (0, 1, 2, 3) for cargo, minutes, n in (("dry", 10.0, 1), ("reefer", 30.0, 3 if day < 2 else 1)) for _ in range(n)
    ]  # fmt: skip
    port = Port([visit(day, lane, 60.0, cargo_class_code=cargo) for day in range(4) for lane in ("6A", "6D") for cargo in ("dry", "reefer")], tuple((*row[:3], FIRST + dt.timedelta(days=2)) for row in LANES[::2]), days=4, steps=steps)
    rows = study.rows_of(port, port.opened, SEL)
    from dashboard.evidence.steps import read_passages

    passages = read_passages(port.opened.connection.cursor(), rows, "lane", *study.conditions(SEL), "all")["scan"]
    assert passages.panel().outcome[0].tolist() == [20, 20, 20, 20] and passages.panel().weight[0].tolist() == [4, 4, 2, 2] and np.isnan(passages.panel().outcome[1]).all()


def test_a_day_of_no_minutes_at_all_is_a_day_not_measured() -> None:
    """A queue that is 0 for everyone on a day has no logarithm; a visit of 0 minutes neither."""
    rows = [row | {"queue_min": 0.0 if (row["entry_day"] - FIRST).days == 5 else 12.0 + number % 3, "turnaround_min": 0.0 if (row["entry_day"] - FIRST).days == 9 else row["turnaround_min"]} for number, row in enumerate(days(each=12))]
    port = Port(rows)
    steps = {step.code: step.effect for step in parts.by_step(port, SEL).steps}
    assert steps["queue"].periods_dropped == 1 and steps["turnaround"].periods_dropped == 1 and ("unmeasured_days", 1) in [(each.code, each.n) for each in study.headline(port, SEL).exclusions]


def test_each_pilot_unit_alone() -> None:
    found = dict(parts.by_unit(Port(days(each=12)), SEL).units)
    assert list(found) == ["6A", "6B"] and all(effect.pilots == (unit,) and effect.comparisons == ("6D", "6E") for unit, effect in found.items())
    assert all(effect.gap.low < np.log(0.8) < effect.gap.high for effect in found.values())


def test_groups_are_tested_together() -> None:
    """Dry trucks take 20 % less, reefers nothing less; hazardous ones are too few to be measured, and say so."""
    rows = days(0.7, 160, seed=2) + days(1.0, 160, seed=3, cargo_class_code="reefer") + [visit(day, lane, 70.0, cargo_class_code="hazardous") for day in (1, 90) for lane in ("6A", "6D")]
    found = parts.by_group(Port(rows, days=160), SEL, "cargo")
    groups = {group.code: group for group in found.groups}
    assert set(groups) == {"dry", "reefer"} and groups["dry"].stands_out and not groups["reefer"].stands_out and groups["reefer"].effect.verdict.code == "none"
    assert [(code, why.code) for code, why in found.left_out] == [("hazardous", "short_before")] or [(code, why.code) for code, why in found.left_out] == [("hazardous", "few_visits")]


def test_a_group_that_stands_out_alone_only_claims_nothing() -> None:
    effect = study.headline(Port(days()), SEL).main
    held = parts._held("dry", effect, False, 8)
    assert effect.verdict.code in ("strong", "moderate", "weak") and held.effect.verdict.code == "none" and held.effect.truck_hours is None and not held.stands_out
    assert "8 groups looked at together" in sentence(held.effect) and "8 groupes examinés ensemble" in sentence(held.effect, "fr")


def test_transporters_below_the_minimum_are_counted_not_named() -> None:
    rows = [row | {"carrier_key": ("large", "large", "small")[number % 3] if number % 30 else "tiny"} for number, row in enumerate(days(0.7, 160, 12))]
    found = parts.by_group(Port(rows, days=160), SEL, "carrier")
    assert [group.code for group in found.groups] == ["large", "small"] and found.too_small == 1 and all(group.stands_out for group in found.groups)
    assert not parts.by_group(Port(days()), SEL, "carrier").groups


def test_directions_and_hours() -> None:
    rows = days(direction_code="import") + days(seed=5, direction_code="export", entry_hour=21)
    assert [group.code for group in parts.by_group(Port(rows), SEL, "direction").groups] == ["import", "export"]
    assert [group.code for group in parts.by_group(Port(rows), SEL, "hour").groups] == ["08", "20"]


@pytest.mark.parametrize("ask", [parts.by_step, parts.by_unit, lambda port, sel: parts.by_group(port, sel, "cargo")])
def test_parts_are_refused_like_the_headline(ask) -> None:
    assert ask(Port([visit(0, "6A", 40.0)], ()), SEL).refused.code == "no_arms"


# ---------------------------------------------------------------------- the table behind a figure
@pytest.mark.parametrize("statistic", ["mean", "p50"])
@pytest.mark.parametrize("each", [10, 6])
def test_the_line_of_r_gives_the_figure(statistic, each, tmp_path) -> None:
    """The line of R, its least squares written out and by statsmodels: the same gap, and the standard error of 28-day blocks.

    Where six visits a day make days too thin, the table holds the means of four weeks each.
    """
    port = Port(days(days=150, each=each), days=150)
    frame, line = study.collapsed_of(port, SEL, statistic)
    head = study.headline(port, SEL)
    effect = head.main if statistic == "mean" else head.median
    frame.write_csv(tmp_path / "collapsed.csv")
    d = pl.read_csv(tmp_path / "collapsed.csv")
    assert line.startswith('d <- read.csv("collapsed.csv"); m <- lm(y ~ D + factor(unit) + factor(block), d)') and "\n" not in line
    units, blocks = (d[name].unique().sort().to_list() for name in ("unit", "block"))
    design = np.column_stack([d["D"], *((d["unit"] == unit).cast(pl.Float64) for unit in units), *((d["block"] == block).cast(pl.Float64) for block in blocks[1:])])
    rest = d["y"].to_numpy() - design @ np.linalg.lstsq(design, d["y"].to_numpy(), rcond=None)[0]
    df = d.height - design.shape[1]
    variance = float(rest @ rest) / df
    sums = [sum(d.group_by(key).agg(pl.col(name).mean())[name] ** 2) for key, name in (("unit", "c"), ("block", "p"))]
    noise = next(noise for noise in effect.found.noises if noise.name == ("blocks_28" if each == 10 else "blocks_4"))
    assert (d["c"] * d["p"] * d["y"]).sum() == pytest.approx(float(effect.found.b), abs=1e-9)
    assert np.sqrt(variance * sums[0] * sums[1]) == pytest.approx(float(noise.se), abs=1e-9) and df == float(noise.df)
    fit = ols("y ~ D + C(unit) + C(block)", pd.DataFrame({name: d[name].to_numpy() for name in ("y", "D", "unit", "block")})).fit()
    assert fit.mse_resid == pytest.approx(variance, rel=1e-9) and fit.df_resid == df


def test_no_table_without_a_number() -> None:
    assert study.collapsed_of(Port(days(days=80), days=80), SEL) is None and study.collapsed_of(Port([visit(0, "6A", 1.0)], ()), SEL) is None


# ---------------------------------------------------------------------- transporters as units
FIRMS = tuple(("carrier", f"firm{number:02d}", "pilot" if number < 6 else "comparison", START) for number in range(12))


def _firm_days(effect: float, days: int = 130, seed: int = 1) -> list[dict]:
    """Twelve firms, two gates, now and then a visit; gate P7 has days so bad that they would drown everything, were firms not compared within gate-days."""
    rng = np.random.default_rng(seed)
    bad, size = np.exp(rng.normal(0, 0.5, days)), np.exp(rng.normal(0, 0.2, 12))
    rows = []
    for day in range(days):
        for number in range(12):
            for _ in range(int(rng.poisson(3))):
                gate = ("P6", "P7")[int(rng.random() < (0.3 if number < 6 else 0.6))]
                level = 60 * size[number] * (bad[day] if gate == "P7" else 1) * (effect if number < 6 and day >= 70 else 1)
                rows.append(visit(day, "6A", round(level * float(np.exp(rng.normal(0, 0.2))), 3), carrier_key=f"firm{number:02d}", entry_gate_code=gate, document_checks_n=4))
    return rows


def test_transporters_are_compared_within_gate_days() -> None:
    port = Port(_firm_days(0.85), FIRMS, days=130, points=(("WB1", False),))
    found = study.headline(port, SEL)
    main = found.main
    assert found.unit_kind == "carrier" and main.found.noises[0].name == "jackknife" and main.gap.low < np.log(0.85) < main.gap.high and main.gap.high - main.gap.low < 0.12
    assert main.periods_dropped == 0 and len(main.checks.left_out) == 12 and len(main.checks.event_study) == 5 and main.checks.drift_p is not None
    assert main.plan.shared_points == ("WB1",) and main.verdict.code != "strong"  # transporters meet at every point
    assert found.median.verdict.reasons[0].code == "carriers_mean_only" and not found.shares and found.agree is None and found.checks is not None
    assert parts.by_step(port, SEL).refused.code == parts.by_unit(port, SEL).refused.code == parts.by_group(port, SEL, "carrier").refused.code == "carriers_whole"
    assert [group.code for group in parts.by_group(port, SEL, "cargo").groups] == ["dry"]
    for lang in ("en", "fr"):
        assert sentence(main, lang).startswith("Trucks of transporters firm00" if lang == "en" else "Les camions des transporteurs firm00")
        assert not FORBIDDEN.search(sentence(main, lang)) and not FORBIDDEN.search(sentence(found.median, lang))


def test_the_interval_of_transporters_holds_the_truth() -> None:
    """100 panels of 12 firms at two gates, gate-days that swing by half, single visits that spread by a fifth, each firm's own shift of 5 %."""
    rng, days, covered = np.random.default_rng(7), 60, 0
    for _ in range(100):
        n = rng.poisson(1.5, (12, days * 2)).astype(float)
        after = np.arange(days * 2) // 2 >= 35
        y = rng.normal(0, 0.2, (12, 1)) + rng.normal(0, 0.5, days * 2) + rng.normal(0, 0.05, (12, 1)) * after + rng.normal(size=n.shape) * 0.2 / np.sqrt(np.maximum(n, 1))
        found = jackknife(np.where(n > 0, y, np.nan), n, np.arange(12) < 6, after)
        covered += abs(float(found.b)) <= float(found.half())
    assert 90 <= covered <= 99


def test_few_transporters_or_several_starts_give_no_number() -> None:
    few = study.headline(Port(_firm_days(0.85), FIRMS[3:9], days=130), SEL).main
    assert few.verdict.reasons[0].code == "few_carriers" and few.verdict.reasons[0].values["side"] == 3 and not few.has_number
    later = (*FIRMS[:5], (*FIRMS[5][:3], START + dt.timedelta(days=10)), *FIRMS[6:])
    assert study.headline(Port(_firm_days(0.85), later, days=130), SEL).main.verdict.reasons[0].code == "carriers_one_start"


# ---------------------------------------------------------------------- the small build, through the real store
def test_the_store_keeps_the_answer_by_filters_and_view_not_by_period(sel) -> None:
    port = store.of()
    first = study.headline(port, sel)
    assert first.main is not None and first.unit_kind == "lane" and first.main.plan.shared_points
    began = time.process_time()
    again = study.headline(port, replace(sel, first_day=sel.first_day + dt.timedelta(days=3), period="custom"))
    assert again is first and time.process_time() - began < 0.02
    dry = study.headline(port, replace(sel, cargo=("dry",)))
    assert dry.fingerprint != first.fingerprint and dry.side("pilot", "before").visits < first.side("pilot", "before").visits and dry.filters == (("cargo", ("dry",)),)


def test_filters_that_leave_nothing_or_one_arm(sel) -> None:
    port = store.of()
    assert study.headline(port, replace(sel, terminal=("none such",))).refused.code == "no_visits"
    for lane, code in (("6A", "comparison_filtered_out"), ("6D", "pilot_filtered_out")):
        chosen = replace(sel, lane=(lane,))
        alone = study.headline(port, chosen)
        assert alone.refused.code == code == parts.by_unit(port, chosen).refused.code and alone.main is None
        assert "remove them" in refusal(alone.refused, "en") and "retirez-les" in refusal(alone.refused, "fr")


def test_an_empty_side_is_counted_in_days() -> None:
    """Weeks are for thin days; a side without any visit is not thin, and its days are not to be said as weeks."""
    found = study.headline(Port([row for row in days() if row["entry_lane_code"] in ("6A", "6B")]), SEL)
    assert found.period_days == 1 and [n for arm, period, n, _visits in found.main.counts if (arm, period) == ("pilot", "before")] == [70]


def test_same_build_same_digits(sel) -> None:
    port = store.of()
    first = study.headline(port, sel)
    with port._lock:
        port._cache.clear()
    again = study.headline(port, sel)
    assert again is not first and again.fingerprint == first.fingerprint and again.main.change == first.main.change and again.sides == first.sides and again.shares == first.shares


def test_parts_of_the_small_build(sel) -> None:
    port = store.of()
    steps = parts.by_step(port, sel).steps
    assert {"weigh_empty", "terminal", "scan", "weigh_full", "exit_check", "port_gate_out", "travel", "turnaround"} <= {step.code for step in steps}
    assert len(parts.by_unit(port, sel).units) == 3 and parts.by_step(port, sel).steps is steps
    for dimension in parts.DIMENSIONS:
        found = parts.by_group(port, sel, dimension)
        assert found.refused is None and (found.groups or found.left_out or found.too_small)
    for lang in ("en", "fr", "ar"):
        for step in steps:
            assert not FORBIDDEN.search(sentence(step.effect, lang)) and "nan" not in sentence(step.effect, lang)


def test_the_command_gives_the_page_s_effect(sel, capsys, tmp_path) -> None:
    port = store.of()
    for view, statistic in (("all", "mean"), ("core", "p90")):
        assert main(["evidence", "--from-build", "--json", "--view", view, "--statistic", statistic]) == 0
        head = study.headline(port, replace(sel, view=view))
        assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(values(head.main if statistic == "mean" else head.p90)))
    assert main(["evidence", "--from-build", "--filter", "cargo=dry", "--lang", "fr", "--collapsed", str(tmp_path / "blocks.csv")]) == (0 if study.headline(port, replace(sel, cargo=("dry",))).main.has_number else 3)
    said = capsys.readouterr()
    assert "fingerprint" in said.out and ("sum(d$c * d$p * d$y)" in said.err or "no table of blocks" in said.err)


@pytest.mark.parametrize(
    ("more", "said"),
    [(["--filter", "colour=red"], "is no filter"), (["--filter", "terminal=none such"], "No visit of the pilot's units is left"), (["--filter", "terminal=none such", "--lang", "fr"], "Il ne reste aucune visite")],
)
def test_the_command_refuses_in_one_sentence(sel, capsys, more, said) -> None:
    assert main(["evidence", "--from-build", *more]) == 3
    out, err = capsys.readouterr()
    assert said in err and not out and err.count("\n") == 1

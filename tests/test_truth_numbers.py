"""The figures of clearance and security against what really happened: the simulator's truth, by plain SQL that shares no code with the project.

tests/test_numbers.py starts from the same log lines; this starts from the instants behind them, so it also sees what a log, a mapping, a clock
or a link between two logs could spoil. What no log can tell is left out here too, and named where it is.
"""

from __future__ import annotations

import datetime as dt

import duckdb
import polars as pl
import pytest

from dashboard import store
from dashboard.evidence.selected import extra_of
from dashboard.metrics import DIMENSIONS, METRICS
from dashboard.metrics.compiler import compile_query
from dashboard.selection import Selection
from etl import warehouse
from etl.settings import ROOT, SAMPLE_SITE, Settings

TRUTH = ROOT / "sample_data" / "small" / "truth"
DAYS = Selection("MACAS", dt.date(2026, 9, 17), dt.date(2026, 9, 22), comparison="none")

# Customs and the port gate write local time: of the two hours that were both called one o'clock (2026-09-20, 00:00 to 02:00 UTC) they tell no duration.
# A visit whose gate-in was never written is no visit; one whose gate-out was not has no gate-out.
TRUE = """
CREATE MACRO is_sure(x) AS x < TIMESTAMP '2026-09-20 00:00:00' OR x >= TIMESTAMP '2026-09-20 02:00:00';
CREATE MACRO local(x) AS x + CASE WHEN x < TIMESTAMP '2026-09-20 01:00:00' THEN INTERVAL 1 HOUR ELSE INTERVAL 0 HOUR END;
CREATE MACRO minutes(later, earlier) AS epoch(later - earlier) / 60;

CREATE TABLE gates AS
SELECT visit_no, entry_at, CASE WHEN NOT is_missed_exit THEN exit_at END AS exit_at, turnaround_min, terminal_code,
  is_sure(entry_at) AND (is_missed_exit OR is_sure(exit_at) IS NOT FALSE) AS is_sure
FROM '{truth}/visits.parquet' WHERE NOT is_missed_entry;

CREATE TABLE times AS
SELECT declaration_no, any_value(visit_no) AS visit_no, any_value(part) AS part, any_value(direction_code) AS direction, any_value(order_fault_code) AS fault,
  max(channel_code) AS channel, any_value(office_code) AS office, any_value(regime_code) AS regime, any_value(hs_code)[:2] AS hs_chapter, max(declared_kg) AS declared_kg,
  max(event_at) FILTER (WHERE event_code = 'arrived' AND is_sure(event_at)) AS noted, max(event_at) FILTER (WHERE event_code = 'lodged') AS lodged_at,
  max(event_at) FILTER (WHERE event_code = 'lodged' AND is_sure(event_at)) AS lodged, max(event_at) FILTER (WHERE event_code = 'released' AND is_sure(event_at)) AS released
FROM '{truth}/customs.parquet' GROUP BY declaration_no HAVING count(*) FILTER (WHERE event_code <> 'arrived') > 0;

CREATE TABLE declared AS
SELECT t.*, lodged_at AS any_lodged, CASE WHEN hour(local(lodged_at)) BETWEEN 9 AND 12 THEN 'peak' ELSE 'off_peak' END AS peak,
  CASE WHEN direction = 'import' THEN coalesce(ship.moved_at, noted) WHEN g.is_sure THEN g.entry_at END AS arrived,
  CASE WHEN direction = 'import' AND g.is_sure AND g.exit_at >= released THEN g.exit_at END AS gone
FROM times AS t LEFT JOIN gates AS g USING (visit_no)
LEFT JOIN '{truth}/moves.parquet' AS ship ON ship.visit_no = t.visit_no AND ship.move_code = 'discharge'
  AND ship.part = t.part;

CREATE TABLE spans AS
SELECT *, 'all' AS whole, CASE WHEN fault IS NULL THEN minutes(released, lodged) END AS release_min, CASE WHEN fault IS NULL THEN minutes(gone, released) END AS gate_out_min,
  CASE WHEN fault IS NULL AND lodged IS NOT NULL THEN greatest(minutes(released, arrived), 0) + CASE WHEN released IS NULL OR arrived IS NULL THEN NULL ELSE 0 END END AS clearance_min,
  CASE WHEN fault IS NULL THEN lodged < arrived END AS is_prelodged
FROM declared;

CREATE TABLE stages AS
WITH points AS (
  SELECT declaration_no, event_code, event_at AS happened FROM '{truth}/customs.parquet' WHERE event_code <> 'arrived' AND is_sure(event_at)
  UNION ALL SELECT declaration_no, 'gate_out', gone FROM declared WHERE gone IS NOT NULL
  UNION ALL SELECT declaration_no, 'arrived', arrived FROM declared WHERE arrived < lodged
), kept AS (
  SELECT p.* FROM points AS p JOIN declared AS d USING (declaration_no) WHERE fault IS NULL
), ordered AS (
  SELECT *, lag(happened) OVER (PARTITION BY declaration_no ORDER BY happened, list_position(['arrived', 'lodged', 'channel_assigned', 'agency_asked', 'agency_answered', 'paid',
    'inspection_ordered', 'inspection_started', 'inspection_ended', 'released', 'gate_out'], event_code)) AS since
  FROM kept
)
SELECT d.*, CASE event_code WHEN 'lodged' THEN 'to_lodged' WHEN 'channel_assigned' THEN 'to_channel' WHEN 'agency_asked' THEN 'to_agency_request' WHEN 'agency_answered' THEN 'agency'
    WHEN 'paid' THEN 'to_payment' WHEN 'inspection_ordered' THEN 'to_inspection_order' WHEN 'inspection_started' THEN 'to_inspection' WHEN 'inspection_ended' THEN 'inspection'
    WHEN 'released' THEN 'to_release' WHEN 'gate_out' THEN 'to_gate_out' END AS stage,
  minutes(happened, since) AS stage_min, greatest(minutes(happened, greatest(since, arrived)), 0) AS after_min
FROM ordered JOIN declared AS d USING (declaration_no) WHERE since IS NOT NULL
"""
SPANS = {"clearance": "clearance_min", "release": "release_min", "gate_out": "gate_out_min"}
FIGURES = {"p50": "quantile_cont({0}, 0.5)", "p90": "quantile_cont({0}, 0.9)", "mean": "avg({0})", "sd": "stddev_samp({0})"}
LIMITS = (4, 8, 24, 48)


@pytest.fixture(scope="module")
def true():
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(TRUE.format(truth=TRUTH))
    return con


@pytest.fixture(scope="module")
def asked(small_home):
    """The product's own metrics of its own build, with nothing hidden: what is shown of them is another matter."""
    con = warehouse.open_build(Settings(small_home, SAMPLE_SITE).build, "MACAS").connection

    def ask(*codes: str, by: tuple[str, ...] = ()) -> pl.DataFrame:
        query = compile_query([METRICS[code] for code in codes], [DIMENSIONS[code] for code in by], None, DAYS)
        return con.sql(query.sql, params=query.params).pl()

    ask.con = con
    return ask


def _same(found: pl.DataFrame, wanted: pl.DataFrame, *by: str) -> None:
    """Group by group and figure by figure, to a millionth; a figure of nothing is null on both sides."""
    both = found.select(wanted.columns).sort(by, nulls_last=True) if by else found.select(wanted.columns)
    wanted = wanted.sort(by, nulls_last=True) if by else wanted
    assert both.height == wanted.height > 0
    for column in wanted.columns:
        assert both[column].is_null().equals(wanted[column].is_null()), column
        mine, theirs = both[column].drop_nulls().to_list(), wanted[column].drop_nulls().to_list()
        assert mine == (theirs if column in by else pytest.approx(theirs, rel=1e-6, abs=1e-6)), column


@pytest.mark.parametrize("by", ["", "channel", "office", "regime", "peak", "hs_chapter"])
def test_the_time_release_study_is_what_happened(by, asked, true):
    """From arrival to release, from lodging to release, from release to gate-out: n, median, p90, mean, SD and the shares within hours, whole and by each group."""
    group, keys = (f"{by}, ", (by,)) if by else ("", ())
    figures = [f"{sql.format(column)} AS {span}_{name}" for span, column in SPANS.items() for name, sql in FIGURES.items()]
    counts = [f"count({column}) AS {span}_p50__n" for span, column in SPANS.items()]
    within = [f"avg(CAST(clearance_min <= {60 * hours} AS INT)) AS clearance_{hours}h_share" for hours in LIMITS]
    others = ["count(*) AS declarations", "avg(CAST(is_prelodged AS INT)) AS prelodged_share", "avg(CAST(fault IS NOT NULL AS INT)) AS set_apart_share", "count(clearance_min) / count(*) AS clearance_known_share"]
    wanted = true.sql(f"SELECT {group}{', '.join([*others, *counts, *figures, *within])} FROM spans GROUP BY {by or 'whole'}").pl()
    codes = [name.rpartition(" AS ")[2] for name in (*others, *figures, *within)]
    _same(asked(*codes, by=keys), wanted, *keys)


@pytest.mark.parametrize("by", ["", "channel", "regime"])
def test_every_segment_is_what_happened(by, asked, true):
    group, keys = (f"{by}, ", (by, "stage")) if by else ("", ("stage",))
    figures = ", ".join(f"{sql.format('stage_min')} AS stage_{name}" for name, sql in FIGURES.items())
    wanted = true.sql(f"SELECT {group}stage, count(stage_min) AS stage_p50__n, {figures}, sum(after_min) FILTER (WHERE arrived IS NOT NULL) / 60 AS clock_hours FROM stages GROUP BY ALL").pl()
    assert wanted["stage"].n_unique() == 10, "the sample goes through every stage there is"
    _same(asked("stage_p50", "stage_p90", "stage_mean", "stage_sd", "clock_hours", by=keys), wanted, *keys)


def test_segments_sum_to_the_whole_within_a_second(asked, true):
    """Declaration by declaration: the segments of the build to the true span from lodging to release, and after the arrival to the true clearance."""
    parts = asked.con.sql("""
        SELECT any_value(d.lodged_at) AS lodged_at, sum(stage_min) FILTER (WHERE stage_code NOT IN ('to_lodged', 'to_gate_out')) AS release_min, sum(after_arrival_min) FILTER (WHERE stage_code <> 'to_gate_out') AS clearance_min
        FROM fct_declarations AS d JOIN fct_declaration_stages USING (declaration_id) WHERE d.release_min IS NOT NULL AND d.clearance_min IS NOT NULL GROUP BY d.declaration_id
    """).pl()  # fmt: skip
    whole = true.sql("SELECT any_lodged AS lodged_at, release_min, clearance_min FROM spans WHERE release_min IS NOT NULL AND clearance_min IS NOT NULL").pl()
    assert parts.height == whole.height > 1000
    for column in ("release_min", "clearance_min"):
        keys = ["lodged_at", column]
        apart = parts.sort(keys)[column] - whole.sort(keys)[column]
        assert apart.abs().max() < 1 / 60, column


def test_what_is_set_apart_is_what_was_planted(asked, true):
    """Each impossible declaration, by the fault it was made with; and no other."""
    found = asked.con.sql("SELECT order_fault_code AS fault, lodged_at FROM fct_declarations WHERE order_fault_code IS NOT NULL ORDER BY ALL").fetchall()
    planted = true.sql("SELECT fault, lodged_at FROM times WHERE fault IS NOT NULL ORDER BY ALL").fetchall()
    assert found == planted and len({fault for fault, _ in planted}) == 9 == len(planted) - 1


def test_rates_of_us_bound_boxes_are_what_happened(asked, true):
    """Filing compliance, tiers, referrals, answers, inspections, hits, holds: whole and by terminal. Filings and loadings come in UTC, so none is in doubt."""
    figures = """
        count(*) AS csi_filings, avg(CAST(minutes(loading_at, filed_at) >= 1440 AS INT)) AS csi_24h_share, median(minutes(loading_at, filed_at) / 60) AS csi_lead_p50,
        avg(CAST(risk_tier_code = 'high' AS INT)) AS csi_high_share, count(referred_at) AS csi_referrals, count(host_answer_code) / count(referred_at) AS csi_answered_share,
        avg(CAST(host_answer_code = 'accepted' AS INT)) AS csi_accepted_share, avg(CAST(has_nii AS INT)) AS csi_nii_share, avg(CAST(has_physical AS INT)) AS csi_physical_share,
        count(*) FILTER (WHERE inspection_result_code = 'hit') / count(inspection_result_code) AS csi_hit_share,
        count(*) FILTER (WHERE resolved_at <= loading_at AND referred_at IS NOT NULL) / count(referred_at) AS csi_resolved_share,
        median(minutes(resolved_at, referred_at)) AS csi_hold_p50, quantile_cont(minutes(resolved_at, referred_at), 0.9) AS csi_hold_p90
    """
    filings = f"'{TRUTH}/filings.parquet'"
    whole = true.sql(f"SELECT {figures} FROM {filings}").pl()
    assert whole["csi_filings"].item() > 30
    _same(asked(*whole.columns), whole)
    by_terminal = true.sql(f"SELECT terminal_code AS terminal, {figures} FROM {filings} GROUP BY 1").pl().fill_nan(None)
    _same(asked(*whole.columns, by=("terminal",)), by_terminal, "terminal")


def test_inspections_and_hit_rates_are_what_happened(asked, true):
    """By kind. Of a truck whose gate-in was never written, or stands in the doubled hour, no visit is sure: those are left out on both sides."""
    wanted = true.sql(f"""
        SELECT service_code AS service, count(*) AS inspections, avg(CAST(inspection_result_code = 'hit' AS INT)) AS hit_share, median(minutes(started_at, arrived_at)) AS inspection_wait_p50,
          median(minutes(ended_at, started_at)) AS inspection_service_p50, median(minutes(verdict_at, ended_at)) AS verdict_p50
        FROM '{TRUTH}/inspections.parquet' JOIN gates USING (visit_no) WHERE is_sure GROUP BY 1
    """).pl()  # fmt: skip
    assert wanted["service"].len() == 3 and wanted["inspections"].min() >= 10
    asked.con.execute("CREATE TEMP VIEW fct_inspections AS SELECT * FROM memory.main.fct_inspections WHERE visit_id IN (SELECT visit_id FROM fct_visits WHERE clock_flag = 'ok')")
    try:
        _same(asked(*wanted.columns[1:], by=("service",)), wanted, "service")
    finally:
        asked.con.execute("DROP VIEW temp.fct_inspections")


def test_weighings_and_masses_are_what_happened(asked, true):
    """Re-weighings as planted; of each visit what its boxes weighed and what was declared for them, where both readings and every declaration say so."""
    con = asked.con
    n, again = true.sql(f"SELECT count(*), count(*) FILTER (WHERE is_again) FROM '{TRUTH}/weighings.parquet' JOIN gates USING (visit_no) WHERE is_sure").fetchall()[0]
    assert con.sql("SELECT count(*), count(*) FILTER (WHERE is_again) FROM fct_weighings JOIN fct_visits USING (visit_id) WHERE clock_flag = 'ok'").fetchall() == [(n, again)] and again >= 10
    wanted = true.sql(f"""
        WITH last AS (
          SELECT visit_no, arg_max(gross_mass_kg, ended_at) FILTER (WHERE weighing_code = 'full') - arg_max(gross_mass_kg, ended_at) FILTER (WHERE weighing_code = 'empty') AS net
          FROM '{TRUTH}/weighings.parquet' GROUP BY visit_no
        ), stated AS (
          SELECT visit_no, CASE WHEN count(*) = count(declared_kg) THEN sum(declared_kg) END AS stated
          FROM declared JOIN '{TRUTH}/visits.parquet' AS v USING (visit_no) WHERE direction = 'import' OR v.direction_code = 'export' GROUP BY visit_no
        )
        SELECT g.entry_at, net, stated FROM gates AS g JOIN last USING (visit_no) JOIN stated USING (visit_no)
        WHERE net IS NOT NULL AND stated IS NOT NULL AND g.is_sure AND g.exit_at IS NOT NULL ORDER BY ALL
    """).fetchall()  # fmt: skip
    found = con.sql("SELECT entry_at, round(weighed_net_kg, 6), declared_kg FROM fct_visits WHERE weighed_net_kg IS NOT NULL AND declared_kg IS NOT NULL AND status_code = 'closed' AND clock_flag = 'ok' ORDER BY ALL").fetchall()
    assert found == wanted and len(wanted) > 800
    share = sum(abs(net / stated - 1) <= 0.05 for _, net, stated in wanted) / len(wanted)
    assert 0.88 < share < 0.97, "one declaration in seventeen was made to be off by 5 % or more"


def test_the_extra_minutes_of_selected_visits_are_what_happened(asked, true, small_home):
    """Visits with a referred box against the others of the same local day, hour and terminal, each day and terminal weighted by its selected visits."""
    strata = f"""
        WITH kept AS (
          SELECT CAST(local(g.entry_at) AS DATE) AS day, hour(local(g.entry_at)) AS hour, g.terminal_code, v.turnaround_min AS m,
            g.visit_no IN (SELECT visit_no FROM '{TRUTH}/filings.parquet' WHERE referred_at IS NOT NULL) AS is_selected
          FROM gates AS g JOIN '{TRUTH}/visits.parquet' AS v USING (visit_no) WHERE g.is_sure AND g.exit_at IS NOT NULL
        )
        SELECT count(*) FILTER (WHERE is_selected) AS n, avg(m) FILTER (WHERE is_selected) - avg(m) FILTER (WHERE NOT is_selected) AS gap
        FROM kept GROUP BY day, hour, terminal_code HAVING n > 0 AND count(*) FILTER (WHERE NOT is_selected) > 0
    """
    n, minutes = true.sql(f"SELECT sum(n), sum(n * gap) / sum(n) FROM ({strata})").fetchall()[0]
    store.use(Settings(small_home, SAMPLE_SITE))
    try:
        found = extra_of(store.of("MACAS"), DAYS, small_cell=1)
    finally:
        store.use(None)
    assert n >= 3 and found.selected_n == n and found.minutes == pytest.approx(minutes, abs=1e-6)

"""The figures of the committed sample, computed a second time from its raw files by plain SQL that shares no code with the project.

Every number a manager reads must be one an analyst gets from the same log lines with nothing but this file. Where the two
once differed, the reason stands beside the SQL: the difference was always a rule of domain.md that the plain SQL had left out.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from itertools import pairwise

import duckdb
import numpy as np
import polars as pl
import pytest

from dashboard.metrics import DIMENSIONS, METRICS
from dashboard.metrics.compiler import compile_query
from dashboard.metrics.hours import hours_in
from dashboard.metrics.intervals import wilson
from dashboard.metrics.privacy import suppress
from dashboard.selection import Selection
from dashboard.store import Store
from etl import clock
from etl.settings import ROOT, SAMPLE_SITE, Settings

SMALL = ROOT / "sample_data" / "small"
DAYS = Selection("MACAS", dt.date(2026, 9, 17), dt.date(2026, 9, 22), comparison="none")
NOW = dt.datetime(2026, 9, 21, 23, 59, 28)
# table -> (files, separator, encoding, whether the log quotes its texts)
LOGS = {
    "gate_port": ("gate_port_*.csv", ";", "utf-8-sig", False), "gate_terminal": ("gate_terminal_*.csv", ",", "utf-8", False),
    "pesage": ("pesage_*.csv", ";", "cp1252", False), "douane": ("douane_*.csv.gz", ";", "utf-8", False),
    "controles": ("controles_*.csv", ";", "utf-8", False), "rendezvous": ("rendezvous_*.csv", ",", "utf-8", True),
    "mouvements": ("mouvements_*.csv", ",", "utf-8", False),
}  # fmt: skip

# Morocco left UTC+1 for UTC on 2026-09-20 at 02:00 local; the hour from 01:00 happened twice and gives no duration.
WORDS = """
CREATE MACRO folded(x) AS replace(regexp_replace(translate(upper(x), 'أبدطهو', 'ABDTHW'), '[^A-Z0-9]', '', 'g'), 'O', '0');
CREATE MACRO day_first(x) AS try_strptime(x, '%d/%m/%Y %H:%M:%S');
CREATE MACRO year_first(x) AS try_strptime(x, '%Y-%m-%d %H:%M:%S');
CREATE MACRO in_utc(x) AS CASE WHEN x < TIMESTAMP '2026-09-20 02:00:00' THEN x - INTERVAL 1 HOUR ELSE x END;
CREATE MACRO is_twice(x) AS x >= TIMESTAMP '2026-09-20 01:00:00' AND x < TIMESTAMP '2026-09-20 02:00:00';
CREATE MACRO with_offset(x) AS CAST(try_cast(x AS TIMESTAMPTZ) AT TIME ZONE 'UTC' AS TIMESTAMP);
CREATE MACRO zulu(x) AS try_strptime(x, '%Y-%m-%dT%H:%M:%SZ');
CREATE MACRO minutes(later, earlier) AS epoch(later - earlier) / 60
"""

# A visit is a gate-in and the truck's next gate event if that is a gate-out within 72 h. The same event again within 10 minutes
# is a second reading. A gate-out of the doubled hour that would lie before its own gate-in is the later of its two instants.
VISITS = """
CREATE TABLE passages AS
SELECT DISTINCT folded("Immatriculation") AS truck, "Sens" AS way, "Voie" AS lane, day_first("Date heure passage") AS local_at,
  in_utc(day_first("Date heure passage")) AS passed, in_utc(day_first("Date heure présentation")) AS presented, nullif("Rendez-vous", '') AS booking
FROM gate_port
WHERE "Sens" IN ('E', 'S') AND "Porte" = 'P6' AND "Immatriculation" <> '' AND day_first("Date heure passage") IS NOT NULL
  AND day_first("Date heure présentation") <= day_first("Date heure passage");

CREATE TABLE readings AS
WITH beside AS (
  SELECT *, lag(way) OVER each AS way_before, lead(way) OVER each AS way_after, lead(passed) OVER each AS passed_after
  FROM passages WINDOW each AS (PARTITION BY truck ORDER BY passed, way)
), settled AS (
  SELECT * REPLACE (passed + CASE WHEN is_twice(local_at) AND way = 'S' AND way_before IS DISTINCT FROM 'E' AND way_after = 'E'
    AND passed_after - passed < INTERVAL 1 HOUR THEN INTERVAL 1 HOUR ELSE INTERVAL 0 HOUR END AS passed) FROM beside
)
SELECT *, way = lag(way) OVER each AND passed - lag(passed) OVER each <= INTERVAL 10 MINUTE AS is_again
FROM settled WINDOW each AS (PARTITION BY truck ORDER BY passed, way);

CREATE TABLE visits AS
WITH paired AS (
  SELECT *, lead(way) OVER each AS way_next, lead(passed) OVER each AS passed_next, lead(local_at) OVER each AS local_next
  FROM readings WHERE is_again IS NOT TRUE WINDOW each AS (PARTITION BY truck ORDER BY passed, way)
)
SELECT row_number() OVER (ORDER BY truck, passed) AS visit_no, truck, lane, passed AS entered, local_at AS entered_local, presented, booking,
  CASE WHEN way_next = 'S' AND passed_next - passed <= INTERVAL 72 HOUR THEN passed_next END AS gone,
  CASE WHEN way_next = 'S' AND passed_next - passed <= INTERVAL 72 HOUR AND NOT is_twice(local_at) AND NOT is_twice(local_next) THEN minutes(passed_next, passed) END AS p_min,
  is_twice(local_at) OR coalesce(is_twice(local_next), false) AS is_unsure, way_next IS NULL AS has_no_later_line,
  least(passed + INTERVAL 72 HOUR, coalesce(passed_next, TIMESTAMP '9999-01-01')) AS latest
FROM paired WHERE way = 'E'
"""

# Two clocks were an hour off, each for one day's file: the weighbridges' ahead on the 18th, the gate of TC3 behind on the 19th.
LINES = """
CREATE TABLE calls AS
WITH said AS (
  SELECT DISTINCT folded(plate) AS truck, event, terminal, with_offset(completed) AS wrote, with_offset(presented) AS wrote_presented,
    file = 'gate_terminal_TC3_2026-09-19.csv' AS is_off
  FROM gate_terminal WHERE event IN ('GATE_IN', 'GATE_OUT') AND gate IN ('TCE-G', 'TC3-G', 'SOM-G') AND with_offset(completed) IS NOT NULL
)
SELECT *, wrote + CASE WHEN is_off THEN INTERVAL 1 HOUR ELSE INTERVAL 0 HOUR END AS happened, is_off FROM said;

CREATE TABLE weighings AS
SELECT DISTINCT folded("Immatriculation") AS truck, "Nature pesée" AS kind, "Pont" AS place, in_utc(day_first("Arrivée")) AS arrived, in_utc(day_first("Début")) AS began,
  is_twice(day_first("Fin")) AS is_twice, file = 'pesage_2026-09-18.csv' AS is_off,
  in_utc(day_first("Fin")) - CASE WHEN file = 'pesage_2026-09-18.csv' THEN INTERVAL 1 HOUR ELSE INTERVAL 0 HOUR END AS happened
FROM pesage
WHERE "Nature pesée" IN ('VIDE', 'PLEIN') AND "Pont" SIMILAR TO 'WB[1-8]' AND day_first("Fin") IS NOT NULL
  AND try_cast(replace("Masse brute (t)", ',', '.') AS DOUBLE) BETWEEN 3 AND 80;

CREATE TABLE checks AS
SELECT DISTINCT folded("Immatriculation") AS truck, "Controle" AS kind, "Lieu" AS place, year_first("Arrivee") - INTERVAL 1 HOUR AS arrived,
  year_first("Debut") - INTERVAL 1 HOUR AS began, year_first("Fin") - INTERVAL 1 HOUR AS happened
FROM controles WHERE "Controle" IN ('DOCUMENTS', 'SCANNER', 'VISITE', 'ONSSA', 'SORTIE') AND year_first("Fin") IS NOT NULL AND (year_first("Fin") < year_first("Debut")) IS NOT TRUE
"""

# A line belongs to its truck's visit that began last before it, give or take 2 minutes.
OWNED = """
CREATE TABLE {name}_owned AS
SELECT * FROM (
  SELECT l.*, v.visit_no, v.p_min, v.latest FROM {name} AS l ASOF JOIN visits AS v ON l.truck = v.truck AND l.happened >= v.entered - INTERVAL 2 MINUTE
) WHERE happened <= latest + INTERVAL 2 MINUTE
"""

TURNS = """
CREATE TABLE turns AS
WITH marked AS (
  SELECT *, event = lag(event) OVER each AND happened - lag(happened) OVER each <= INTERVAL 10 MINUTE AS is_again
  FROM calls_owned WINDOW each AS (PARTITION BY truck, terminal ORDER BY happened)
), paired AS (
  SELECT *, lead(event) OVER each AS event_next, lead(happened) OVER each AS happened_next, lead(is_off) OVER each AS is_off_next
  FROM marked WHERE is_again IS NOT TRUE WINDOW each AS (PARTITION BY visit_no, terminal ORDER BY happened)
)
SELECT visit_no, p_min, terminal, is_off, wrote_presented AS presented, happened AS went_in, CASE WHEN event_next = 'GATE_OUT' AND is_off = is_off_next THEN happened_next END AS came_out
FROM paired WHERE event = 'GATE_IN'
"""

# An appointment in its newest state; the visit that shows its number within 24 h of the slot, else its truck's within 6 h. Each once.
APPOINTMENTS = """
CREATE TABLE booked AS
SELECT reference AS booking, arg_max(event, zulu(event_time)) AS state, arg_max(zulu(slot_start), zulu(event_time)) AS slot_from,
  arg_max(zulu(slot_end), zulu(event_time)) AS slot_to, arg_max(folded(plate), zulu(event_time)) AS truck
FROM rendezvous WHERE event IN ('booked', 'changed', 'cancelled', 'refused') GROUP BY reference;

CREATE TABLE kept AS
WITH pairs AS (
  SELECT b.booking, v.visit_no, v.booking IS NULL AS is_by_plate, CASE
    WHEN presented < slot_from THEN minutes(presented, slot_from) WHEN presented > slot_to THEN minutes(presented, slot_to) ELSE 0 END AS off_min
  FROM booked AS b JOIN visits AS v ON v.booking = b.booking OR (v.booking IS NULL AND v.truck = b.truck)
  WHERE b.state IN ('booked', 'changed')
), near AS (
  SELECT * FROM pairs WHERE abs(off_min) <= CASE WHEN is_by_plate THEN 360 ELSE 1440 END
  QUALIFY row_number() OVER (PARTITION BY booking ORDER BY is_by_plate, abs(off_min)) = 1
)
SELECT * FROM near QUALIFY row_number() OVER (PARTITION BY visit_no ORDER BY is_by_plate, abs(off_min)) = 1;

CREATE TABLE outcomes AS
SELECT CASE WHEN state IN ('cancelled', 'refused') THEN state WHEN off_min < -30 THEN 'early' WHEN off_min > 30 THEN 'late' WHEN off_min IS NOT NULL THEN 'on_time'
  WHEN slot_to + INTERVAL 24 HOUR <= $now THEN 'no_show' ELSE 'pending' END AS outcome
FROM booked LEFT JOIN kept USING (booking)
WHERE slot_from >= in_utc(TIMESTAMP '2026-09-17') AND slot_from < in_utc(TIMESTAMP '2026-09-22')
"""

DECLARATIONS = """
CREATE TABLE impossible AS
WITH said AS (
  SELECT "DUM" AS declaration, "Evenement" AS event, CASE WHEN NOT is_twice(year_first("Horodatage")) THEN in_utc(year_first("Horodatage")) END AS happened FROM douane
), times AS (
  SELECT declaration, min(happened) FILTER (WHERE event = 'ENREGISTREMENT') AS lodged, min(happened) FILTER (WHERE event = 'SELECTION') AS chosen, min(happened) FILTER (WHERE event = 'LIQUIDATION') AS paid,
    min(happened) FILTER (WHERE event = 'ORDRE_VISITE') AS ordered, min(happened) FILTER (WHERE event = 'DEBUT_VISITE') AS began, max(happened) FILTER (WHERE event = 'FIN_VISITE') AS ended,
    min(happened) FILTER (WHERE event = 'MAINLEVEE') AS released, min(happened) FILTER (WHERE event = 'DEMANDE_AVIS') AS asked, min(happened) FILTER (WHERE event = 'AVIS_RENDU') AS answered
  FROM said GROUP BY declaration
)
SELECT declaration FROM times
WHERE least(chosen, paid, ordered, released) < lodged OR released < greatest(chosen, ended) OR began < ordered OR ended < began OR answered < asked;

CREATE TABLE declared AS
SELECT "DUM" AS declaration, min(CASE WHEN NOT is_twice(year_first("Horodatage")) THEN in_utc(year_first("Horodatage")) END) FILTER (WHERE "Evenement" = 'ENREGISTREMENT') AS lodged,
  min(CASE WHEN NOT is_twice(year_first("Horodatage")) THEN in_utc(year_first("Horodatage")) END) FILTER (WHERE "Evenement" = 'MAINLEVEE') AS released,
  "DUM" IN (SELECT declaration FROM impossible) AS is_impossible
FROM douane WHERE trim("DUM") <> '' AND "Evenement" <> 'INCONNU' GROUP BY "DUM"
HAVING count(*) FILTER (WHERE "Evenement" <> 'ARRIVEE') > 0  -- goods that came and are not declared yet are no declaration
"""

# The clock of a declaration: from the arrival (the ship's discharge by the terminals' moves, else customs' own line, else the gate-in of the truck that brings an export) over each event to the
# gate-out. The wait for an event belongs to whoever has to act; before the goods came it holds nobody up.
CLOCK = """
CREATE TABLE boxes AS
SELECT v.visit_no, v.entered, v.gone, v.is_unsure, way, unnest([nullif("Conteneur 1", ''), nullif("Conteneur 2", '')]) AS box
FROM visits AS v JOIN (SELECT DISTINCT folded("Immatriculation") AS truck, "Sens" AS way, in_utc(day_first("Date heure passage")) AS happened, "Conteneur 1", "Conteneur 2" FROM gate_port) AS g
  ON g.truck = v.truck AND ((way = 'E' AND g.happened = v.entered) OR (way = 'S' AND g.happened = v.gone));

CREATE TABLE events AS
SELECT "DUM" AS declaration, "Evenement" AS event, CASE WHEN "Evenement" = 'FIN_VISITE' THEN max(happened) ELSE min(happened) END AS happened FROM (
  SELECT *, CASE WHEN NOT is_twice(year_first("Horodatage")) THEN in_utc(year_first("Horodatage")) END AS happened FROM douane
  WHERE trim("DUM") <> '' AND "Evenement" <> 'INCONNU' AND "DUM" IN (SELECT declaration FROM declared WHERE NOT is_impossible)
) GROUP BY "DUM", "Evenement" HAVING min(happened) IS NOT NULL;

CREATE TABLE clocked AS
WITH named AS (SELECT "DUM" AS declaration, max(nullif("Conteneur", '')) AS box FROM douane GROUP BY 1),
came AS (SELECT declaration, min(entered) AS happened, arg_min(is_unsure, entered) AS is_unsure FROM named JOIN boxes USING (box) WHERE way = 'E' AND declaration LIKE 'EX%' GROUP BY 1),
ship AS (SELECT declaration, min(zulu(time)) AS happened FROM named JOIN mouvements ON container = box WHERE move = 'DISCHARGE' GROUP BY 1),
went AS (SELECT declaration, min(gone) AS happened, arg_min(is_unsure, gone) AS is_unsure FROM named JOIN boxes USING (box) WHERE way = 'S' AND gone IS NOT NULL GROUP BY 1)
SELECT declaration, lodged, released, coalesce(s.happened, a.happened, CASE WHEN NOT c.is_unsure THEN c.happened END) AS arrived, CASE WHEN NOT w.is_unsure AND w.happened >= released THEN w.happened END AS gone
FROM (SELECT * FROM declared WHERE NOT is_impossible) AS declared LEFT JOIN (SELECT declaration, happened FROM events WHERE event = 'ARRIVEE') AS a USING (declaration) LEFT JOIN ship AS s USING (declaration) LEFT JOIN came AS c USING (declaration) LEFT JOIN went AS w USING (declaration);

CREATE TABLE waits AS
WITH points AS (
  SELECT declaration, event, happened FROM events WHERE event <> 'ARRIVEE' UNION ALL SELECT declaration, 'SORTIE', gone FROM clocked WHERE gone IS NOT NULL
  UNION ALL SELECT declaration, 'ARRIVEE', arrived FROM clocked WHERE arrived < lodged
), ordered AS (
  SELECT *, lag(happened) OVER (PARTITION BY declaration ORDER BY happened, list_position(
    ['ARRIVEE', 'ENREGISTREMENT', 'SELECTION', 'DEMANDE_AVIS', 'AVIS_RENDU', 'LIQUIDATION', 'ORDRE_VISITE', 'DEBUT_VISITE', 'FIN_VISITE', 'MAINLEVEE', 'SORTIE'], event)) AS since
  FROM points
)
SELECT declaration, event, happened, since, arrived, CASE WHEN event IN ('ENREGISTREMENT', 'DEMANDE_AVIS') THEN 'agent' WHEN event = 'AVIS_RENDU' THEN 'other_agency' WHEN event IN ('LIQUIDATION', 'SORTIE') THEN 'trader'
  WHEN event = 'DEBUT_VISITE' THEN 'terminal' ELSE 'customs' END AS holder, minutes(happened, since) AS whole_min, greatest(minutes(happened, greatest(since, arrived)), 0) AS after_min
FROM ordered JOIN clocked USING (declaration) WHERE since IS NOT NULL
"""


@pytest.fixture(scope="module")
def store(small_home):
    """The product's answer: both inboxes loaded by its own command."""
    return Store(Settings(small_home, SAMPLE_SITE), "MACAS")


@pytest.fixture(scope="module")
def raw():
    """The analyst's answer: lines split by hand, everything else plain SQL."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    for name, how in LOGS.items():
        frame = _lines(*how)
        con.register("read_now", frame)
        con.execute(f"CREATE TABLE {name} AS SELECT * FROM read_now")
        con.unregister("read_now")
    for script in (WORDS, VISITS, LINES, *(OWNED.format(name=name) for name in ("calls", "weighings", "checks")), TURNS, DECLARATIONS, CLOCK):
        con.execute(script)
    first, _, rest = APPOINTMENTS.rpartition(";")
    con.execute(first)
    con.execute(rest, {"now": NOW})
    return con


def _lines(pattern: str, separator: str, encoding: str, is_quoted: bool) -> pl.DataFrame:
    """Every line that has the header's number of fields and can be read at all; a damaged line is a copy of a good one (sample_data/README)."""
    rows, names = [], []
    for path in sorted((*(SMALL / "inbox").glob(pattern), *(SMALL / "inbox_late").glob(pattern))):
        body = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for number, line in enumerate(body.splitlines()):
            try:
                text = line.decode(encoding if number == 0 else encoding.removesuffix("-sig"))
            except UnicodeDecodeError:
                continue
            if number == 0:
                names = text.split(separator)
            elif text and "\0" not in text and text.count('"') % 2 == 0 and (is_quoted or '"' not in text):
                fields = next(csv.reader([text], delimiter=separator)) if is_quoted else text.split(separator)
                if len(fields) == len(names):
                    rows.append([path.name, *fields])
    return pl.DataFrame(rows, schema=["file", *names], orient="row")


def _row(con, sql: str, **values) -> tuple:
    return con.execute(sql, values).fetchall()[0]


def _asked(store: Store, *metrics: str, by=(), selection=DAYS) -> pl.DataFrame:
    return store.ask(selection, metrics, by).frame


def test_visits_and_turnaround(raw, store):
    visits, gone, known, p50, p90, p95, mean, within_60, over_120 = _row(raw, """
        SELECT count(*), count(gone), count(p_min), quantile_cont(p_min, 0.5), quantile_cont(p_min, 0.9), quantile_cont(p_min, 0.95), avg(p_min),
          avg(CAST(p_min <= 60 AS INT)), avg(CAST(p_min > 120 AS INT)) FROM visits
    """)  # fmt: skip
    assert (visits, gone, known) == (937, 928, 919)  # 9 closed visits touch the hour that happened twice: they have no P
    found = _asked(store, "visits", "closed_visits", "turnaround_p50", "turnaround_p90", "turnaround_p95", "turnaround_mean", "under_60_share", "over_120_share").row(0, named=True)
    assert (found["visits"], found["closed_visits"], found["turnaround_p50__n"]) == (visits, gone, known)
    assert [found[name] for name in ("turnaround_p50", "turnaround_p90", "turnaround_p95", "turnaround_mean", "under_60_share", "over_120_share")] == pytest.approx(
        [p50, p90, p95, mean, within_60, over_120], abs=1e-6
    )


def test_every_visit_is_the_same_visit(raw, store):
    """Not the sums only: instant by instant, entry and exit, P, T, checks and both weighings of each visit."""
    mine = raw.sql("""
        SELECT v.entered AS entry_at, v.lane AS entry_lane_code, v.gone AS exit_at, round(v.p_min, 4) AS p, round(t.t_min, 4) AS t, c.n AS checks
        FROM visits AS v
        LEFT JOIN (SELECT visit_no, CASE WHEN count(*) = count(came_out) THEN sum(minutes(came_out, went_in)) END AS t_min FROM turns GROUP BY visit_no) AS t USING (visit_no)
        LEFT JOIN (SELECT visit_no, count(*) AS n FROM checks_owned WHERE kind = 'DOCUMENTS' GROUP BY visit_no) AS c USING (visit_no)
    """).pl()  # fmt: skip
    theirs = store.table("fct_visits").select(
        "entry_at", "entry_lane_code", "exit_at", pl.col("turnaround_min").round(4).alias("p"), pl.col("terminal_turn_min").round(4).alias("t"), pl.col("document_checks_n").alias("checks")
    )
    assert sorted(mine.rows(), key=str) == sorted(theirs.rows(), key=str)


def test_bands_and_lanes(raw, store):
    bands = dict(raw.execute("""
        SELECT CASE WHEN p_min < 30 THEN 'b1' WHEN p_min < 60 THEN 'b2' WHEN p_min < 90 THEN 'b3' WHEN p_min < 120 THEN 'b4' WHEN p_min < 240 THEN 'b5'
          WHEN p_min < 480 THEN 'b6' ELSE 'b7' END AS band, count(*) FROM visits WHERE p_min IS NOT NULL GROUP BY 1
    """).fetchall())  # fmt: skip
    known = sum(bands.values())
    found = _asked(store, *(f"band_{band}" for band in bands)).row(0, named=True)
    for band, n in bands.items():
        assert found[f"band_{band}"] == pytest.approx(n / known) and found[f"band_{band}__n"] == known
        assert (found[f"band_{band}__low"], found[f"band_{band}__high"]) == pytest.approx(wilson(n, known))
    lanes = dict(raw.execute("SELECT lane, count(*) FROM visits GROUP BY 1").fetchall())
    assert dict(_asked(store, "visits", by=("lane",)).select("lane", "visits").iter_rows()) == lanes


def test_document_checks_terminal_turn_and_weighings(raw, store):
    checks, recorded = _row(raw, "SELECT count(*), count(DISTINCT visit_no) FROM checks_owned WHERE kind = 'DOCUMENTS'")
    t50, turns = _row(raw, "SELECT quantile_cont(t, 0.5), count(t) FROM (SELECT CASE WHEN count(*) = count(came_out) THEN sum(minutes(came_out, went_in)) END AS t FROM turns GROUP BY visit_no)")
    # A visit with a gate time in the hour that happened twice cannot be said to lack a weighing: the line may be filed outside it.
    weighed, both = _row(raw, """
        SELECT count(*), count(*) FILTER (WHERE kinds = 2) FROM (
          SELECT visit_no, count(DISTINCT w.kind) AS kinds FROM visits LEFT JOIN weighings_owned AS w USING (visit_no) WHERE gone IS NOT NULL AND NOT is_unsure GROUP BY visit_no)
    """)  # fmt: skip
    found = _asked(store, "document_checks_mean", "terminal_turn_p50", "both_weighings_share").row(0, named=True)
    assert (found["document_checks_mean__n"], found["terminal_turn_p50__n"], found["both_weighings_share__n"]) == (recorded, turns, weighed)
    assert (found["document_checks_mean"], found["terminal_turn_p50"], found["both_weighings_share"]) == pytest.approx((checks / recorded, t50, both / weighed))


def test_calls_at_a_terminal_as_tic40_and_port_botany_count_them(raw, store):
    """Gate-in completed to gate-out completed, one row a call."""
    calls, p50, p90, mean = _row(raw, """
        SELECT count(m), quantile_cont(m, 0.5), quantile_cont(m, 0.9), avg(m)
        FROM (SELECT minutes(came_out, went_in) AS m FROM turns JOIN visits USING (visit_no) WHERE NOT is_off AND visits.p_min IS NOT NULL)
    """)  # fmt: skip
    found = _asked(store, "tic_turn_p50", "tic_turn_p90", "botany_turn_mean").row(0, named=True)
    assert found["tic_turn_p50__n"] == calls
    assert (found["tic_turn_p50"], found["tic_turn_p90"], found["botany_turn_mean"]) == pytest.approx((p50, p90, mean), abs=1e-4)


def test_flow_and_trucks_inside(raw, store):
    hours = 5 * 24 + 1 - 32 / 3600  # the 20th had 25 hours; now is 32 s before midnight
    (visits,) = _row(raw, "SELECT count(*) FROM visits")
    found = _asked(store, "entries_per_hour").row(0, named=True)
    assert found["entries_per_hour"] == pytest.approx(visits / hours, rel=1e-6)
    inside = dict(store.rows("inside", DAYS).select("hour_local_at", "inside_n").iter_rows())
    for local in (dt.datetime(2026, 9, 18, 11), dt.datetime(2026, 9, 19, 18), dt.datetime(2026, 9, 21, 12)):
        (n,) = _row(raw, """
            SELECT count(*) FROM visits WHERE entered <= in_utc($at) AND entered > in_utc($at) - INTERVAL 24 HOUR
              AND (gone > in_utc($at) OR (gone IS NULL AND has_no_later_line AND $now < entered + INTERVAL 72 HOUR))
        """, at=local, now=NOW)  # fmt: skip
        assert inside[local] == n


@pytest.mark.parametrize(("day", "hours"), [((2026, 2, 15), 25), ((2026, 3, 22), 23), ((2026, 9, 20), 25), ((2026, 9, 21), 24)])
def test_a_day_with_a_clock_change_has_23_or_25_hours(day, hours):
    """Entries per hour of such a day were once divided by 24."""
    first = dt.date(*day)
    period = Selection("MACAS", first, first + dt.timedelta(days=1))
    found, _ = hours_in(period, dt.datetime(2027, 1, 1), (), None, 0, clock.seams("Africa/Casablanca"))
    assert found["hours_n"][0] == hours


def test_lost_truck_hours(raw, store):
    """Wait above the 15th percentile of the point's own waits; a terminal's whole turn, since its log has no wait."""
    lost = dict(raw.execute("""
        WITH waits AS (
          SELECT place, kind, minutes(began, arrived) AS wait FROM checks_owned WHERE kind IN ('SCANNER', 'VISITE', 'ONSSA', 'SORTIE') AND p_min IS NOT NULL
          UNION ALL
          SELECT place, kind, minutes(began, arrived) FROM weighings_owned WHERE NOT is_off AND NOT is_twice AND p_min IS NOT NULL
          UNION ALL
          SELECT terminal || '-G', 'turn', minutes(came_out, presented) FROM turns WHERE NOT is_off AND came_out IS NOT NULL AND p_min IS NOT NULL
        ), free AS (
          SELECT place, kind, quantile_cont(wait, 0.15) AS free FROM waits GROUP BY ALL
        )
        SELECT place, sum(greatest(wait - free, 0)) / 60 FROM waits JOIN free USING (place, kind) GROUP BY place
    """).fetchall())  # fmt: skip
    found = dict(_asked(store, "lost_hours", by=("place",)).drop_nulls("lost_hours").select("place", "lost_hours").iter_rows())
    assert found.keys() == lost.keys() and list(found.values()) == pytest.approx([lost[place] for place in found], abs=1e-6)


def test_appointments(raw, store):
    outcomes = dict(raw.execute("SELECT outcome, count(*) FROM outcomes GROUP BY 1").fetchall())
    assert dict(_asked(store, "appointments", by=("outcome",)).select("outcome", "appointments").iter_rows()) == outcomes
    held = sum(outcomes[name] for name in ("on_time", "early", "late"))
    due = held + outcomes["no_show"]
    found = _asked(store, "appointment_on_time_share", "appointment_early_share", "appointment_late_share", "no_show_share").row(0, named=True)
    expected = {"appointment_on_time": (outcomes["on_time"], due), "appointment_early": (outcomes["early"], held), "appointment_late": (outcomes["late"], held), "no_show": (outcomes["no_show"], due)}
    for name, (n, of) in expected.items():
        assert (found[f"{name}_share"], found[f"{name}_share__n"]) == (pytest.approx(n / of), of)


def test_declarations(raw, store):
    n, known, p50, p90, mean, within = _row(raw, """
        SELECT count(*), count(m), quantile_cont(m, 0.5), quantile_cont(m, 0.9), avg(m), avg(CAST(m <= 48 * 60 AS INT))
        FROM (SELECT CASE WHEN released >= lodged AND NOT is_impossible THEN minutes(released, lodged) END AS m FROM declared)
    """)  # fmt: skip
    found = _asked(store, "declarations", "release_p50", "release_p90", "release_mean", "release_48h_share").row(0, named=True)
    assert (found["declarations"], found["release_p50__n"]) == (n, known)
    assert (found["release_p50"], found["release_p90"], found["release_mean"], found["release_48h_share"]) == pytest.approx((p50, p90, mean, within))


def test_from_arrival_to_release_and_to_the_gate(raw, store):
    n, p50, p90, mean, spread, within = _row(raw, """
        SELECT count(m), quantile_cont(m, 0.5), quantile_cont(m, 0.9), avg(m), stddev_samp(m), avg(CAST(m <= 1440 AS INT))
        FROM (SELECT greatest(minutes(released, arrived), 0) AS m FROM clocked WHERE lodged IS NOT NULL AND released IS NOT NULL AND arrived IS NOT NULL)
    """)  # fmt: skip
    (apart,) = _row(raw, "SELECT avg(CAST(is_impossible AS INT)) FROM declared")
    early, out_n, out_p50 = _row(raw, "SELECT avg(CAST(lodged < arrived AS INT)) FILTER (WHERE lodged IS NOT NULL AND arrived IS NOT NULL), count(minutes(gone, released)), quantile_cont(minutes(gone, released), 0.5) FROM clocked")
    found = _asked(store, "clearance_p50", "clearance_p90", "clearance_mean", "clearance_sd", "clearance_24h_share", "prelodged_share", "gate_out_p50", "set_apart_share").row(0, named=True)
    assert (found["clearance_p50__n"], found["gate_out_p50__n"], found["set_apart_share"]) == (n, out_n, pytest.approx(apart)) and n > 1000 and out_n > 500
    assert [found[name] for name in ("clearance_p50", "clearance_p90", "clearance_mean", "clearance_sd", "clearance_24h_share", "prelodged_share", "gate_out_p50")] == pytest.approx(
        [p50, p90, mean, spread, within, early, out_p50], abs=1e-6
    )


def test_who_holds_the_clock(raw, store):
    """Hours by holder, and stage by stage the medians; the stages of each declaration sum to its whole within a second."""
    hours = dict(raw.sql("SELECT holder, sum(after_min) / 60 FROM waits WHERE arrived IS NOT NULL GROUP BY 1").fetchall())
    found = dict(_asked(store, "clock_hours", by=("holder",)).select("holder", "clock_hours").iter_rows())
    assert found == pytest.approx(hours) and set(hours) == {"trader", "agent", "customs", "other_agency", "terminal"}
    medians = raw.sql("SELECT event, count(*), quantile_cont(whole_min, 0.5) FROM waits GROUP BY 1 ORDER BY 2, 3").fetchall()
    stages = _asked(store, "stage_p50", by=("stage",)).sort("stage_p50__n", "stage_p50")
    assert stages["stage_p50__n"].to_list() == [n for _, n, _ in medians] and stages["stage_p50"].to_list() == pytest.approx([p50 for *_, p50 in medians])
    parts = store.table("fct_declaration_stages").filter(pl.col("stage_code") != "to_gate_out").group_by("declaration_id").agg(
        pl.col("after_arrival_min").sum(), whole_min=pl.col("stage_min").filter(pl.col("stage_code") != "to_lodged").sum()
    )  # fmt: skip
    whole = store.table("fct_declarations").join(parts, on="declaration_id").filter(pl.col("clearance_min").is_not_null())
    assert whole.height > 1000
    assert (whole["after_arrival_min"] - whole["clearance_min"]).abs().max() < 1 / 60 and (whole["whole_min"] - whole["release_min"]).abs().max() < 1 / 60


def test_weighings(raw, store):
    n, slips, wait = _row(raw, """
        SELECT count(*), avg(CAST("Bon électronique" = 'OUI' AS INT)), quantile_cont(minutes(day_first("Début"), day_first("Arrivée")), 0.5) FILTER (WHERE NOT is_twice(day_first("Fin")) AND NOT is_twice(day_first("Début")) AND NOT is_twice(day_first("Arrivée")))
        FROM (SELECT DISTINCT * EXCLUDE (file) FROM pesage) WHERE "Nature pesée" IN ('VIDE', 'PLEIN') AND "Pont" SIMILAR TO 'WB[1-8]' AND day_first("Fin") IS NOT NULL
          AND try_cast(replace("Masse brute (t)", ',', '.') AS DOUBLE) BETWEEN 3 AND 80
    """)  # fmt: skip
    found = _asked(store, "weighings", "e_slip_share", "weighing_wait_p50").row(0, named=True)
    assert (found["weighings"], found["e_slip_share"], found["weighing_wait_p50"]) == (n, pytest.approx(slips), pytest.approx(wait))


def test_congestion_index_of_one_zone_hour(store):
    """Weighbridge zone, 9 h: the fixes inside the drawn outline, a stay's edge half-way to the fix beyond it. The product cuts at the outline itself."""
    ring = next(each["geometry"]["coordinates"][0] for each in json.loads((SAMPLE_SITE / "reference" / "zones.geojson").read_text("utf-8"))["features"] if each["properties"]["zone_code"] == "WB")
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.execute(WORDS)
    con.register("texts", pl.DataFrame({"line": [line for path in sorted((SMALL / "inbox").glob("tracking_a_*.jsonl")) for line in path.read_text("utf-8").splitlines()]}))
    fixes = con.sql(f"""
        SELECT DISTINCT truck, seen, lon, lat FROM (
          SELECT folded(line ->> '$.plate') AS truck, zulu(line ->> '$.t') AS seen, CAST(line ->> '$.lon' AS DOUBLE) AS lon, CAST(line ->> '$.lat' AS DOUBLE) AS lat FROM texts
          UNION ALL SELECT folded(vehicle), CAST(time_utc AS TIMESTAMP), longitude, latitude FROM '{SMALL}/inbox/tracking_b_*.parquet'
        ) WHERE seen IS NOT NULL ORDER BY truck, seen
    """).pl()  # fmt: skip
    con.register("fixes", fixes.with_columns(inside=_inside(fixes["lon"].to_numpy(), fixes["lat"].to_numpy(), ring)))
    n, index = con.execute("""
        WITH beside AS (
          SELECT *, lag(seen) OVER each AS before, lag(inside) OVER each AS was, lead(seen) OVER each AS after, lead(inside) OVER each AS will
          FROM fixes WINDOW each AS (PARTITION BY truck ORDER BY seen)
        ), edges AS (
          SELECT truck, seen, CASE WHEN was IS FALSE AND seen - before <= INTERVAL 3 MINUTE THEN before + (seen - before) / 2 ELSE seen END AS from_at,
            CASE WHEN will IS FALSE AND after - seen <= INTERVAL 3 MINUTE THEN seen + (after - seen) / 2 ELSE seen END AS to_at
          FROM beside WHERE inside
        ), parts AS (
          SELECT *, from_at - lag(to_at) OVER (PARTITION BY truck ORDER BY seen) <= INTERVAL 3 MINUTE IS NOT TRUE AS is_new FROM edges
        ), numbered AS (
          SELECT *, count(*) FILTER (WHERE is_new) OVER (PARTITION BY truck ORDER BY seen) AS stay_no FROM parts
        ), stays AS (
          SELECT min(from_at) AS from_at, minutes(max(to_at), min(from_at)) AS stay_min FROM numbered GROUP BY truck, stay_no
        )
        SELECT count(*), median(stay_min) / (SELECT quantile_cont(stay_min, 0.15) FROM stays) FROM stays WHERE hour(from_at) = 9
    """).fetchall()[0]  # fmt: skip
    found = _asked(store, "congestion_index", "stays", by=("zone", "hour")).filter((pl.col("zone") == "WB") & (pl.col("hour") == 9)).row(0, named=True)
    assert found["stays"] == n == 30
    assert found["congestion_index"] == pytest.approx(index, rel=0.05)


def _inside(x: np.ndarray, y: np.ndarray, ring: list[list[float]]) -> pl.Series:
    """Even-odd rule, edge by edge."""
    odd = np.zeros(len(x), bool)
    for (x1, y1), (x2, y2) in pairwise(ring):
        if y1 != y2:
            odd ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return pl.Series(odd)


# Newcombe (1998), Statistics in Medicine 17, table I, method 3: published limits of the Wilson score interval.
@pytest.mark.parametrize(("hits", "n", "low", "high"), [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)])
def test_wilson_against_published_limits(hits, n, low, high):
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


def test_small_cells_of_the_comparison_period_are_hidden_too():
    """A transporter with 50 visits now and 3 before once stood in the table with its 3."""
    frame = pl.DataFrame({"carrier": list("abcde"), "visits": [50, 40, 30, 20, 4], "visits__n": [50, 40, 30, 20, 4], "visits__before": [3, 45, 30, 20, 12], "visits__before_n": [3, 45, 30, 20, 12]})
    shown, n = suppress(frame, ["carrier"], (DIMENSIONS["carrier"],), (METRICS["visits"],), 10)
    assert shown["visits"].to_list() == [50, 40, 30, None, None] and shown["visits__before"].to_list() == [None, 45, 30, 20, None]
    assert n == 4 and shown["is_suppressed"].to_list() == [True, False, False, True, True]


def test_the_comparison_period_knows_no_more_than_this_one(store):
    """Cut at the same local time, what was released later was not released yet: an unchanged port once showed 100 % released before and 95 % now."""
    then = dt.datetime(2026, 9, 19, 12)
    query = compile_query([METRICS[code] for code in ("declarations", "release_p50", "released_share")], (), None, DAYS, cut_at=then)
    con = duckdb.connect()
    con.register("fct_declarations", store.table("fct_declarations"))
    found = con.sql(query.sql, params=query.params).pl().row(0, named=True)
    known = store.table("fct_declarations").filter(pl.col("lodged_at") < then)
    released = known.filter((pl.col("released_at") < then) & pl.col("release_min").is_not_null())
    assert 0 < released.height < known["release_min"].count()
    assert (found["declarations"], found["release_p50__n"]) == (known.height, released.height)
    assert found["release_p50"] == pytest.approx(released["release_min"].median())

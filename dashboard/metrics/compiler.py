"""Turns metric names and a selection into SQL: one query a fact. Names come from the registries only, values are parameters.

The reader's filters go into WHERE of the CTE `kept`, a metric's own filter inside its aggregate. No connection here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dashboard.metrics.definitions import LOSABLE_MIN, Dimension, Fact, Metric
from dashboard.metrics.facts import FACTS
from dashboard.metrics.ranks import Z95
from dashboard.selection import Selection
from etl.errors import DeclarationError

GRAINS: dict[str, str] = {"hour": "hour", "day": "day", "week": "week", "month": "month"}
REFERENCE_DAYS = 84  # "previous 12 weeks", domain.md section 5
FREE_FLOW_P = 0.15

# Free-flow values: computed over the 12 weeks that end with the selected period, whatever its filters, and joined to the rows.
REFERENCES: dict[str, tuple[str, str]] = {
    "free_wait": (
        f"SELECT place_code AS free_place_code, step_code AS free_step_code, quantile_cont({LOSABLE_MIN}, {FREE_FLOW_P}) AS free_wait_min\n  FROM fct_visit_steps\n"
        "  WHERE port_code = $port_code AND entry_day >= $reference_first_day AND entry_day < $reference_end_day\n"
        f"    AND step_kind_code = 'service' AND {LOSABLE_MIN} IS NOT NULL\n  GROUP BY place_code, step_code",
        "LEFT JOIN free_wait ON free_place_code IS NOT DISTINCT FROM place_code AND free_step_code = step_code",
    ),
    "free_stay": (
        f"SELECT zone_code AS free_zone_code, quantile_cont(stay_min, {FREE_FLOW_P}) AS free_stay_min\n  FROM fct_zone_stays\n"
        "  WHERE port_code = $port_code AND entered_day >= $reference_first_day AND entered_day < $reference_end_day\n"
        "    AND stay_min IS NOT NULL\n  GROUP BY zone_code",
        "LEFT JOIN free_stay ON free_zone_code = zone_code",
    ),
}
# The dimension within whose groups a free-flow value is one and the same.
REFERENCE_OF: dict[str, str] = {"free_stay": "zone"}
# Where now cuts the comparison period, what was known then: a truck that had not left yet had no turnaround.
_MEASURED = ("turnaround_min", "total_visit_min", "terminal_turn_min", "wait_min", "service_min", "travel_min", "stops_n")
_VISITS_THEN = (
    "* REPLACE (" + ", ".join(f"CASE WHEN exit_at < $cut_at THEN {column} END AS {column}" for column in _MEASURED) + ",\n"
    "    CASE WHEN exit_at < $cut_at THEN status_code WHEN status_code = 'incomplete' AND entry_at < $cut_at - INTERVAL 72 HOUR THEN 'incomplete' ELSE 'open' END AS status_code)"
)
_KNOWN_THEN: dict[str, str] = {
    "visits": _VISITS_THEN, "exits": _VISITS_THEN,
    "declarations": (
        "* REPLACE (CASE WHEN released_at < $cut_at THEN release_min END AS release_min, CASE WHEN released_at < $cut_at THEN clearance_min END AS clearance_min,\n"
        "    CASE WHEN gate_out_at < $cut_at THEN gate_out_min END AS gate_out_min, CASE WHEN released_at < $cut_at THEN released_at END AS released_at,\n"
        "    CASE WHEN gate_out_at < $cut_at THEN gate_out_at END AS gate_out_at, CASE WHEN greatest(released_at, gate_out_at) < $cut_at THEN is_out_before_release END AS is_out_before_release)"
    ),
    "stages": "* REPLACE (CASE WHEN ended_at < $cut_at THEN stage_min END AS stage_min, CASE WHEN ended_at < $cut_at THEN after_arrival_min END AS after_arrival_min)",
    "appointments": "* REPLACE (CASE WHEN outcome_code = 'no_show' AND slot_end_at > $cut_at - INTERVAL 24 HOUR THEN 'pending' ELSE outcome_code END AS outcome_code)",
}


@dataclass(frozen=True)
class Query:
    """One SQL text with its parameters. `keys` are its group columns, in order; `sql` ends without a semicolon.

    `run` is what is run instead of `sql` where limits are asked: it gathers each list of values once, and `ranked` names the percentiles
    to be read from them, (list column, ((code, p), ...)), with their limits or without. Both give the same columns (dashboard/metrics/ranks.py says why).
    `over` names the column by which a percentile is divided after it is read: values over one free flow a group have the order of the values.
    """

    fact: Fact
    metrics: tuple[Metric, ...]
    keys: tuple[str, ...]
    sql: str
    params: dict[str, object]
    needs: tuple[str, ...] = ()
    run: str = ""
    ranked: tuple[tuple[str, tuple[tuple[str, float], ...]], ...] = ()
    limits: bool = False
    over: tuple[tuple[str, str], ...] = ()


def filtered(expression: str, where: str) -> str:
    """Put a metric's own filter inside its aggregate call."""
    return expression if where == "true" else f"{expression} FILTER (WHERE {where})"


def _and(where: str, more: str) -> str:
    return more if where == "true" else f"{where} AND {more}"


def _known(metric: Metric) -> str:
    """The rows a metric counts: for a quantile those whose column is known."""
    return _and(metric.where, f"({metric.quantile[0]}) IS NOT NULL" if " " in metric.quantile[0] else f"{metric.quantile[0]} IS NOT NULL") if metric.quantile else metric.where


def n_sql(metric: Metric) -> str:
    """SQL of the number of rows behind the metric."""
    if metric.ratio:
        return n_sql(_part(metric.ratio[1]))
    known = _known(metric)
    column = known.removesuffix(" IS NOT NULL")
    return f"count({column})" if column != known and column.isidentifier() else filtered("count(*)", known)


def value_sql(metric: Metric, among: Sequence[float] = ()) -> str:
    """SQL of the metric's value, without view and page filters.

    `among` are the percentiles the same question asks of the same values: DuckDB then gathers the values once for all of them.
    """
    if metric.quantile:
        column, p = metric.quantile
        if len(among) > 1:
            return f"{filtered(f'quantile_cont({column}, {list(among)})', metric.where)}[{list(among).index(p) + 1}]"
        return filtered(f"quantile_cont({column}, {p})", metric.where)
    if metric.share:
        return f"{filtered('count(*)', _and(metric.where, f'({metric.share})'))} / nullif({n_sql(metric)}, 0)"
    if metric.ratio:
        over, under = (value_sql(_part(code)) for code in metric.ratio)
        return f"{over} / nullif({under}, 0)"
    if metric.aggregate:
        return metric.aggregate if "FILTER" in metric.aggregate else _scaled(metric)
    return filtered("count(*)", metric.where)


def _scaled(metric: Metric) -> str:
    """Keep a trailing scale (`sum(x) / 60`) outside the FILTER."""
    column = metric.where.removesuffix(" IS NOT NULL")
    if metric.aggregate in (f"avg({column})", f"sum({column})"):
        return metric.aggregate  # null is left out anyway
    call, slash, scale = metric.aggregate.rpartition(" / ")
    return f"{filtered(call, metric.where)} / {scale}" if slash and scale.isdigit() else filtered(metric.aggregate, metric.where)


def _part(code: str) -> Metric:
    from dashboard.metrics import METRICS

    return METRICS[code]


def _ranked_sql(metric: Metric) -> list[str]:
    """A quantile with its order-statistic 95 % limits, all from one sorted list of the values (DuckDB sorts an equal expression once).

    The value interpolates as quantile_cont does; the limits are values of exact rank. The store nulls limits that rest on fewer than 6.
    """
    column, p = metric.quantile
    ordered, n = f"list_sort({filtered(f'list({column})', _known(metric))})", n_sql(metric)
    at, middle, half = f"({n} - 1) * {p}", f"{n} * {p}", f"{Z95} * sqrt({n} * {p} * (1 - {p}))"
    below, above = f"{ordered}[CAST(floor({at}) AS BIGINT) + 1]", f"{ordered}[CAST(ceil({at}) AS BIGINT) + 1]"
    return [
        f"{below} + ({above} - {below}) * ({at} - floor({at})) AS {metric.code}", f"{n} AS {metric.code}__n",
        f"{ordered}[greatest(1, CAST(floor({middle} - {half}) AS BIGINT))] AS {metric.code}__low", f"{ordered}[least({n}, CAST(ceil({middle} + {half}) AS BIGINT) + 1)] AS {metric.code}__high",
    ]  # fmt: skip


def grain_sql(fact: Fact, grain: str, shifted: bool = False) -> str:
    """The start of the grain's step, as local wall time (hour) or local date; `shifted` moves a comparison onto the period it is compared with."""
    day = f"({fact.day} + $shift_days)" if shifted else fact.day
    if grain not in GRAINS:
        raise DeclarationError("grain", f"'{grain}' is not known", ", ".join(GRAINS))
    if grain == "hour":
        if fact.hour is None:
            raise DeclarationError(f"fact {fact.code}", "it has no local hour, so it cannot be shown by hour")
        return f"CAST({day} AS TIMESTAMP) + to_hours({fact.hour})"
    return day if grain == "day" else f"CAST(date_trunc('{grain}', {day}) AS DATE)"


def where_sql(fact: Fact, selection: Selection, *, cut: bool = False) -> list[str]:
    """The page's conditions on a fact's rows. Filters a fact cannot answer are left out; `unanswered` names them."""
    parts = ["port_code = $port_code", f"{fact.day} >= $first_day", f"{fact.day} < $end_day"]
    if fact.prune:
        parts.append(fact.prune)
    if cut and fact.at:
        known = "ended_at" if fact.code == "steps" else fact.at
        parts.append(f"({known} IS NULL OR {known} < $cut_at)")
    parts += [f"{fact.filters[name]} = ANY($f_{name})" for name in selection.filters if name in fact.filters]
    if selection.view == "core" and fact.excludes:
        parts.append(f"{fact.excludes} IS NOT TRUE")
    rest = {name: values for name, values in selection.filters.items() if name not in fact.filters}
    if fact.via_visit and (rest or selection.view == "core"):
        visits = FACTS["visits"]
        narrowed = [f"{visits.filters[name]} = ANY($f_{name})" for name in rest] + ([f"{visits.excludes} IS NOT TRUE"] if selection.view == "core" else [])
        # A visit may have begun up to 72 h before the row and, for the queue, after it.
        window = "port_code = $port_code AND entry_day >= $first_day - 4 AND entry_day < $end_day + 2"
        parts.append(f"visit_id IN (SELECT visit_id FROM fct_visits WHERE {window} AND {' AND '.join(narrowed)})")
    return parts


def unanswered(fact: Fact, selection: Selection) -> tuple[str, ...]:
    """The set filters (and 'view') this fact's rows know nothing of, so that a page can say so."""
    if fact.via_visit:
        return ()
    missing = tuple(name for name in selection.filters if name not in fact.filters)
    return missing + (("view",) if selection.view == "core" and not fact.excludes else ())


def compile_query(
    metrics: Sequence[Metric], by: Sequence[Dimension], grain: str | None, selection: Selection,
    *, cut_at: dt.datetime | None = None, totals: bool = False, intervals: bool = False, gather: Sequence[str] | None = None, reference_end: dt.date | None = None, shift_days: int = 0,
) -> Query:  # fmt: skip
    """Return the query of metrics of ONE fact. Columns: [period,] dimension codes, [is_total,] then code, code__n [, code__low, code__high].

    `gather` reads percentiles from gathered values even without limits, for groups that are put together from smaller ones; it names the dimensions
    all of these have.
    Raises DeclarationError when the fact cannot be split as asked.
    """
    fact = FACTS[metrics[0].fact]
    keys = {}
    if grain:
        keys["period"] = grain_sql(fact, grain, bool(shift_days))
    for dimension in by:
        if fact.code not in dimension.sql:
            raise DeclarationError(f"metric {metrics[0].code}", f"it cannot be split by '{dimension.code}'", ", ".join(_splits(fact)))
        keys[dimension.code] = dimension.sql[fact.code]
    needs = sorted({metric.needs for metric in metrics if metric.needs})
    where = where_sql(fact, selection, cut=cut_at is not None)
    columns = _KNOWN_THEN.get(fact.code, "*") if cut_at is not None else "*"
    withs = [f"kept AS (\n  SELECT {columns}\n  FROM {fact.table}\n  WHERE {f'{chr(10)}    AND '.join(where)}\n)"]
    withs += [f"{name} AS (\n  {REFERENCES[name][0]}\n)" for name in needs]
    # Columns of the rows are named once here, so that a joined free-flow table never makes a name ambiguous.
    source = _with_references(needs, metrics) if needs else "kept"
    selected = [f"{sql} AS {name}" for name, sql in keys.items()]
    if totals and keys:
        selected.append(f"grouping({', '.join(keys.values())}) > 0 AS is_total")
    gathered: dict[str, list[tuple[str, float]]] = {}  # list expression -> percentiles read from it
    over = tuple((metric.code, f"{metric.needs}_min") for metric in metrics if gather is not None and _is_over_one_value(metric, gather))
    lean = list(selected)
    # A lone metric's own filter stands before the join (_with_references): its aggregates need not ask it of a million rows again.
    inside = [replace(metric, where="true") for metric in metrics] if needs and len(metrics) == 1 else metrics
    for metric in inside:
        among = sorted({each.quantile[1] for each in inside if each.quantile and (each.quantile[0], each.where) == (metric.quantile[0], metric.where)}) if metric.quantile else ()
        plain = [f"{value_sql(metric, among)} AS {metric.code}", f"{n_sql(metric)} AS {metric.code}__n"]
        selected += _ranked_sql(metric) if intervals and metric.quantile else plain
        if (intervals or gather is not None) and metric.quantile:
            plain_metric = replace(metric, quantile=(metric.quantile[0].removesuffix(_over(metric)), metric.quantile[1])) if metric.code in dict(over) else metric
            gathered.setdefault(filtered(f"list({plain_metric.quantile[0]})", _known(plain_metric)), []).append((metric.code, metric.quantile[1]))
        else:
            lean += plain
    listed = ", ".join(keys.values())
    grouped = f"\nGROUP BY {f'GROUPING SETS (({listed}), ())' if totals else listed}" if keys else ""
    lean += [f"{expression} AS gathered_{number}" for number, expression in enumerate(gathered)] + [f"any_value({column}) AS {column}" for column in dict.fromkeys(column for _, column in over)]
    sql, run = (f"WITH {', '.join(withs)}\nSELECT\n  {f',{chr(10)}  '.join(wanted)}\nFROM {source}{grouped}" for wanted in (selected, lean))
    params = selection.to_sql() | {"shift_days": shift_days}
    if cut_at is not None:
        params["cut_at"] = cut_at
    if needs:
        end = reference_end or selection.end_day
        params |= {"reference_first_day": end - dt.timedelta(days=REFERENCE_DAYS), "reference_end_day": end}
    used = {name: value for name, value in params.items() if f"${name}" in sql}
    ranked = tuple((f"gathered_{number}", tuple(percentiles)) for number, percentiles in enumerate(gathered.values()))
    return Query(fact, tuple(metrics), tuple(keys), sql, used, tuple(needs), run if ranked else sql, ranked, intervals, over)


def _over(metric: Metric) -> str:
    return f" / nullif({metric.needs}_min, 0)"


def _is_over_one_value(metric: Metric, shared: Sequence[str]) -> bool:
    """Whether a percentile is of values over a free flow that is the same for all rows of a group."""
    return bool(metric.quantile and metric.needs and REFERENCE_OF.get(metric.needs) in shared and metric.quantile[0].endswith(_over(metric)))


def _with_references(needs: Sequence[str], metrics: Sequence[Metric]) -> str:
    """The rows with their free-flow values. A lone metric's own filter is applied before the join too: fewer rows to look up."""
    columns, joins = ", ".join(f"{name}.{name}_min" for name in needs), " ".join(REFERENCES[name][1] for name in needs)
    alone = f" WHERE {metrics[0].where}" if len(metrics) == 1 and metrics[0].where != "true" else ""
    return f"(SELECT kept.*, {columns} FROM kept {joins}{alone})"


def _splits(fact: Fact) -> list[str]:
    from dashboard.metrics import DIMENSIONS

    return [code for code, dimension in DIMENSIONS.items() if fact.code in dimension.sql]

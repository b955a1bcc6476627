"""DETAILS: the row lists behind the numbers, one .sql file each. Here they are named, narrowed and given their parameters.

In a .sql file `{where}` stands for the selection's conditions on its fact, `{limit}` for the row limit; `$name` are parameters.
A file without `{where}` needs no selection. Values reach SQL as parameters only.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from dashboard.i18n import N_
from dashboard.metrics import DIMENSIONS, FACTS, METRICS
from dashboard.metrics.compiler import grain_sql, where_sql
from dashboard.selection import Selection
from etl.errors import DeclarationError

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Detail:
    """One row list: its fact (whose filters it takes; None takes none), its grain in words and the parameters it needs.

    `is_recent` says that it reads only the last days before now, whatever the period; `by_month` that its rows come in the order of their
    days, so that an export may write one month after the other and hold no more than that in memory.
    """

    code: str
    fact: str | None
    label: str
    params: tuple[str, ...] = ()
    is_recent: bool = False
    by_month: bool = False

    @cached_property
    def sql(self) -> str:
        return (FOLDER / f"{self.code}.sql").read_text("utf-8").strip()

    @property
    def takes_selection(self) -> bool:
        return "{where}" in self.sql or "$first_day" in self.sql


_DETAILS = (
    Detail("visits", "visits", N_("Visits"), by_month=True),
    Detail("visits_by_step", "visits", N_("Visits with a step"), ("step",), by_month=True),
    Detail("steps", "steps", N_("Service points and gaps of visits"), by_month=True),
    Detail("stays", "stays", N_("Zone stays"), by_month=True),
    Detail("declarations", "declarations", N_("Declarations"), by_month=True),
    Detail("inspections", "inspections", N_("Inspections"), by_month=True),
    Detail("appointments", "appointments", N_("Appointments"), by_month=True),
    Detail("logbook", "logbook", N_("Logbook entries"), by_month=True),
    Detail("findings", "findings", N_("Findings in good rows")),
    Detail("rejects", "rejects", N_("Rejected lines")),
    Detail("files", None, N_("Files offered for loading")),
    Detail("file_days", None, N_("Files by day")),
    Detail("source_days", None, N_("Sources by day")),
    Detail("means_by_hour", None, N_("Means open by zone and hour")),
    Detail("incidents", None, N_("Logbook entries that are no trouble tickets, with their zone")),
    Detail("pilot_like_for_like", "visits", N_("Turnaround before and since the pilot, raw and like-for-like")),
    Detail("paths", "visits", N_("Ways through the service points"), ("top",)),
    Detail("path_counts", "visits", N_("All ways through the service points")),
    Detail("inside", None, N_("Trucks inside by hour")),
    Detail("inside_now", None, N_("Trucks inside at the last reading"), is_recent=True),
    Detail("seen_by_hour", None, N_("Trucks that came in, by day and hour")),
    Detail("hours_from_slot", None, N_("Trucks by hours between slot and entry")),
    Detail("booked_before", None, N_("Appointments known the evening before, by day and hour")),
    Detail("means_each_hour", None, N_("Means every truck passes, open by day and hour")),
    Detail("queue_by_hour", None, N_("Trucks queuing before the gate by hour, tracked trucks only")),
    Detail("visit", None, N_("One visit"), ("visit_id",)),
    Detail("visit_events", None, N_("Log lines of one visit"), ("visit_id",)),
    Detail("visit_steps", None, N_("Steps of one visit"), ("visit_id",)),
    Detail("visit_papers", None, N_("Stages of a visit's declarations while its truck was inside"), ("visit_id",)),
    Detail("visit_track", None, N_("Positions of one visit"), ("visit_id",)),
)  # fmt: skip
DETAILS: dict[str, Detail] = {detail.code: detail for detail in _DETAILS}


def compile_detail(
    detail: Detail, selection: Selection | None, port_code: str, *, narrow: Mapping[str, object] | None = None, metric: str | None = None,
    grain: str | None = None, period: object = None, limit: int | None = None, params: Mapping[str, object] | None = None,
) -> tuple[str, dict[str, object]]:  # fmt: skip
    """Return (SQL, parameters) of a row list.

    narrow   dimension code -> the one value (None is "unknown"), as read from a Result's row
    metric   keep the rows this metric is about: for a share those that count, for a percentile those that have the value
    grain, period   keep the rows of one step of time, as read from a Result's `period`
    Raises DeclarationError for what the detail does not know.
    """
    given = dict(params or {})
    if set(given) != set(detail.params):
        raise DeclarationError(f"detail {detail.code}", f"it was given {', '.join(given) or 'nothing'}", f"parameters: {', '.join(detail.params) or 'none'}")
    if detail.takes_selection and selection is None:
        raise DeclarationError(f"detail {detail.code}", "it needs a selection")
    values: dict[str, object] = {"port_code": port_code, **(selection.to_sql() if selection else {}), **given}
    conditions = where_sql(FACTS[detail.fact], selection) if detail.fact and selection else []
    for number, (code, value) in enumerate((narrow or {}).items()):
        if code not in DIMENSIONS or not detail.fact or detail.fact not in DIMENSIONS[code].sql:
            raise DeclarationError(f"detail {detail.code}", f"it cannot be narrowed by '{code}'", ", ".join(name for name, each in DIMENSIONS.items() if detail.fact in each.sql))
        if DIMENSIONS[code].privacy != "open":
            raise DeclarationError(f"detail {detail.code}", f"it cannot be narrowed by '{code}': its rows would be one {DIMENSIONS[code].privacy}'s")
        conditions.append(f"({DIMENSIONS[code].sql[detail.fact]}) IS NOT DISTINCT FROM $narrow_{number}")
        values[f"narrow_{number}"] = value
    if metric is not None:
        if metric not in METRICS or METRICS[metric].fact != detail.fact:
            raise DeclarationError(f"detail {detail.code}", f"metric '{metric}' is not about its rows", ", ".join(code for code, each in METRICS.items() if each.fact == detail.fact))
        conditions += _behind(metric)
    if period is not None:
        if not detail.fact or grain is None:
            raise DeclarationError(f"detail {detail.code}", "a step of time needs its grain, and a detail with a fact")
        conditions.append(f"{grain_sql(FACTS[detail.fact], grain)} = $period")
        values["period"] = period if isinstance(period, (dt.date, dt.datetime)) else dt.datetime.fromisoformat(str(period))
    sql = detail.sql.replace("{where}", "\n  AND ".join(conditions) or "true")
    if limit is not None:
        sql += f"\nLIMIT {int(limit)}"
    return sql, {name: value for name, value in values.items() if f"${name}" in sql}


def _behind(code: str) -> list[str]:
    metric = METRICS[code]
    if metric.ratio:
        return _behind(metric.ratio[1])
    parts = [] if metric.where == "true" else [f"({metric.where})"]
    if metric.share:
        parts.append(f"({metric.share})")
    if metric.quantile and not metric.needs:
        parts.append(f"({metric.quantile[0]}) IS NOT NULL")
    return parts

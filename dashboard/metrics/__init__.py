"""What a number means: METRICS, DIMENSIONS and FACTS, checked against each other and the table contracts at import.

    METRICS["turnaround_p50"].label        # "Median turnaround" (English key; translate it where it is shown)
    DIMENSIONS["terminal"].reference       # ("dim_terminals", "terminal_code"): where its values are named
Adding a KPI is one Metric in one of the area files; nothing else changes.
"""

from __future__ import annotations

from dashboard.metrics import clearance, csi, exchange, flow, inside, papers, their_definition, visits
from dashboard.metrics.definitions import Dimension, Fact, Metric
from dashboard.metrics.dimensions import BANDS, BANDS4, DIMENSIONS, WEEKDAYS
from dashboard.metrics.facts import FACTS
from dashboard.metrics.result import Cell, Result
from etl.errors import DeclarationError

AREAS: dict[str, tuple[Metric, ...]] = {
    "visits": visits.METRICS, "inside": inside.METRICS, "flow": flow.METRICS, "clearance": clearance.METRICS, "papers": papers.METRICS,
    "csi": csi.METRICS, "exchange": exchange.METRICS, "their_definition": their_definition.METRICS,
}  # fmt: skip


def _collected() -> dict[str, Metric]:
    found: dict[str, Metric] = {}
    for metric in (metric for area in AREAS.values() for metric in area):
        if metric.code in found:
            raise DeclarationError(f"metric {metric.code}", "it is declared twice")
        if metric.fact not in FACTS:
            raise DeclarationError(f"metric {metric.code}", f"fact '{metric.fact}' is not known", ", ".join(FACTS))
        found[metric.code] = metric
    for metric in found.values():
        for part in metric.ratio or ():
            if part not in found or found[part].fact != metric.fact or found[part].kind not in ("count", "aggregate"):
                raise DeclarationError(f"metric {metric.code}", f"its part '{part}' is no count or sum of the fact {metric.fact}")
    return found


METRICS: dict[str, Metric] = _collected()
for _dimension in DIMENSIONS.values():
    if set(_dimension.sql) - set(FACTS):
        raise DeclarationError(f"dimension {_dimension.code}", f"facts {', '.join(set(_dimension.sql) - set(FACTS))} are not known", ", ".join(FACTS))

__all__ = ["AREAS", "BANDS", "BANDS4", "DIMENSIONS", "FACTS", "METRICS", "WEEKDAYS", "Cell", "Dimension", "Fact", "Metric", "Result"]

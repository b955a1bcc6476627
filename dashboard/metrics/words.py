"""Every English text the dashboard can show: the list a language must cover. Walked by tests, imported by no page."""

from __future__ import annotations

from dashboard.i18n import FOLDER, marked
from dashboard.metrics import DIMENSIONS, METRICS
from dashboard.metrics.catalogue import grain_of
from etl.contracts.codes import CODE_LISTS


def keys() -> frozenset[str]:
    """Return the texts marked in the dashboard's code and those declared by metrics, the tables behind them, dimensions and code lists."""
    found: set[str] = set()
    for path in sorted(FOLDER.parent.rglob("*.py")):
        found |= marked(path.read_text("utf-8"))
    found |= {text for metric in METRICS.values() for text in (metric.label, metric.about, metric.standard, grain_of(metric))}
    found |= {dimension.label for dimension in DIMENSIONS.values()}
    lists = (*CODE_LISTS, *(dimension.codes for dimension in DIMENSIONS.values() if dimension.codes))
    found |= {words for code_list in lists for words in code_list.codes.values()}
    return frozenset(found - {""})

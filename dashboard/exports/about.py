"""What stands beside the figures of an export: what the columns mean, the selection in words, build, counts, SQL. Text only; the files' writers lay it out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dashboard import format as fmt
from dashboard.details import Detail
from dashboard.exports.dialects import DIALECTS
from dashboard.i18n import translator
from dashboard.metrics import METRICS, Dimension, Metric, Result
from dashboard.selection import FILTERS, VIEWS, Selection, not_reached
from etl.contracts.facts import FACT_TABLES, LEDGER_TABLES

if TYPE_CHECKING:
    from dashboard.builds import Build

_FIELDS = {field.name: field for table in (*LEDGER_TABLES, *FACT_TABLES[::-1]) for field in table.fields}


def of_result(result: Result, build: Build, lang: str, dialect: str | None, rows: int) -> str:
    """Describe the export of a Result; `dialect` is the spelling of a CSV, None for typed files."""
    _ = translator(lang)
    lines = _head(_("Export of figures"), build, result.selection, lang, dialect, rows)
    if result.before:
        lines.append(f"- {_('Comparison')}: {result.before.period_in_words(lang)}" + (f" ({_('both cut at the same local time of their last day')})" if result.cut_at else ""))
    if result.uncompared:
        lines.append(f"- {_('Comparison')}: {not_reached(*result.uncompared, lang)}")
    for code, first in result.late.items():
        lines.append(f"- {_(METRICS[code].label)}: " + _("no comparison: its log begins on {day}, inside the period before", day=fmt.day(first, lang)))
    if result.suppressed_n:
        lines.append(f"- {_('Small cells hidden to protect persons and firms')}: {result.suppressed_n}")
    for code, missing in result.unanswered.items():
        lines.append(f"- {_(METRICS[code].label)}: " + _("these filters do not apply to it: {names}", names=", ".join(_(FILTERS[name][0]) if name in FILTERS else _("View") for name in missing)))
    lines += ["", f"## {_('Columns')}", ""]
    if result.grain:
        lines.append(f"- `period`: {_('start of the step of time, local')}")
    if "is_partial" in result.frame.columns:
        lines.append(f"- `is_partial`: {_('true where the step of time is not whole in the selection or in the data')}")
    lines += [f"- `{dimension.code}`: {_(dimension.label)}{_codes(dimension.codes, _)}" for dimension in result.by]
    if "is_total" in result.frame.columns:
        lines.append(f"- `is_total`: {_('true in the row over everything, recomputed from the rows')}")
    for metric in result.metrics:
        standard = f" {_('Standard')}: {_(metric.standard)}." if metric.standard else ""
        lines.append(f"- `{metric.code}`: **{_(metric.label)}** ({_unit(metric.unit, _)}). {_(metric.about)}{standard}")
    lines += [
        f"- `...__n`: {_('rows behind the figure')}; `...__low`, `...__high`: {_('95 % interval, rows taken as independent')}; `...__before`: {_('the same figure of the comparison period')}",
        "", f"## {_('Rows behind the figures')}", "", *(f"- `{metric.code}`: {n}" for metric, n in behind(result, lang)),
        "", "## SQL", "", *(f"```sql\n{sql}\n```\n\n`{json.dumps(params, default=str, ensure_ascii=False)}`\n" for sql, params in zip(result.sql, result.params, strict=True)),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def of_rows(detail: Detail, columns: Sequence[str], selection: Selection | None, how: Mapping[str, object], build: Build, lang: str, dialect: str | None, rows: int, sql: str) -> str:
    """Describe the export of a row list; `columns` are those of the file."""
    _ = translator(lang)
    lines = _head(_(detail.label), build, selection, lang, dialect, rows)
    if how.get("metric"):
        metric = METRICS[str(how["metric"])]
        lines.append(f"- {_('Only the rows behind')}: {_(metric.label)}. {_(metric.about)}")
    lines += [f"- {_('Only')}: {name} = {value}" for name, value in (*how.get("narrow", ()), *how.items()) if name not in ("metric", "narrow")]
    lines += ["", f"## {_('Columns')}", ""]
    for name in columns:
        field = _FIELDS.get(name)
        if field:
            lines.append(f"- `{name}`: {_(field.about)}{f' ({field.unit})' if field.unit else ''}{_codes(field.codes, _)}")
        else:
            lines.append(f"- `{name}`")
    lines += ["", "## SQL", "", f"```sql\n{sql}\n```"]
    return "\n".join(lines) + "\n"


def of_table(title: str, columns: Sequence[str], selection: Selection | None, build: Build, lang: str, dialect: str | None, rows: int) -> str:
    """Describe the export of a table a page worded itself: its columns say what they are."""
    lines = _head(title, build, selection, lang, dialect, rows)
    return "\n".join([*lines, "", f"## {translator(lang)('Columns')}", "", *(f"- `{name}`" for name in columns)]) + "\n"


def facts(text: str, lang: str) -> list[tuple[str, str]]:
    """Return the head of such a text, what it is and of which days, as plain pairs for a sheet."""
    _ = translator(lang)
    head = text.split(f"\n## {_('Columns')}\n", 1)[0]
    lines = [line.removeprefix("# ").removeprefix("- ").replace("**", "").replace("`", "") for line in head.splitlines() if line]
    return [(lines[0], ""), *((what, said) for what, _colon, said in (line.partition(": ") for line in lines[1:]))]


def behind(result: Result, lang: str) -> list[tuple[Metric, str]]:
    """The rows behind each metric, over the whole answer; of some rows of it, or of all, their number may be hidden, which is not 0."""
    told = []
    for metric in result.metrics:
        counts = result.rows[f"{metric.code}__n"]
        n, gone = int(counts.sum() or 0), counts.null_count() if result.suppressed_n else 0
        told.append((metric, translator(lang)("hidden") if gone and gone == counts.len() else f"≥ {n}" if gone else str(n)))
    return told


def meanings(metrics: Sequence[Metric], lang: str, by: Sequence[Dimension] = ()) -> list[tuple[str, ...]]:
    """Return the metrics, and before them the dimensions, as a table of code, name, definition, unit and standard; its first row is the header."""
    _ = translator(lang)
    return [
        (_("Code"), _("Name"), _("Definition"), _("Unit"), _("Standard")), *((dimension.code, _(dimension.label), _codes(dimension.codes, _).strip(" []"), "", "") for dimension in by),
        *((metric.code, _(metric.label), _(metric.about), _unit(metric.unit, _), _(metric.standard)) for metric in metrics),
    ]  # fmt: skip


def columns_of_result(result: Result, lang: str) -> dict[str, dict[str, str]]:
    """Return column -> label, unit, definition of a Result's frame."""
    _ = translator(lang)
    named = {dimension.code: {"label": _(dimension.label), "about": _codes(dimension.codes, _).strip(" []")} for dimension in result.by}
    named["period"] = {"label": _("Period"), "about": _("start of the step of time, local")}
    named["is_partial"] = {"label": _("Period"), "about": _("true where the step of time is not whole in the selection or in the data")}
    named["is_total"] = {"label": _("Total"), "about": _("true in the row over everything, recomputed from the rows")}
    sides = {
        "n": _("rows behind the figure"), "low": _("95 % interval, rows taken as independent"), "high": _("95 % interval, rows taken as independent"), "before": _("the same figure of the comparison period"),
    }  # fmt: skip
    for metric in result.metrics:
        named[metric.code] = {"label": _(metric.label), "unit": _unit(metric.unit, _), "about": _(metric.about)}
        for name in result.frame.columns:
            code, _side, side = name.partition("__")
            if code == metric.code and side:
                counts = side in ("n", "before_n")
                named[name] = {"label": _(metric.label), "unit": _("count") if counts else _unit(metric.unit, _), "about": "; ".join(sides[part] for part in side.split("_"))}
    return {name: named[name] for name in result.frame.columns if name in named}


def columns_of_rows(columns: Sequence[str], lang: str) -> dict[str, dict[str, str]]:
    """Return column -> unit and definition of a row list, from the contract of its table."""
    _ = translator(lang)
    fields = {name: field for name in columns if (field := _FIELDS.get(name))}
    return {name: {"unit": field.unit, "about": _(field.about) + _codes(field.codes, _)} for name, field in fields.items()}


def _head(title: str, build: Build, selection: Selection | None, lang: str, dialect: str | None, rows: int) -> list[str]:
    _ = translator(lang)
    lines = [f"# {title}", ""]
    if build.is_sample:
        lines += [f"**{_('Demonstration data - fictitious')}**", ""]
    lines += [f"- {_('Port')}: {build.name(lang)} ({build.port_code})"]
    if selection:
        lines += [
            f"- {_('Selection')}: {selection.in_words(lang)}", f"- {_('First and last day, local')}: {selection.first_day} / {selection.last_day}",
            f"- {_('View')}: {_(VIEWS[selection.view])}",
        ]  # fmt: skip
    lines += [f"- {_('Data up to')}: {fmt.moment(build.now_local_at, lang)} ({build.zone_name})", f"- {_('Build')}: {build.build_id}", f"- {_('Rows')}: {rows}"]
    if dialect is None:
        return [*lines, f"- {_('Instants')}: {_('columns ending in _at are UTC, those ending in _local_at the local time of the port; empty is no data')}"]
    return [*lines, f"- {_('Spelling')}: UTF-8 BOM; {_(DIALECTS[dialect].label)}; {_('times in ISO 8601 with their offset; empty is no data')}"]


def _codes(code_list: Any, _: Any) -> str:
    if code_list is None:
        return ""
    return " [" + "; ".join(f"{code} = {_(words)}" for code, words in code_list.codes.items()) + "]"


def _unit(unit: str, _: Any) -> str:
    return {
        "count": _("count"), "min": _("minutes"), "hours": _("truck-hours"), "share": _("share, 0 to 1"), "per_visit": _("per visit"), "per_hour": _("per hour"), "index": _("index"), "ratio": _("ratio"),
    }[unit]  # fmt: skip

"""Data quality: what was read, what was kept, what was turned away and why; per file and per day, down to the rejected line, masked.

The sum is checked before the reader's eyes: read = good + rejected + duplicate, file by file. Nothing here is filtered by gate or cargo: a file
has none.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from functools import partial

import polars as pl
import streamlit as st

from dashboard.access.viewer import AccessError
from dashboard.format import listed, literal
from dashboard.i18n import N_
from dashboard.screens import reject_words
from dashboard.views import heatmap, quality
from dashboard.views.palette import BLUES, KINDS
from dashboard.widgets import door, download, freshness, panel, parts
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words, coded
from etl.contracts import codes

PARTS: dict[str, str] = {"rejects": N_("Rejected lines"), "files": N_("File by file"), "matching": N_("Matching and clocks"), "findings": N_("Findings")}
_MANY_REJECTS = 200
_STATES: tuple[tuple[str, str], ...] = ((N_("nothing received"), "#F0D9C4"), (N_("less than half of a usual day"), BLUES[1]), (N_("a usual day"), BLUES[3]))


def show(page: Frame) -> None:
    _ = page.say
    files = page.store.rows("files")
    # A refused file may have no date: it is shown whatever the period, or nobody would ever see it.
    inside = files.filter(pl.col("file_on").is_between(page.selection.first_day, page.selection.last_day) | (pl.col("file_on").is_null() & (pl.col("status_code") != "loaded")))
    panel.head(page, _("Data quality"), _answer(page, inside))
    if page.selection.filters or page.selection.view != "all":
        panel.quiet(_("Log files have no gate, lane or cargo: the filters do not apply here, only the period does."))
    _freshness(page)
    if inside.is_empty():
        panel.quiet(_("No file of this period was loaded."))
        return
    _accounts(page, inside)
    _coverage(page)
    st.space("small")
    # One reader comes for the sums, another hunts a line: four searches, one shown at a time, keep the page short.
    {"rejects": _rejects, "files": partial(_files, files=inside), "matching": _matching, "findings": _findings}[parts.choose(page, PARTS, "quality_part")](page)


def reconciles(files: pl.DataFrame) -> pl.DataFrame:
    """Return the files with `gap_n` = read - (good + rejected + duplicate); 0 is what every loaded file must show. Refused files have none."""
    kept = pl.col("good_n").fill_null(0) + pl.col("rejected_n").fill_null(0) + pl.col("duplicate_n").fill_null(0)
    return files.with_columns(pl.when(pl.col("status_code") == "loaded").then(pl.col("read_n").fill_null(0) - kept).alias("gap_n"))


def _answer(page: Frame, files: pl.DataFrame) -> str:
    _, w = page.say, Words(page)
    loaded = files.filter(pl.col("status_code") == "loaded")
    if loaded.is_empty():
        return _("No file of this period was loaded.")
    read, rejected = loaded["read_n"].sum(), loaded["rejected_n"].sum()
    text = _("{n} log lines were read from {files} files; {share} were rejected, each kept with its reasons.", n=w.number(read), files=w.number(loaded.height), share=w.percent(rejected / read if read else None, 2))
    gaps = reconciles(loaded).filter(pl.col("gap_n") != 0).height
    text += " " + (_("In every file, lines read equal lines kept plus rejected plus duplicate.") if not gaps else _("Files that do not add up: {n}.", n=gaps))
    refused = files.height - loaded.height
    return text + (" " + _("Files refused whole: {n}.", n=refused) if refused else "")


def _freshness(page: Frame) -> None:
    _ = page.say
    panel.section(_("How fresh each source is"))
    freshness.sources(page, page.store.table("meta_freshness").sort("source_code").to_dicts())


def _accounts(page: Frame, files: pl.DataFrame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Every line accounted for"), _("Read = good + rejected + duplicate, by source. A duplicate is a line another record of the same key supersedes."))
    by_source = (
        reconciles(files.filter(pl.col("status_code") == "loaded")).group_by("source_code")
        .agg(pl.len().alias("files"), *(pl.col(name).sum() for name in ("read_n", "good_n", "rejected_n", "duplicate_n")), (pl.col("gap_n") != 0).sum().alias("gaps"))
        .sort("read_n", descending=True)
    )  # fmt: skip
    total = by_source.select(pl.lit(None, dtype=pl.String).alias("source_code"), pl.exclude("source_code").sum())
    rows = [
        {
            _("Source"): coded(_, codes.SOURCE, row["source_code"]) if row["source_code"] else _("All sources"), _("Files"): w.number(row["files"]),
            _("Read"): w.number(row["read_n"]), _("Good"): w.number(row["good_n"]), _("Rejected"): w.number(row["rejected_n"]), _("Duplicates"): w.number(row["duplicate_n"]),
            _("Rejected, %"): w.percent(row["rejected_n"] / row["read_n"] if row["read_n"] else None, 2),
            _("Sum checked"): "✓ " + _("adds up") if not row["gaps"] else "✗ " + _("not in {n}", n=row["gaps"]),
        }
        for row in pl.concat([by_source, total.select(by_source.columns).cast(by_source.schema)]).to_dicts()
    ]  # fmt: skip
    table = pl.DataFrame(rows)
    panel.grid(table, key="quality_accounts")
    panel.under(page, _("{n} files", n=w.number(by_source["files"].sum())))
    download.worded(page, by_source.rename({"gaps": "files_not_adding_up"}), _("Every line accounted for"), key="quality_accounts", name="accounts", selection=page.selection)


def _coverage(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Coverage, day by day"), _("Good rows of each source against its usual day: the median of the same weekday, from two weeks on, else of the period."))
    result = page.store.ask(replace(page.selection, comparison="none"), ("good_rows",), by=("source",), grain="day")
    whole = result.rows.select(pl.col("source").alias("source_code"), pl.col("period").alias("day"), pl.col("good_rows").cast(pl.Int64).alias("rows_n"))
    last = min(page.selection.last_day, page.store.build().now_day)
    calendar = [page.selection.first_day + dt.timedelta(days=number) for number in range((last - page.selection.first_day).days + 1)]
    sources = [code for code in codes.SOURCE.codes if code in set(whole["source_code"])]
    if not sources or not calendar:
        panel.quiet(_("No data for this selection."))
        return
    # A Sunday is held against Sundays, once the period has two of each weekday.
    by_weekday = pl.col("day").dt.weekday() if len(calendar) >= 14 else pl.lit(0)
    usual = {(source, weekday): n for source, weekday, n in whole.filter(pl.col("rows_n") > 0).group_by("source_code", by_weekday.alias("weekday")).agg(pl.col("rows_n").median()).iter_rows()}
    found = {(row["source_code"], row["day"]): row["rows_n"] or 0 for row in whole.to_dicts()}
    cells = pl.DataFrame(
        [
            {
                "row": _(codes.SOURCE.codes[source]), "column": day.isoformat(), "n": found.get((source, day), 0), "day": day,
                "value": found.get((source, day), 0) / (usual.get((source, day.isoweekday() if len(calendar) >= 14 else 0)) or 1),
            }
            for source in sources for day in calendar
        ]
    )  # fmt: skip
    step = max(1, len(calendar) // 8)
    ticks = [(day.isoformat(), w.day(day)[: -5].rstrip(" ,")) for day in calendar[::step]]
    figure = heatmap.count_heatmap(
        cells, [_(codes.SOURCE.codes[source]) for source in sources], [day.isoformat() for day in calendar], ticks, colours=[colour for _words, colour in _STATES], limits=(1e-9, 0.5), show=None,
        about=lambda cell: f"<b>{cell['row']}</b> · {w.date(cell['day'])}<br>" + _("{n} good rows, {share} of a usual day", n=w.number(cell["n"]), share=w.percent(cell["value"])), row_height=26,
    )  # fmt: skip
    empty = cells.filter(pl.col("n") == 0)
    finding = _("Every source delivered on each of the {days} days.", days=len(calendar)) if empty.is_empty() else _("Empty source-days: {n}, most often {source}.", n=empty.height, source=empty["row"].mode().sort()[0])
    low = cells.filter((pl.col("n") > 0) & (pl.col("value") < 0.5)).height
    if low:
        finding += " " + _("Source-days under half of a usual day: {n}.", n=low)
    swatches = "".join(f'<span style="display:inline-flex;gap:.35rem;align-items:center"><i style="inline-size:1rem;block-size:.8rem;border-radius:3px;background:{colour}"></i>{_(words)}</span>' for words, colour in _STATES)
    st.html(f'<div style="display:flex;flex-wrap:wrap;gap:.3rem 1rem;font-size:.8rem">{swatches}</div>')
    table = cells.select(pl.col("day").alias(_("Day")), pl.col("row").alias(_("Source")), pl.col("n").alias(_("Good")), (pl.col("value") * 100).round(0).alias(_("Of a usual day, %")))
    panel.show(page, figure, key="quality_coverage", finding=finding, table=table, n_words=_("{n} source-days", n=w.number(cells.height)), result=result)


def _rejects(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Why lines were rejected"), _("A line with two reasons counts under both."))
    result = page.ask(("rejects",), by=("reason",), grain="day")
    rows = result.rows.select(pl.col("period").alias("day"), pl.col("reason").alias("kind"), pl.col("rejects").cast(pl.Int64).alias("n")).drop_nulls("kind")
    if rows.is_empty():
        panel.quiet(_("No line was rejected in this period."))
        return
    totals = rows.group_by("kind").agg(pl.col("n").sum()).sort("n", descending=True)
    kinds = [(kind, _(codes.REJECT.codes.get(kind, kind))) for kind in totals["kind"]]
    everything = totals["n"].sum()
    finding = _("Most frequent reason: {reason}, {n} times, {share} of all.", reason=kinds[0][1], n=w.number(totals["n"][0]), share=w.percent(totals["n"][0] / everything))
    table = totals.with_columns(pl.col("kind").replace_strict(dict(kinds))).rename({"kind": _("Reason"), "n": _("Lines")})
    if len(kinds) > len(KINDS):  # more colours could not be told apart; the table has every reason
        kinds = [*kinds[: len(KINDS) - 1], ("other", _("Other reasons"))]
        rows = rows.with_columns(pl.when(pl.col("kind").is_in([kind for kind, _words in kinds])).then("kind").otherwise(pl.lit("other")).alias("kind")).group_by("day", "kind").agg(pl.col("n").sum())
    panel.show(page, quality.stacked_days(rows, kinds, unit=_("lines")), key="quality_rejects", finding=finding, table=table, result=result)


def _files(page: Frame, files: pl.DataFrame) -> None:
    _ = page.say
    panel.section(_("File by file"), _("Choose a row to see its rejected lines. Identities are masked."))
    every = _("All sources")
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    with left:
        source = st.selectbox(_("Source"), [None, *sorted(set(files["source_code"].drop_nulls()))], key="quality_source", format_func=lambda code: every if code is None else _(codes.SOURCE.codes[code]))
    with right:
        only = st.checkbox(_("Only files with rejected lines, or refused"), key="quality_only")
    shown = reconciles(files if source is None else files.filter(pl.col("source_code") == source))
    if only:
        shown = shown.filter((pl.col("rejected_n") > 0) | (pl.col("status_code") != "loaded"))
    table = shown.select(
        pl.col("file_name").alias(_("File")), pl.col("source_code").replace_strict({code: _(words) for code, words in codes.SOURCE.codes.items()}, default=None).alias(_("Source")),
        pl.col("file_on").alias(_("Date")), pl.col("read_n").alias(_("Read")), pl.col("good_n").alias(_("Good")), pl.col("rejected_n").alias(_("Rejected")),
        pl.col("duplicate_n").alias(_("Duplicates")),
        pl.when(pl.col("status_code") != "loaded").then(pl.lit(_("refused whole"))).when(pl.col("gap_n") == 0).then(pl.lit("✓ " + _("adds up"))).otherwise(pl.lit("✗ " + _("does not add up"))).alias(_("Sum checked")),
    )  # fmt: skip
    event = panel.grid(table, key="quality_files", on_select="rerun", selection_mode="single-row", height=360)
    download.worded(page, table, _("File by file"), key="quality_files", name="files", selection=page.selection)
    picked = list(getattr(getattr(event, "selection", None), "rows", []) or [])
    chosen = shown.row(picked[0], named=True) if picked and picked[0] < shown.height else None
    if chosen and chosen["status_code"] != "loaded":
        st.warning(literal(chosen["message"]) if chosen["message"] else _("refused whole"), icon=":material/report:")
    _lines(page, chosen)


def _lines(page: Frame, file: dict | None) -> None:
    """The rejected lines of one file, or of the whole period: first ones on screen, all of them in the download."""
    _, w = page.say, Words(page)
    if not (viewer := page.store.viewer()).may("rejects"):
        door.refused(_, AccessError("rejects", **viewer.said()), "quality")
        return
    narrow = {"file": file["file_id"]} if file else {}
    lines = page.store.rows("rejects", page.selection, narrow=narrow)
    if file:
        panel.quiet(_("Rejected lines of {file}: {n}", file=file["file_name"], n=w.number(lines.height)))
    else:
        panel.quiet(_("Rejected lines of the period: {n}", n=w.number(lines.height)))
    if lines.is_empty():
        return
    words = {code: _(text) for code, text in codes.REJECT.codes.items()}
    table = lines.select(
        pl.col("day").alias(_("Date")), pl.col("file_name").alias(_("File")), pl.col("source_line").alias(_("Line")),
        pl.col("reason_codes").map_elements(lambda text: listed((words.get(code, code) for code in text.split()), page.lang), return_dtype=pl.String).alias(_("Reasons")),
        pl.col("reasons").map_elements(lambda text: reject_words.in_words(text, _), return_dtype=pl.String).alias(_("What was found")), pl.col("masked_line").alias(_("The line, masked")),
    )  # fmt: skip
    panel.grid(table.head(_MANY_REJECTS), key="quality_lines")
    if table.height > _MANY_REJECTS:
        panel.quiet(_("The first {n} are shown; the download has them all.", n=_MANY_REJECTS))
    panel.quiet(_("Download all {n} rejected lines (CSV)", n=w.number(table.height)))
    download.rows(page, "rejects", key="quality_lines", narrow=narrow)


def _matching(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Matching, exits and clocks"))
    exits = page.ask(("missing_exit_share", "clock_uncertain_share", "document_checks_coverage", "queue_observed_share"))
    matched = page.ask(("unmatched_rows", "source_rows"), by=("source",)).rows
    days = page.store.rows("source_days", page.selection)
    faults = days.filter(pl.col("is_clock_fault").fill_null(False))
    missing, clock = exits.cell("missing_exit_share"), exits.cell("clock_uncertain_share")
    checks, queue = exits.cell("document_checks_coverage"), exits.cell("queue_observed_share")
    panel.cards(
        [
            (_("Missing exits"), w.percent(missing.value, 2), _("of {n} visits no longer open", n=w.number(missing.n))),
            (_("Uncertain clock"), w.percent(clock.value, 2), _("of {n} visits: no turnaround given", n=w.number(clock.n))),
            (_("Source-days with a clock fault"), w.number(faults.height), _("an hour off; durations across them are not given")),
            (_("Document checks recorded"), w.percent(checks.value), _("of {n} visits", n=w.number(checks.n))),
            (_("Queue observed"), w.percent(queue.value), _("of {n} visits", n=w.number(queue.n))),
        ]
    )  # fmt: skip
    rows = [
        {
            _("Source"): coded(_, codes.SOURCE, row["source"]), _("Good"): w.number(row["source_rows"]), _("Without a visit"): w.number(row["unmatched_rows"]),
            _("Unmatched share"): w.percent(row["unmatched_rows"] / row["source_rows"] if row["unmatched_rows"] is not None and row["source_rows"] else None, 2),
        }
        for row in matched.sort("source_rows", descending=True).to_dicts()
    ]  # fmt: skip
    if rows:
        panel.grid(pl.DataFrame(rows), key="quality_matching")
        panel.under(page, _("A dash: the source is not matched to visits row by row."))
    if not faults.is_empty():
        with st.expander(_("Clock faults: {n} source-days", n=faults.height), key="quality_clocks"):
            panel.grid(
                faults.select(
                    pl.col("day").alias(_("Day")), pl.col("source_code").replace_strict({code: _(words) for code, words in codes.SOURCE.codes.items()}).alias(_("Source")),
                    pl.col("place_code").map_elements(lambda code: w.place(code) or code, return_dtype=pl.String).alias(_("Where")), pl.col("offset_min").round(1).alias(_("Offset, min")), pl.col("rows_n").alias("n"),
                )
            )  # fmt: skip


def _findings(page: Frame) -> None:
    _, w = page.say, Words(page)
    panel.section(_("Findings in good rows"), _("Oddities that were kept and counted, not dropped."))
    result = page.ask(("findings",), by=("finding",))
    rows = result.rows.drop_nulls("finding").sort("findings", descending=True)
    if rows.is_empty():
        panel.quiet(_("Nothing odd was found in this period."))
        return
    table = rows.select(pl.col("finding").replace_strict({code: _(words) for code, words in codes.FINDING.codes.items()}).alias(_("Finding")), pl.col("findings").cast(pl.Int64).alias(_("Times")))
    finding = _("Most frequent: {what}, {n} times.", what=table[_("Finding")][0], n=w.number(table[_("Times")][0]))
    st.html(f'<p class="lead">{finding}</p>')
    panel.grid(table, key="quality_findings")
    freshness.under(page, result, _("n = {n}", n=w.number(table[_("Times")].sum())))
    download.link(page, result, key="quality_findings", name="findings")


if __name__ == "__main__":
    show(current())

"""Visit flow and weighing: the steps of a visit and where waits pile up, the ways trucks really take, who asks for documents where, weighings, and all of it before and since the pilot."""

from __future__ import annotations

import html

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.i18n import N_
from dashboard.metrics import Result
from dashboard.metrics.intervals import wilson
from dashboard.screens import behind, flow_weighing
from dashboard.views import clock, paths
from dashboard.widgets import download, no_data, panel, parts
from dashboard.widgets.frame import Frame, current
from dashboard.widgets.panel import Words, coded
from etl.contracts.codes import ARM, AUTHORITY, PILOT_PERIOD, STEP

PARTS: dict[str, str] = {
    "steps": N_("Steps and waits"), "ways": N_("Ways trucks take"), "documents": N_("Document checks"), "weighing": N_("Weighing"), "pilot": N_("Before and since the pilot"),
}  # fmt: skip
TOP_WAYS, TOP_PLACES = 8, 12
MIN_N = 30
_NO_WAIT = "terminal"  # what stands before its start is the gate transaction, nearly the same for every truck
_ORDINARY_REPEAT = "terminal"  # a dual visit calls at two terminals: no rework


def show(page: Frame) -> None:
    say = page.say
    st.title(say("Visit flow and weighing"), anchor=False)
    part = parts.asked(page, PARTS)
    page.ahead(*{"steps": (_steps, _counts, _waits), "ways": (_ways, _counts), "documents": (_checks, _recorded), "weighing": flow_weighing.ASKED, "pilot": (_sides,)}.get(part, (_counts,)))
    counts = _counts(page)
    if counts.is_empty():
        no_data.show(page, say("No visit with a certain turnaround in this selection."))
        return
    st.html(f'<p class="lead" data-testid="answer">{html.escape(_answer(page, counts))}</p>')
    part = parts.choose(page, PARTS, "flow_part")
    {"steps": _ladder, "ways": _common_ways, "documents": _documents, "weighing": flow_weighing.show, "pilot": _pilot}[part](page, counts)
    behind.show(page)


# ---------------------------------------------------------------------- questions
def _counts(page: Frame) -> pl.DataFrame:
    return page.store.rows("path_counts", page.selection)


def _ways(page: Frame) -> pl.DataFrame:
    return page.store.rows("paths", page.selection, top=TOP_WAYS)


def _steps(page: Frame) -> Result:
    return page.ask(["step_visits", "step_wait_p50", "step_wait_p90", "step_service_p50"], by=["step"])


def _waits(page: Frame) -> Result:
    """By point, without terminals: their logs time the gate transaction, not the wait in the yard (DECISIONS 19)."""
    return page.ask(["wait_min_sum", "step_visits"], by=["step", "place"])


def _checks(page: Frame) -> Result:
    return page.ask(["document_checks"], by=["place", "authority"])


def _recorded(page: Frame) -> Result:
    return page.ask(["document_checks_mean", "document_checks_coverage"], compare=True)


def _sides(page: Frame) -> Result:
    return page.ask(["visits", "turnaround_p50", "turnaround_p90", "stops_mean", "wait_mean", "document_checks_mean", "both_weighings_share", "unweighed_exit_share"], by=["arm", "pilot_period"])


# ---------------------------------------------------------------------- words
def _answer(page: Frame, counts: pl.DataFrame) -> str:
    say, w = page.say, Words(page)
    first, n = counts.row(0, named=True), counts["visits_n"].sum()
    return say("Trucks took {ways} different ways through the service points; the commonest, {way}, was taken by {share} of the visits.", ways=w.number(counts.height), way=in_words(page, first["path_codes"]), share=w.percent(first["visits_n"] / n))


def in_words(page: Frame, path: str) -> str:
    """A way as its reader says it."""
    return f" {page.say('→')} ".join(coded(page.say, STEP, step) for step in path.split(">"))


def _limits(page: Frame, hits: int, n: int) -> str:
    return words.interval(*wilson(hits, n), "share", page.lang, 1)


# ---------------------------------------------------------------------- steps and waits
def _ladder(page: Frame, counts: pl.DataFrame) -> None:
    say, lang, w = page.say, page.lang, Words(page)
    passed, n = paths.passing(counts.rows()), int(counts["visits_n"].sum())
    result = _steps(page)
    rows = {row["step"]: row for row in result.rows.iter_rows(named=True)}
    drawn, table = [], []
    for step in STEP.codes:
        if step not in passed or step not in rows:
            continue
        row, (visits, _again), name = rows[step], passed[step], coded(say, STEP, step)
        if step == _NO_WAIT:
            row |= {"step_wait_p50": None, "step_wait_p90": None}
        timed = say("service {service} min", service=w.number(row["step_service_p50"], 1)) if row["step_wait_p50"] is None else say(
            "{wait} + {service} min", wait=w.number(row["step_wait_p50"], 1), service=w.number(row["step_service_p50"], 1)
        )  # fmt: skip
        label = f"<b>{w.percent(visits / n)}</b> · {timed}"
        drawn.append(clock.Share(name, visits / n, label, f"{name}<br>{label}<br>n = {w.number(visits)}"))
        table.append({
            say("Step"): name, say("Visits that pass"): w.percent(visits / n, 1), say("95 % interval"): words.plain(_limits(page, visits, n)), "n": w.number(visits),
            say("Median wait, min"): w.number(row["step_wait_p50"], 1), say("1 in 10 waits over, min"): w.number(row["step_wait_p90"], 1),
            say("Median service, min"): w.number(row["step_service_p50"], 1), say("Passages"): w.number(row["step_visits"]),
        })  # fmt: skip
    longest = max((row for row in rows.values() if row["step_wait_p90"] is not None), key=lambda row: row["step_wait_p90"], default=None)
    finding = say("No service point logs when trucks arrive: waits are not known.") if longest is None else say(
        "Bad waits are longest here: {step}. 1 truck in 10 waits more than {p90} (median {wait}).", step=coded(say, STEP, longest["step"]),
        wait=words.value(longest["step_wait_p50"], "min", lang, 1), p90=words.value(longest["step_wait_p90"], "min", lang, 1),
    )  # fmt: skip
    panel.section(say("The steps of a visit"), say("How many visits pass each step, and its median wait + median service. Visits at a point whose clock was off that day are left out. The log of a terminal times its gate, not the wait in the yard: its turn counts as service."))
    panel.show(page, clock.bars(drawn), key="ladder", finding=finding, table=pl.DataFrame(table), result=result, n_words=say("n = {n} visits", n=w.number(n)))
    _waiting(page)
    _repeats(page, passed, n)


def _waiting(page: Frame) -> None:
    say, w = page.say, Words(page)
    result = _waits(page)
    recorded = result.rows.filter((pl.col("wait_min_sum") > 0) & (pl.col("step") != _NO_WAIT))
    rows = recorded.group_by("place").agg(pl.col("wait_min_sum", "step_visits").sum()).sort(["wait_min_sum", "place"], descending=[True, False])
    panel.section(say("Where waits pile up"), say("Hours of waiting recorded in logs, arrival to start of service. Terminals are left out, their logs time the gate and not the wait in the yard: for the time lost there, see Queues and congestion, which counts hours above free flow."))
    if rows.is_empty():
        panel.quiet(say("No service point logs when trucks arrive: waits are not known."))
        return
    total = rows["wait_min_sum"].sum()
    table = [
        {say("Service point"): page.place(row["place"]), say("Hours of waiting"): w.number(row["wait_min_sum"] / 60), say("Share"): w.percent(row["wait_min_sum"] / total, 1), say("Passages"): w.number(row["step_visits"])}
        for row in rows.iter_rows(named=True)
    ]
    drawn = [
        clock.Share(page.place(row["place"]), row["wait_min_sum"] / total, f"<b>{w.number(row['wait_min_sum'] / 60)} {say('h')}</b> · {w.percent(row['wait_min_sum'] / total)} · n = {w.number(row['step_visits'])}", page.place(row["place"]))
        for row in rows.head(TOP_PLACES).iter_rows(named=True)
    ]
    first = rows.row(0, named=True)
    finding = say("Logs record {hours} hours of waiting at service points other than terminals; most of it, {share}, at {place}.", hours=w.number(total / 60), share=w.percent(first["wait_min_sum"] / total), place=page.place(first["place"]))
    panel.show(page, clock.bars(drawn), key="waits", finding=finding, table=pl.DataFrame(table), result=result, n_words=say("n = {n} passages", n=w.number(rows["step_visits"].sum())))


def _repeats(page: Frame, passed: dict[str, tuple[int, int]], n: int) -> None:
    say, w = page.say, Words(page)
    panel.section(say("Steps made twice"), say("Visits that pass the same step more than once: rework, except for a dual visit, which calls at two terminals."))
    table = [
        {say("Step"): coded(say, STEP, step), say("Visits"): w.number(passed[step][1]), say("Share of the visits that pass"): w.percent(passed[step][1] / passed[step][0], 2),
         say("95 % interval"): words.plain(_limits(page, passed[step][1], passed[step][0]))}
        for step in STEP.codes if step in passed and passed[step][1]
    ]  # fmt: skip
    if not table:
        panel.quiet(say("None of the {n} visits passed a step twice.", n=w.number(n)))
        return
    frame = pl.DataFrame(table)
    panel.grid(frame, key="repeats")
    panel.under(page, say("n = {n} visits", n=w.number(n)))
    download.worded(page, frame, say("Steps made twice"), key="repeats", selection=page.selection)


# ---------------------------------------------------------------------- ways
def _common_ways(page: Frame, counts: pl.DataFrame) -> None:
    say, lang, w = page.say, page.lang, Words(page)
    rows, n = _ways(page), int(counts["visits_n"].sum())
    drawn, table, codes = [], [], []
    for row in rows.iter_rows(named=True):
        path, share = row["path_codes"], row["visits_n"] / n
        median, p90 = words.duration(row["turnaround_p50"], lang), words.duration(row["turnaround_p90"], lang)
        label = f"<b>{w.percent(share, 1)}</b> · {say('median {value}', value=median)} · {say('1 in 10 over {value}', value=p90)} · n = {w.number(row['visits_n'])}"
        others = say("{n} rarer ways together", n=w.number(row["paths_n"]))
        steps = tuple(coded(say, STEP, step) for step in path.split(">")) if path else ()
        drawn.append(paths.Way(steps, share, label, others, frozenset(steps) - {coded(say, STEP, _ORDINARY_REPEAT)}))
        codes.append(path)
        table.append({
            say("Way"): in_words(page, path) if path else others, say("Share"): w.percent(share, 1), say("95 % interval"): words.plain(_limits(page, row["visits_n"], n)),
            "n": w.number(row["visits_n"]), say("Median turnaround"): words.plain(median), say("1 in 10 over"): words.plain(p90),
        })  # fmt: skip
    panel.section(say("The commonest ways"), say("Service points in the order trucks really passed them, from the gate-in to the gate-out; bold is a step made again. Turnaround is of the whole visit."))
    st.html(paths.listed(drawn, say("→")))
    panel.under(page, say("n = {n} visits", n=w.number(n)))
    frame = pl.DataFrame(table)
    with st.expander(say("Data table and CSV"), key="ways_data"):
        picked = panel.grid(frame, key="ways_table", on_select="rerun", selection_mode="single-row")
        st.caption(say("Choose a way to see its visits; the CSV holds every way."))
        download.rows(page, "path_counts", key="ways")
    chosen = picked.selection.rows[0] if picked and picked.selection.rows else None
    behind.open_when_picked(page, "ways", "path", codes[chosen] if chosen is not None and chosen < len(codes) and codes[chosen] else None)


# ---------------------------------------------------------------------- documents
def _documents(page: Frame, _counts: pl.DataFrame) -> None:
    say, w = page.say, Words(page)
    recorded, result = _recorded(page), _checks(page)
    mean, coverage = recorded.cell("document_checks_mean"), recorded.cell("document_checks_coverage")
    panel.section(say("Who asks for documents, and where"), say("Checks are recorded for a share of the visits only; a visit without any record is left out, not counted as zero."))
    if not mean.n or result.rows.is_empty():
        panel.quiet(say("No data: no document check is recorded in this selection."))
        return
    rows = result.rows.sort("document_checks", descending=True)
    total = rows["document_checks"].sum()

    def who(row: dict) -> str:
        asked = coded(say, AUTHORITY, row["authority"]) if row["authority"] else say("unknown")
        return f"{page.place(row['place']) or say('unknown')} – {asked}"

    drawn = [
        clock.Share(who(row), row["document_checks"] / mean.n, f"<b>{w.number(row['document_checks'] / mean.n, 2)}</b> · {w.percent(row['document_checks'] / total)} · n = {w.number(row['document_checks'])}", who(row))
        for row in rows.head(TOP_PLACES).iter_rows(named=True)
    ]
    table = [
        {say("Place"): page.place(row["place"]) or say("unknown"), say("Who asked"): coded(say, AUTHORITY, row["authority"]) if row["authority"] else say("unknown"),
         say("Checks"): w.number(row["document_checks"]), say("Per visit recorded"): w.number(row["document_checks"] / mean.n, 2), say("Share"): w.percent(row["document_checks"] / total, 1)}
        for row in rows.iter_rows(named=True)
    ]  # fmt: skip
    finding = say("A driver shows documents {mean} times a visit on average; most often at {place}.", mean=w.number(mean.value, 2), place=who(rows.row(0, named=True)))
    if mean.before is not None:
        finding += " " + say("In the period before: {mean}.", mean=w.number(mean.before, 2))
    n_words = say("n = {n} visits with recorded checks ({share} of all); figures are checks per visit", n=w.number(mean.n), share=w.percent(coverage.value))
    panel.show(page, clock.bars(drawn), key="documents", finding=finding, table=pl.DataFrame(table), result=result, n_words=n_words)


# ---------------------------------------------------------------------- pilot
def _pilot(page: Frame, _counts: pl.DataFrame) -> None:
    say, lang, w = page.say, page.lang, Words(page)
    result = _sides(page)
    panel.section(say("Before and since the pilot"), say("Facts side by side, of the period chosen above. They are no effect of the pilot: traffic, season and trucks differ. The effect is on its own page."))
    rows = result.rows.drop_nulls("arm").sort("arm", "pilot_period", descending=[True, True])
    if rows.is_empty():
        panel.quiet(say("No data: no visit of this selection belongs to a pilot or comparison lane."))
        return

    def figure(row: dict, code: str) -> str:
        metric = result.metric(code)
        return words.plain(words.value(row[code], metric.unit, lang, metric.decimals))

    shown = ("turnaround_p50", "turnaround_p90", "wait_mean", "stops_mean", "document_checks_mean", "both_weighings_share", "unweighed_exit_share")
    table = pl.DataFrame([
        {say("Lanes"): coded(say, ARM, row["arm"]), say("Time"): coded(say, PILOT_PERIOD, row["pilot_period"]), say("Visits"): w.number(row["visits"]), **{say(result.metric(code).label): figure(row, code) for code in shown}}
        for row in rows.iter_rows(named=True)
    ])  # fmt: skip
    turned = pl.DataFrame([{say("Figure"): name, **{f"{row[say('Lanes')]} – {row[say('Time')]}": row[name] for row in table.iter_rows(named=True)}} for name in table.columns[2:]])
    panel.grid(turned, key="sides")
    panel.under(page, say("n = {n} visits", n=w.number(rows["visits"].sum())))
    download.link(page, result, key="sides")
    st.page_link(page.to("pilot"), label=say("The effect of the pilot, with its uncertainty"), query_params=page.query())
    if rows["pilot_period"].n_unique() < 2:
        panel.quiet(say("The period chosen lies on one side of the pilot's start; choose a longer one to see both."))


if __name__ == "__main__":
    show(current())

"""Chapters on the border: clearance with who holds the clock, and US-bound boxes. The same questions as their pages; small cells stay hidden."""

from __future__ import annotations

from dashboard import format as words
from dashboard.briefing import told
from dashboard.briefing.brief import Brief
from dashboard.briefing.deck import Bar, Bars, Section, Table
from dashboard.evidence.selected import extra_of
from dashboard.metrics import Result
from dashboard.metrics.clearance import within
from dashboard.views.selected import sentence
from etl.contracts.codes import HOLDER, STAGE_HOLDER

LIMIT_H = 48
CLEARED = ("declarations", "clearance_p50", "clearance_p90", within(LIMIT_H), "clearance_known_share", "prelodged_share", "release_p50")
SHOWN = ("csi_filings", "csi_24h_share", "csi_high_share", "csi_referrals", "csi_accepted_share", "csi_nii_share", "csi_physical_share", "csi_hit_share", "csi_resolved_share", "csi_hold_p50")
_FILED = ("csi_filings", "csi_24h_share", "csi_lead_p50", "csi_high_share")
_SCREENED = ("csi_referrals", "csi_answered_share", "csi_accepted_share", "csi_nii_share", "csi_physical_share", "csi_hit_share")
_HELD = ("csi_resolved_share", "csi_hold_p50", "csi_hold_p90", "csi_referrals")


def clearance(b: Brief) -> Section:
    """Arrival to release, the share within 48 hours, and who holds the clock."""
    say, lang, title = b.say, b.lang, b.say("Clearance")
    whole = b.ask(CLEARED, compare=True)
    median, p90, share = (whole.cell(code) for code in ("clearance_p50", "clearance_p90", within(LIMIT_H)))
    if not whole.cell("declarations").value:
        return b.lacks("clearance", title, say("No declaration was lodged in this period."))
    if median.value is None:
        finding = say("No time from arrival to release can be given: no data on when the goods of these {n} declarations arrived or were released.", n=b.number(whole.cell("declarations").value))
        return b.section("clearance", title, finding, whole)
    finding = say(
        "Half of the goods are released within {median} of their arrival; 1 in 10 waits more than {p90}. Within {limit} h: {share}.",
        median=b.minutes(median.value), p90=b.minutes(p90.value), limit=LIMIT_H, share=words.value(share.value, "share", lang, 1),
    )  # fmt: skip
    clock = b.ask(["clock_hours"], by=["stage"])
    hours = {row["stage"]: row["clock_hours"] or 0.0 for row in clock.rows.iter_rows(named=True)}
    total = sum(hours.values())
    figures, text = (), []
    if total:
        held = {party: sum(hours.get(stage, 0.0) for stage, holder in STAGE_HOLDER.items() if holder == party) / total for party in HOLDER.codes}
        seen = {STAGE_HOLDER[stage] for stage in hours}
        most, after = max(held, key=lambda party: held[party]), hours.get("to_gate_out", 0.0) / total
        text.append(say(
            "{party} holds the clock longest: {share} of the hours from arrival to gate-out. After the release the trader takes {after}; customs in all {customs}.",
            party=b.coded(HOLDER, most), share=words.share(held[most], lang, 1), after=words.share(after, lang, 1), customs=words.share(held["customs"], lang, 1),
        ))  # fmt: skip
        bars = tuple(Bar(b.coded(HOLDER, party), held[party] if party in seen else None, words.share(held[party], lang, 1) if party in seen else say("no data")) for party in HOLDER.codes)
        figures = (Bars(bars, "%", text[0]),)
    if not b.is_short:
        early = whole.cell("prelodged_share")
        text.append(say("Lodged before arrival: {share} (n = {n}).", share=words.cell(early, lang), n=b.number(early.n)))
    if b.selection.view != "all" or set(b.selection.filters) - {"channel"}:
        text.append(say("Declarations know no gate, lane or truck: of the filters only the customs channel applies here."))
    return b.section("clearance", title, finding, whole, clock, figures=figures, text=tuple(text), n=say("n = {n} declarations with known times", n=b.number(median.n)))


def security(b: Brief) -> Section:
    """US-bound boxes in counts and shares, and what screening costs the trucks that bring them. Always the whole port."""
    say, lang, title = b.say, b.lang, b.say("Security and flow")
    first = b.store.opened().first("fct_manifests", "filed_day")
    if first is None:
        return b.lacks("security", title, say("No data: this port has sent no manifests of US-bound boxes."))
    if b.selection.end_day <= first:
        return b.lacks("security", title, say("No data: the manifests of US-bound boxes begin on {day}.", day=words.day(first, lang)))
    small, whole = b.store.settings.small_cell, b.whole_port(keeps_view=True)
    filed, screened, held = (told.as_told(b.store, b.store.ask(whole, codes, compare=True)) for codes in (_FILED, _SCREENED, _HELD))
    extra = told.extra_as_told(b.store, extra_of(b.store, whole, small))
    finding = sentence(extra, say, b.store.settings.small_cell)
    rows = []
    for code in SHOWN:
        result = next(result for result in (filed, screened, held) if code in result.frame.columns)
        row, metric = result.frame.row(0, named=True), result.metric(code)
        limits = words.interval(row.get(f"{code}__low"), row.get(f"{code}__high"), metric.unit, lang, metric.decimals) if row[code] is not None else ""
        n = say("hidden") if row[f"{code}__n"] is None else "" if metric.count else b.number(row[f"{code}__n"])
        rows.append((say(metric.label), result.selection.period_in_words(lang), _text(b, result, code), limits, n))
    table = Table((say("What"), say("Period"), say("Value"), say("95 % interval"), "n"), tuple(rows), finding, (2, 3, 4))
    text = (say("This compares visits; it was no experiment. Boxes are selected for their risk, so their cargo and papers may differ too: it does not prove that screening caused the minutes, nor count what the box waits after its truck has left."),)
    limits = (say("Counts and shares that speak of fewer than {n} boxes are hidden, and so is what beside them would give them back. No box and no targeting criterion is kept in this dashboard.", n=small),)
    periods = " / ".join(dict.fromkeys(found.selection.period_in_words(lang) for found in (filed, held)))
    limits = (say("Figures about US-bound boxes are of the whole port and of whole months that are over, from the referral on of whole quarters, here {period}: otherwise hidden counts could be had back by subtraction.", period=periods), *limits)
    if first_told := max(filter(None, (told.first_on(b.store, result.selection) for result in (filed, held))), default=None):
        limits = (*limits, say("They stand as a briefing first gave them on {day}: late lines change them on the pages only, or two papers could be subtracted.", day=words.day(first_told, lang)))
    # The line under the section is about its finding; each row of the table has a period of its own.
    if extra.minutes is None or extra.selection is None:
        n, period = say("n = {n} boxes filed", n=_text(b, filed, "csi_filings")), filed.selection.period_in_words(lang)
    else:
        n, period = say("n = {n} visits", n=b.number(extra.selected_n + extra.other_n)), extra.selection.period_in_words(lang)
    return b.section("security", title, finding, filed, screened, held, figures=() if b.is_short else (table,), text=text, limits=limits[:1] if b.is_short else limits, n=n, period=period)


def _text(b: Brief, result: Result, code: str) -> str:
    """A figure in words: hidden where it speaks of too few boxes, no data where nothing lies behind it, and never 0 for either."""
    row, metric = result.frame.row(0, named=True), result.metric(code)
    if row[code] is None and row[f"{code}__n"] is None:
        return b.say("hidden")
    return b.minutes(row[code]) if metric.unit == "min" else words.value(row[code], metric.unit, b.lang, metric.decimals)

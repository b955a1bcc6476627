"""Chapters on how to read a briefing: method, how far the logs reach, the port's words. Nothing is computed here but what is said of the data."""

from __future__ import annotations

from dashboard import format as words
from dashboard.briefing.brief import Brief
from dashboard.briefing.deck import Section, Table, Terms
from dashboard.i18n import N_
from dashboard.metrics import METRICS
from dashboard.metrics.glossary import GLOSSARY
from etl.contracts.codes import SOURCE

# The figures a briefing leads with, defined on its method page.
DEFINED = ("turnaround_p50", "turnaround_p90", "over_120_share", "queue_p50", "document_checks_mean", "lost_hours", "congestion_index", "clearance_p50", "csi_24h_share")
METHOD: tuple[tuple[str, str], ...] = (
    (N_("From the logs to the figure"), N_("Every figure is made from the logs of the port by one written definition. Lines that break a rule are set apart and counted, never corrected by guess; each figure leads back to its lines.")),
    (N_("Percentiles first"), N_("Medians and the 90th percentile lead, because a few bad visits move a mean. Nothing is averaged from averages: every total is computed again from the visits.")),
    (N_("Intervals and small groups"), N_("The 95 % intervals take visits as independent; visits of one day share its shocks, so they are somewhat wider in truth. Groups under 30 are grey. Small cells about persons, firms and US-bound cargo are hidden, by subtraction too.")),
    (N_("Like-for-like"), N_("The comparison period has the same length and the same weekdays, and is cut at the same hour where the data end within the period.")),
    (N_("Pilot effect"), N_("Pilot units against comparison units, before and since the start, at the same mix of hours and cargo. The verdict needs the cautious interval, every unit left out in turn, trial dates before the start and no earlier drift.")),
    (N_("What a briefing cannot say"), N_("It compares; it was no experiment. What the logs do not hold (a queue that was not tracked, an exit that was missed) has no figure here, and is never zero.")),
)  # fmt: skip
SHOWN_TERMS = ("Visit", "Queue (Q)", "Truck turnaround (P)", "Total visit (V)", "Median", "90th percentile", "Planning time", "Like-for-like", "Comparison lanes", "Congestion index", "Lost truck-hours", "Document check", "Release", "Reference mark", "n")


def method(b: Brief) -> Section:
    """How the figures are made and what they cannot say."""
    say = b.say
    return Section("method", say("Method"), say("How to read these figures, and what they cannot say."), (Terms(tuple((say(name), say(about)) for name, about in METHOD)),))


def definitions(b: Brief) -> Section:
    """What the leading figures mean."""
    say = b.say
    return Section("definitions", say("Definitions of the leading figures"), say("Each figure has one definition, the same on every page and paper."), (Terms(tuple((say(METRICS[code].label), say(METRICS[code].about)) for code in DEFINED)),))


def freshness(b: Brief) -> Section:
    """How far each log reaches, and how many lines lie behind."""
    say = b.say
    rows = []
    for row in b.store.table("meta_freshness").sort("source_code").iter_rows(named=True):
        rows.append((b.coded(SOURCE, row["source_code"]), words.moment(row["last_event_local_at"], b.lang), b.number(row["files_n"]), b.number(row["rows_n"])))
    told = b.store.build()
    finding = say("Data up to {at} ({zone}).", at=words.moment(told.now_local_at, b.lang), zone=told.zone_name)
    return Section("freshness", say("How far the data reach"), finding, (Table((say("Source"), say("Data up to"), say("Files"), say("Good rows")), tuple(rows), finding, (1, 2, 3)),))


def glossary(b: Brief) -> Section:
    """The words a delegation meets on these pages."""
    found = dict(GLOSSARY)
    return Section("glossary", b.say("Glossary"), b.say("The port's words, as these pages use them."), (Terms(tuple((b.say(term), b.say(found[term])) for term in SHOWN_TERMS)),))

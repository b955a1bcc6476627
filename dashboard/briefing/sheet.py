"""Sheet: a truck record in words, finished for paper and page: who and when, the ladder of steps with its holders, the proofs, and what it can settle. Facts in, texts out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from dashboard import format as words
from dashboard.briefing import record
from dashboard.briefing.record import Facts
from dashboard.i18n import N_, Translator, translator
from dashboard.metrics.holders import HOLDERS, STEP_HOLDER
from etl import clock
from etl.contracts.codes import (
    AUTHORITY,
    CARGO_CLASS,
    CHANNEL,
    CLOCK_FLAG,
    DECLARATION_STAGE,
    DIRECTION,
    HOLDER,
    LOGBOOK,
    SERVICE_EVENT,
    SOURCE,
    STEP,
    VISIT_APPOINTMENT,
    VISIT_STATUS,
)

EVENTS: dict[str, str] = {
    "gate_in": N_("Port gate-in"), "gate_out": N_("Port gate-out"), "terminal_in": N_("Terminal gate-in"), "terminal_out": N_("Terminal gate-out"),
    "weigh_empty": N_("Empty weighing"), "weigh_full": N_("Full weighing"), **SERVICE_EVENT.codes, **LOGBOOK.codes,
}  # fmt: skip
PRINTED_PROOFS = 40  # a page holds no more; the fingerprint covers all


@dataclass(frozen=True)
class Header:
    """What a sheet says of the build it was printed from. It is no fact of the visit and not in the fingerprint."""

    port_name: str
    zone_name: str
    build_id: str
    rules_version: str
    now_at: str
    is_sample: bool
    lang: str


@dataclass(frozen=True)
class Rung:
    """One step of the ladder: when it began, its minutes in words and as numbers for the bar, and who held it."""

    name: str
    at: str
    wait: str
    service: str
    whole: str
    wait_min: float
    whole_min: float
    holder: str
    holder_code: str


@dataclass(frozen=True)
class Held:
    """What one party held in all."""

    name: str
    minutes: float
    text: str
    share: str


@dataclass(frozen=True)
class Sheet:
    """A record with every text finished. `labels` are the headings and column names by name."""

    title: str
    subtitle: str
    stamp: str
    facts: tuple[tuple[str, str], ...]
    finding: str
    rungs: tuple[Rung, ...]
    held: tuple[Held, ...]
    proofs: tuple[tuple[str, ...], ...]
    papers: tuple[tuple[str, ...], ...]
    more: str
    settles: str
    settles_not: str
    how: str
    code: str
    foot: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Reader:
    """How codes, places and instants are said."""

    say: Translator
    names: Mapping[str, Mapping[str, str]]
    locals: Mapping[str, dt.datetime]
    entry_at: str

    @property
    def day(self) -> dt.date:
        return self.locals[self.entry_at].date()

    def place(self, code: str | None) -> str:
        return next((self.names[kind][code] for kind in ("place", "gate", "lane", "terminal", "zone") if code in self.names.get(kind, {})), code or "")

    def name(self, kind: str, code: str | None) -> str:
        return self.say("not observed") if code is None else self.names.get(kind, {}).get(code, code)

    def coded(self, codes: Mapping[str, str], code: str | None) -> str:
        return self.say("not observed") if code is None else self.say(codes[code]) if code in codes else code

    def local(self, instant: str | None) -> dt.datetime | None:
        return None if instant is None else self.locals[instant]

    def time(self, instant: str | None) -> str:
        """Local time with its seconds, for the order of log lines matters; with its date where that is not the day of entry."""
        if instant is None:
            return ""
        at = self.local(instant)
        return f"{at:%H:%M:%S}" if at.date() == self.day else f"{words.short_day(at.date(), self.say.lang)} {at:%H:%M:%S}"

    def moment(self, instant: str | None) -> str:
        return self.say("not observed") if instant is None else f"{words.day(self.local(instant).date(), self.say.lang)} {self.local(instant):%H:%M:%S}"

    def minutes(self, text: str | float | None, decimals: int = 1) -> str:
        return self.say("not observed") if text is None else words.plain(words.value(float(text), "min", self.say.lang, decimals))


def of(facts: Facts, header: Header, names: Mapping[str, Mapping[str, str]]) -> Sheet:
    """Return the record in the header's language. `names` gives words for site codes: kind -> code -> name."""
    say = translator(header.lang)
    visit = facts["visit"]
    reader = _Reader(say, names, _locals((visit, *facts["steps"], *facts["proofs"], *facts["papers"], {"now_at": header.now_at}), header.zone_name), visit["entry_at"])
    rungs = _ladder(facts, reader)
    held = holders(rungs, say)
    inside = sum(rung.whole_min for rung in rungs)
    if not rungs or not inside:
        why = reader.coded(VISIT_STATUS.codes, visit["status_code"]) if visit["clock_flag"] == "ok" else reader.coded(CLOCK_FLAG.codes, visit["clock_flag"])
        finding = say("No step of this visit is known: {state}.", state=why[:1].lower() + why[1:])
    else:
        finding = say("The {total} inside the port, by who held them: {parts}.", total=reader.minutes(inside), parts=words.listed((f"{each.name} {each.text}" for each in held), header.lang))
    built = reader.local(header.now_at)
    foot = " · ".join((words.closed(words.name(header.port_name), header.lang), say("Build {build}", build=header.build_id[:12]), say("rules {version}", version=header.rules_version), say("data up to {at}", at=words.moment(built, header.lang)), say("times local ({zone})", zone=header.zone_name)))
    return Sheet(
        say("Truck record"), f"{visit['truck'].replace('Truck', say('Truck'))} · {reader.moment(visit['entry_at'])}", say("Demonstration data - fictitious") if header.is_sample else "", _facts(facts, reader),
        finding, rungs, held, tuple(_proof(row, reader) for row in facts["proofs"][:PRINTED_PROOFS]), tuple(_paper(row, reader) for row in facts["papers"]),
        say("{n} more log lines stand behind it; the fingerprint covers them.", n=len(facts["proofs"]) - PRINTED_PROOFS) if len(facts["proofs"]) > PRINTED_PROOFS else "",
        say("This record settles at which points the logs saw the truck, when, and how long each step took: the file and line beside each time can be opened and read again."),
        say("It does not settle why a step was long, nor who was at fault: the holder is the party whose act ends the step. Time on the way between points may be driving or waiting. In a terminal, waiting in the yard and service are not told apart. A match below 100 % may belong to another truck."),
        say("To check it: smartport record --verify, with this file or this code. The same facts have the same code in every build and language."),
        record.code(facts), foot, _labels(say),
    )  # fmt: skip


def _locals(rows: Iterable[Mapping[str, object]], zone: str) -> dict[str, dt.datetime]:
    """The local time of every instant of these rows, made at once: one by one they would cost more than all else on the sheet."""
    instants = sorted({str(value) for row in rows for name, value in row.items() if name.endswith("_at") and value is not None})
    utc = pl.Series([dt.datetime.fromisoformat(instant.rstrip("Z")) for instant in instants], dtype=pl.Datetime("us"))
    return dict(zip(instants, clock.to_local(utc, zone), strict=True))


def _ladder(facts: Facts, reader: _Reader) -> tuple[Rung, ...]:
    """The steps of the visit in order; their minutes sum to the turnaround."""
    rungs = []
    for row in facts["steps"]:
        wait, whole, holder, is_service = float(row["wait_min"] or 0), float(row["step_min"] or 0), STEP_HOLDER.get(row["step_code"], "road"), row["step_kind_code"] == "service"
        place = f" · {reader.place(row['place_code'])}" if row["place_code"] and is_service else ""
        waited, served = ("", "") if not is_service else ("–" if row[name] is None else reader.minutes(row[name]) for name in ("wait_min", "service_min"))
        rungs.append(Rung(f"{reader.coded(STEP.codes, row['step_code'])}{place}", reader.time(row["arrived_at"]), waited, served, reader.minutes(whole), wait, whole, reader.say(HOLDERS[holder]), holder))
    return tuple(rungs)


def holders(rungs: tuple[Rung, ...], say: Translator) -> tuple[Held, ...]:
    """Return what each party held, longest first; the way between points last."""
    total = sum(rung.whole_min for rung in rungs) or 1.0
    sums = {code: sum(rung.whole_min for rung in rungs if rung.holder_code == code) for code in HOLDERS}
    order = sorted((code for code in sums if sums[code]), key=lambda code: (code == "road", -sums[code]))
    return tuple(Held(say(HOLDERS[code]), sums[code], words.plain(words.value(sums[code], "min", say.lang, 1)), words.plain(words.value(sums[code] / total, "share", say.lang))) for code in order)


def _facts(facts: Facts, reader: _Reader) -> tuple[tuple[str, str], ...]:
    """Who and when."""
    say, visit = reader.say, facts["visit"]
    gates = [reader.name("gate", visit["entry_gate_code"]), *([reader.name("lane", visit["entry_lane_code"])] if visit["entry_lane_code"] else [])]
    out = [reader.name("gate", visit["exit_gate_code"]), *([reader.name("lane", visit["exit_lane_code"])] if visit["exit_lane_code"] else [])] if visit["exit_at"] else []
    rows = [
        (say("Gate-in"), f"{reader.moment(visit['entry_at'])} · {words.listed(gates, say.lang)}"),
        (say("Gate-out"), f"{reader.moment(visit['exit_at'])} · {words.listed(out, say.lang)}" if visit["exit_at"] else reader.coded(VISIT_STATUS.codes, visit["status_code"])),
        (say("Turnaround"), reader.minutes(visit["turnaround_min"])), (say("Queue before the gate"), reader.minutes(visit["queue_min"])),
        (say("Terminal"), reader.name("terminal", visit["terminal_code"])), (say("Direction"), reader.coded(DIRECTION.codes, visit["direction_code"])),
        (say("Cargo class"), reader.coded(CARGO_CLASS.codes, visit["cargo_class_code"])), (say("Customs channel"), reader.coded(CHANNEL.codes, visit["channel_code"])),
        (say("Appointment"), _appointment(visit, reader)), (say("Document checks"), words.number(visit["document_checks_n"], say.lang) if visit["document_checks_n"] is not None else say("not observed")),
    ]  # fmt: skip
    if visit["clock_flag"] != "ok":
        rows.append((say("Clock"), reader.coded(CLOCK_FLAG.codes, visit["clock_flag"])))
    return tuple(rows)


def _appointment(visit: Mapping[str, str | None], reader: _Reader) -> str:
    said = reader.coded(VISIT_APPOINTMENT.codes, visit["appointment_code"])
    slot = reader.local(visit["slot_start_at"])
    return said if slot is None else reader.say("{state}, slot of {at}", state=said, at=words.moment(slot, reader.say.lang))


def _proof(row: Mapping[str, object], reader: _Reader) -> tuple[str, ...]:
    event = reader.coded(EVENTS, row["event_code"])
    who = f" ({reader.coded(AUTHORITY.codes, row['authority_code'])})" if row["authority_code"] else ""
    score = "" if row["match_score"] is None else words.share(float(row["match_score"]), reader.say.lang)
    return reader.time(row["event_at"]), f"{event}{who}", reader.place(row["place_code"]), reader.coded(SOURCE.codes, row["source_code"]), words.name(str(row["file_name"] or row["file_id"])), str(row["source_line"]), score


def _paper(row: Mapping[str, object], reader: _Reader) -> tuple[str, ...]:
    say = reader.say
    return say("Declaration {n}", n=row["paper_no"]), reader.coded(DECLARATION_STAGE.codes, row["stage_code"]), reader.coded(HOLDER.codes, row["holder_code"]), reader.moment(row["started_at"]), reader.moment(row["ended_at"]), reader.minutes(row["inside_min"])


def _labels(say: Translator) -> dict[str, str]:
    return {
        "steps": say("Step by step"), "step": say("Step"), "since": say("Since"), "wait": say("Waiting"), "service": say("Service"), "whole": say("Whole step"), "holder": say("Held by"), "held": say("Who held the minutes"), "proofs": say("Proofs: the log lines behind it"),
        "time": say("Time"), "event": say("Event"), "place": say("Where"), "source": say("Source"), "file": say("File"), "line": say("Line"), "match": say("Match"),
        "papers": say("Papers of the goods, while the truck was inside"), "paper": say("Declaration"), "stage": say("Stage"), "from": say("Since"), "until": say("Until"), "inside": say("While inside"),
        "settles": say("What it settles"), "settles_not": say("What it does not settle"), "code": say("Code of this record"), "no_proofs": say("No log line is kept for this visit."),
        "first": say("The first four groups are the number of the visit, the others the fingerprint of its facts."),
    }  # fmt: skip

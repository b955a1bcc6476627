"""Alerts: what is open, every rule in words with its last figure, and what happened so far. Read from the files the evaluations leave; nothing is asked of the build."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard.alerts import board, history, recipients, rules
from dashboard.alerts.board import Board
from dashboard.alerts.history import Alert
from dashboard.alerts.rules import SEVERITIES, Rule
from dashboard.alerts.seen import is_seen
from dashboard.alerts.wording import EVENT_WORDS, Told, names_of, rule_in_words, shown
from dashboard.i18n import N_
from dashboard.widgets import download, panel, parts
from dashboard.widgets.frame import Frame, current
from etl.errors import SettingsError

PARTS: dict[str, str] = {"rules": N_("What is watched"), "history": N_("What happened")}
SHOWN = 300  # events of the history in the table; the download has them all


def show(page: Frame) -> None:
    _, settings, viewer = page.say, page.store.settings, page.store.viewer()
    found, why = _rules(page)
    standing = board.read(settings, page.store.port_code)
    open_now = [line for line in standing.open if is_seen(line, viewer)]
    panel.head(page, _("Alerts"), _answer(page, found, standing, open_now))
    if (why or standing.wrong) and not viewer.may("admin"):  # paths and hosts are no reader's affair
        st.warning(_("A setting of the alerts is wrong, so not all is watched or told. Administrators see here which."))
    elif why:
        st.error(why)
    for code, said in standing.wrong.items() if viewer.may("admin") else ():
        st.warning(_("Rule {rule}: {why}", rule=code, why=words.harmless(said)) if code else _("Nobody is told at present: {why}", why=words.harmless(said)))
    names, kept = names_of(page.store, page.lang), _kept(page)
    if open_now:
        panel.section(_("Open now"))
        messages = {alert.id: alert for alert in kept}
        for line in open_now:
            _open(page, line, names, messages.get(line["alert"]))
    st.space("small")
    {"rules": partial(_watched, found=found, standing=standing), "history": partial(_history, kept=kept)}[parts.choose(page, PARTS, "alerts_part")](page, names=names)


def _rules(page: Frame) -> tuple[rules.Rules, str]:
    """The rules, and why they cannot be read."""
    try:
        return rules.read(page.store.settings), ""
    except (SettingsError, OSError) as error:
        return rules.Rules(None, ()), words.harmless(str(error))


def _kept(page: Frame) -> list[Alert]:
    try:
        lines = history.read(page.store.settings).lines
    except OSError:
        return []
    return [alert for alert in history.fold(lines, page.store.port_code) if is_seen(alert.last, page.store.viewer())]


def _answer(page: Frame, found: rules.Rules, standing: Board, open_now: Sequence[Mapping[str, Any]]) -> str:
    _ = page.say
    if not found.rules:
        return _("Nothing is watched yet: no rules are set up.")
    if standing.at is None:
        return _("No evaluation has run yet: every load runs one, and so does the command `smartport alerts --evaluate`.")
    at = _at(page, standing.at)
    if not open_now:
        return _("Nothing is open. Every rule was last judged on {at}.", at=at)
    return _.plural("{n} alert is open. Every rule was last judged on {at}.", "{n} alerts are open. Every rule was last judged on {at}.", len(open_now), at=at)


def _at(page: Frame, instant: str) -> str:
    return Told({}, {}, page.say, page.store.build().zone_name).at(instant)


def _told(page: Frame, line: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> Told:
    return Told(line, names, page.say, page.store.build().zone_name)


# ---------------------------------------------------------------------- open now
def _open(page: Frame, line: Mapping[str, Any], names: Mapping[str, Mapping[str, str]], alert: Alert | None) -> None:
    _, told = page.say, _told(page, line, names)
    notes = [_("Open since {at}", at=told.at(line["since"])), _("furthest figure: {value}", value=told.worst), _("data up to {at}", at=told.reach), *_sent(page, alert)]
    st.html(
        f'<div class="alert {line["severity"]}" data-testid="alert-{html.escape(line["rule"])}"><h3><span class="mark">{html.escape(_(SEVERITIES[line["severity"]]))}</span> {html.escape(told.name)}</h3>'
        f"<p>{html.escape(told.sentence())}</p><p class=\"quiet\">{html.escape(' · '.join(notes))}</p></div>"
    )
    _behind(page, told, f"open-{line['alert']}")


def _sent(page: Frame, alert: Alert | None) -> list[str]:
    """Who has been told, and who could not be."""
    _, found = page.say, []
    for event, text in (("sent", N_("told: {names}")), ("failed", N_("not delivered yet: {names}")), ("held", N_("held until the quiet hours end: {names}"))):
        last = {(line["way"], line["address"]): line for line in (alert.messages if alert else ())}
        names = list(dict.fromkeys(line["to"] for line in last.values() if line["event"] == event))
        if names:
            found.append(_(text, names=words.listed((shown(name) for name in names), page.lang)))
    return found or [_("nobody has been told")]


def _behind(page: Frame, told: Told, key: str) -> None:
    target = next((code for code, each in page.pages.items() if getattr(each, "url_path", "") == told.page), "overview")
    own = told.query()
    lang = {"lang": st.session_state["lang_chosen"]} if st.session_state.get("lang_chosen") else {}
    with st.container(key=f"behind-{key}"):
        st.page_link(page.to(target), label=page.say("See the page behind"), query_params=own | lang)


# ---------------------------------------------------------------------- the rules
def _watched(page: Frame, found: rules.Rules, standing: Board, names: Mapping[str, Mapping[str, str]]) -> None:
    _ = page.say
    panel.section(_("What is watched"), _("Each rule in words, with the last figure that was judged."))
    if not found.rules:
        panel.quiet(_("Rules are written in the file alerts.toml of the settings folder; docs/alerts.md shows one."))
        return
    for rule in found.rules:
        lines = [line for line in standing.readings if line["rule"] == rule.code and is_seen(line, page.store.viewer())]
        _rule(page, rule, lines, names)
    if recipients.path_of(page.store.settings) is None:
        panel.quiet(_("No delivery is set up: alerts are shown here and sent to nobody."))


def _rule(page: Frame, rule: Rule, lines: Sequence[Mapping[str, Any]], names: Mapping[str, Mapping[str, str]]) -> None:
    _ = page.say
    told = _told(page, lines[0] if lines else _bare(rule), names)
    title = _told(page, told.line | {"group": rule.source[0] if len(rule.source) == 1 else ""}, names).name
    said = [_(SEVERITIES[rule.severity]), *([_("tells {names}", names=words.listed((shown(name) for name in rule.to), page.lang))] if rule.to else [_("tells nobody")])]
    if rule.quiet:
        said.append(_("quiet from {first} to {last}", first=words.clock(rule.quiet[0], page.lang), last=words.clock(rule.quiet[1], page.lang)))
    if not rule.is_on:
        said.append(_("switched off"))
    st.html(
        f'<div data-testid="rule-{rule.code}"><h3>{html.escape(title)}</h3><p>{html.escape(rule_in_words(rule, told, names))}</p>'
        f"<p class=\"quiet\">{html.escape(' · '.join(said))}</p></div>"
    )
    if lines:
        heads = [*([_("Where")] if lines[0]["group"] else []), _("Last figure"), "n", _("Period"), _("Compared with"), _("State")]
        # On a phone a row becomes a list of named values (theme.css); the roles keep it a table to a screen reader.
        body = "".join(f'<tr role="row">{"".join(f"""<td role="cell" data-name="{html.escape(head)}">{html.escape(cell)}</td>""" for head, cell in zip(heads, _cells(page, _told(page, line, names)), strict=True))}</tr>' for line in lines)
        st.html(f'<table class="rowlist stacked" role="table"><thead><tr role="row">{"".join(f"""<th scope="col" role="columnheader">{html.escape(head)}</th>""" for head in heads)}</tr></thead><tbody>{body}</tbody></table>')
        _behind(page, told, f"rule-{rule.code}")
    elif rule.is_on:
        panel.quiet(_("Nothing could be judged yet."))


def _cells(page: Frame, told: Told) -> list[str]:
    line = told.line
    return [*([told.group] if line["group"] else []), told.value, words.number(line["n"], page.lang), told.period + (f" · {shown(line['what'])}" if line.get("what") else ""), told.usual, told.state]


def _bare(rule: Rule) -> dict[str, Any]:
    """A rule nothing has been judged of yet, as a line without a figure."""
    return {"watch": rule.watch, "title": dict(rule.title), "group": "", "each": rule.each, "metric": rule.metric, "side": rule.side, "low": rule.below, "high": rule.above, "figure": None}


# ---------------------------------------------------------------------- the history
def _history(page: Frame, kept: Sequence[Alert], names: Mapping[str, Mapping[str, str]]) -> None:
    _ = page.say
    panel.section(_("What happened"), _("Every alert that was raised, updated and cleared, and every message about it; the newest first."))
    events = sorted(((line["at"], number, alert, line) for number, alert in enumerate(kept) for line in alert.lines), key=lambda each: (each[0], each[1]), reverse=True)
    if not events:
        panel.quiet(_("No alert has been raised so far."))
        return
    table = pl.DataFrame([_event(page, alert, line, names) for _at, _number, alert, line in events])
    panel.grid(table.head(SHOWN), key="alerts_history")
    if table.height > SHOWN:
        panel.quiet(_("The first {n} are shown; the download has them all.", n=SHOWN))
    download.worded(page, table, _("Alerts: what happened"), key="alerts_history", name="alerts")


def _event(page: Frame, alert: Alert, line: Mapping[str, Any], names: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    _, is_message = page.say, "way" in line
    told = _told(page, alert.opened if is_message else line, names)
    return {
        _("Date and time"): told.at(line["at"]), _("Event"): _(EVENT_WORDS[line["event"]]), _("Alert"): told.name, _("Figure"): "" if is_message else told.value, "n": "" if is_message else words.number(line["n"], page.lang),
        _("Period"): "" if is_message else told.period, _("Compared with"): "" if is_message else told.usual, _("Told"): shown(line["to"]) if is_message else "", _("Why"): shown(line.get("why", "")) if is_message and page.store.viewer().may("admin") else "",
        _("Build"): "" if is_message else line["build"][:12], _("Rule"): f"{line['rule']} ({line['digest']})" if not is_message else "",
    }  # fmt: skip


if __name__ == "__main__":
    show(current())

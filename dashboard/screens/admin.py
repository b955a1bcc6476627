"""Administration: what was done and by whom, and who has which role. Read from the audit log and the settings file; nothing is changed here."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import streamlit as st

from dashboard import format as words
from dashboard import store
from dashboard.access import asking, audit, rules
from dashboard.access.viewer import Grant
from dashboard.i18n import N_
from dashboard.widgets import panel, parts
from dashboard.widgets.frame import Frame, current
from etl import clock

PARTS: dict[str, str] = {"log": N_("Audit log"), "roles": N_("Roles")}
SHOWN = 500
_MONTHS = {1: N_("This month"), 3: N_("Last three months"), 12: N_("Last twelve months")}


def show(page: Frame) -> None:
    say = page.say
    if not asking.is_on():
        panel.head(page, say("Administration"), say("Nobody signs in at this installation: everybody who reaches it sees all pages. docs/access.md says how to switch sign-in on."))
        return
    panel.head(page, say("Administration"), say.plural("{n} group or person has a role.", "{n} groups and persons have a role.", sum(1 for _ in _grants())))
    (_log if parts.choose(page, PARTS, "admin_part") == "log" else _roles)(page)


def _log(page: Frame) -> None:
    say, settings = page.say, page.store.settings
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        months = st.selectbox(say("Period"), list(_MONTHS), format_func=lambda n: say(_MONTHS[n]), key="admin_months", width=220)
        events = st.multiselect(say("Events"), list(audit.EVENTS), format_func=lambda code: say(audit.EVENTS[code]), key="admin_events", width=420)
        who = st.text_input(say("Number of the person"), key="admin_who", width=260)
    told, torn = audit.read(settings, months, asking.current())
    found = told.filter(pl.col("event").is_in(events) if events else pl.lit(True), pl.col("who").str.contains(who.strip(), literal=True) if who.strip() else pl.lit(True))
    if torn:
        st.warning(say.plural("{n} line of the log cannot be read.", "{n} lines of the log cannot be read.", torn))
    if found.is_empty():
        panel.quiet(say("No event of this kind in this period."))
        return
    panel.quiet(say.plural("{n} event, the newest first.", "{n} events, the newest first.", found.height))
    shown = found.head(SHOWN)
    at = clock.to_local(shown["at"], page.store.build().zone_name)
    has_ports = len(store.ports()) > 1
    table = pl.DataFrame([
        {
            say("Time"): words.moment(moment, page.lang), say("Event"): say(audit.EVENTS.get(row["event"], row["event"])), say("Person"): row["who"] or "", say("What"): words.harmless(row["what"] or ""),
            **({say("Port"): words.harmless(row["port"] or "")} if has_ports else {}), say("Selection"): words.harmless(row["selection"] or ""), say("Rows"): words.number(row["rows"], page.lang) if row["rows"] is not None else "", say("Details"): words.harmless(row["more"]),
        }
        for moment, row in zip(at, shown.iter_rows(named=True), strict=True)
    ])  # fmt: skip
    panel.grid(table, key="admin_log", height=480 if table.height > 12 else "content")
    if found.height > SHOWN:
        panel.quiet(say("The first {n} are shown. The files lie in {folder}, one a month.", n=SHOWN, folder=str(audit.folder_of(settings))))


def _roles(page: Frame) -> None:
    say, names, ports, grants = page.say, page.names.get("terminal", {}), store.port_names(page.lang), list(_grants())
    has_ports = len(ports) > 1 or any(grant.ports for _, _, grant in grants)
    panel.section(say("Groups and persons"), say("From {path}. A person's own line stands before his groups; a role taken away there is gone at his next click.", path=str(rules.path_of(page.store.settings))))
    rows = [
        {
            say("Who"): name, say("Kind"): say(kind), say("Roles"): ", ".join(sorted(grant.roles)) or say("none"),
            say("Terminals"): say("the whole port") if grant.terminals is None else ", ".join(names.get(code, code) for code in grant.terminals),
        }
        | ({say("Port"): say("all ports") if grant.ports is None else ", ".join(ports.get(code, code) for code in grant.ports)} if has_ports else {})
        for kind, name, grant in grants
    ]  # fmt: skip
    panel.grid(pl.DataFrame(rows), key="admin_roles")
    panel.section(say("Who came"), say("Everybody who has signed in within the last twelve months, with what he was given last."))
    signed, _torn = audit.read(page.store.settings, 12, asking.current())
    last = signed.filter(pl.col("event") == "sign_in").unique("who", keep="first", maintain_order=True)
    if last.is_empty():
        panel.quiet(say("No event of this kind in this period."))
        return
    at = clock.to_local(last["at"], page.store.build().zone_name)
    panel.grid(pl.DataFrame([{say("Person"): row["who"], say("Time"): words.moment(moment, page.lang), say("Details"): words.harmless(row["more"])} for moment, row in zip(at, last.iter_rows(named=True), strict=True)]), key="admin_came")


def _grants() -> Iterator[tuple[str, str, Grant]]:
    """Kind, name and grant of the groups and persons that have something at a port this reader administers."""
    told, viewer = asking.rules_now(), asking.current()
    for kind, grants in ((N_("Group"), told.groups), (N_("Person"), told.people)):
        yield from ((kind, name, grant) for name, grant in sorted(grants.items()) if grant.ports is None or viewer.administers(*grant.ports))


if __name__ == "__main__":
    show(current())

"""What `smartport doctor` says of the settings the pages read. They are read as the pages read them, and nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator

from dashboard.access import rules as access
from dashboard.alerts import recipients, rules
from etl.contracts.reference import load_site
from etl.errors import SmartportError
from etl.operation.doctor import Finding
from etl.settings import Settings


def of_settings(settings: Settings) -> Iterator[Finding]:
    """Yield findings on who may sign in, what is watched and who is told."""
    found: dict[str, object] = {}
    for area, manual, read in (("sign-in", "access", access.load), ("alerts", "alerts", rules.read), ("delivery", "alerts", recipients.read)):
        try:
            found[area] = read(settings)
        except (SmartportError, OSError) as error:
            yield Finding(area, "FAIL", str(error), f"Correct it: docs/{manual}.md shows a whole file")
    if told := found.get("sign-in"):
        known = load_site(settings.site)
        grants = [grant for grants in (told.groups, told.people) for grant in grants.values()]
        here = [grant for grant in grants if grant.ports is None or known.port_code in grant.ports]
        strange = sorted({code for grant in here for code in grant.terminals or ()} - set(known.tables["dim_terminals"]["terminal_code"]))
        said = f"{len(grants)} groups and persons have a role, {len(here)} at {known.port_code}"
        yield Finding("sign-in", "WARN" if strange else "OK", f"{said}; terminal '{strange[0]}' is none of {known.port_code}" if strange else said, f"If it is another port's, name that with ports = [...] in {access.path_of(settings)}" if strange else "")
    elif "sign-in" in found:
        yield Finding("sign-in", "OK", "nobody signs in: for a demonstration, or for this machine only")
    if (watched := found.get("alerts")) and watched.path:
        yield Finding("alerts", "OK", f"{sum(rule.is_on for rule in watched.rules)} of {len(watched.rules)} rules of {watched.path} are on")
        if delivery := found.get("delivery"):
            missing = sorted({name for rule in watched.rules if rule.is_on for name in rule.to if name not in delivery.to})
            yield Finding("delivery", "FAIL" if missing else "OK", f"'{missing[0]}' is told by a rule and is no recipient of {delivery.path}" if missing else f"{len(delivery.to)} recipients", f"Add a table [to.{missing[0]}], or correct `to` in the rules" if missing else "")
        elif "delivery" in found:
            yield Finding("delivery", "OK", "no delivery is set up: alerts are shown and sent to nobody")

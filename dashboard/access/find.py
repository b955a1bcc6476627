"""Find a truck by its plate, or by a container it carried. What is typed becomes a pseudonym here, in memory, and is kept nowhere: not in the store's cache,
not in an address, not in the audit log.

    key = find.keyed(settings, "plate", "12345-أ-6")       # folded as a load folds it; None where nothing is left of it
    visits = store.found(key)                              # the newest first; only for who may search (dashboard/access/viewer.py)
"""

from __future__ import annotations

from dashboard.i18n import N_
from etl.contracts.reference import load_site
from etl.errors import DeclarationError
from etl.identities import load_identities
from etl.settings import Settings

KINDS: dict[str, str] = {"plate": N_("Plate"), "container_no": N_("Container")}
LONGEST = 40  # letters of a plate or container number, with room for spaces
MOST = 200  # visits
# A pseudonym is of one kind only: that of a plate is never that of a container.
SQL = f"""
SELECT visit_id, 'Truck ' || upper(left(plate_key, 6)) AS truck, entry_local_at, terminal_code, direction_code, turnaround_min, status_code
FROM fct_visits
WHERE port_code = $port_code AND (plate_key = $key OR visit_id IN (SELECT visit_id FROM fct_visit_containers WHERE port_code = $port_code AND container_key = $key))
ORDER BY entry_at DESC, visit_id
LIMIT {MOST}
"""


def keyed(settings: Settings, kind: str, text: str) -> str | None:
    """Return the pseudonym of what was typed. Raises SettingsError for a key that cannot be used."""
    if kind not in KINDS:
        raise DeclarationError("search", f"'{kind}' is not known", ", ".join(KINDS))
    return load_identities(settings.keys, load_site(settings.site), create=False).pseudonym(text[:LONGEST], kind)

"""Putting the lake under another pseudonym key, and finishing what was interrupted on the way. No raw identity is needed or read.

A pseudonym of the new key is made from the one of the old: HMAC-SHA256 of it under a link. A key file that keeps its old key and adds the link makes
the same from raw text (etl.identities), so old and new rows stay of one truck; a link that is thrown away cuts them apart for good.

    settings/key        the key in use, one line, or one line a link
    settings/key.next   the key to come, while the lake is being rewritten
    settings/key.cut-X  port X was cut: what still lies in the quarantine must be read again before anything new is
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import polars as pl

from etl.contracts.interim import INT_FILES, INTERIM_TABLES
from etl.contracts.staged import LINEAGE, STAGED_TABLES
from etl.errors import SettingsError
from etl.identities import Identities, relinked
from etl.lake import LAKE_VERSION, Lake
from etl.validate.digest import row_digests

KEY, NEXT, CUT = "key", "key.next", "key.cut-"
CUT_ROWS = "cut"  # what dq_files.key_id says of rows under a key nobody has
_NAMED = {table.name: [item.name for item in table.fields if item.kind == "identity"] for table in (*STAGED_TABLES, *INTERIM_TABLES)}
_OWN = {table.name: [item.name for item in table.fields if item not in LINEAGE] for table in STAGED_TABLES}


def rewrite(lake: Lake, link: bytes, key_id: str) -> int:
    """Put every row of the lake under another key and make it count in one step; return how many rows. Until the last statement the lake is what it was.

    Without a `link` one is made and thrown away: what the rows were and what they are can be told by nobody.
    """
    rows_n, key_id_of_rows = 0, key_id if link else CUT_ROWS
    link = link or secrets.token_bytes(32)
    for part in lake.manifest.parts:
        names = _NAMED.get(part.table, [])
        if not names and part.table != INT_FILES.name:
            continue
        rows = lake.for_task("", only=part).rows(part.table)
        if part.table == INT_FILES.name:
            rows = rows.with_columns(pl.lit(key_id_of_rows).alias("key_id"))
        rows = rows.with_columns(relinked(rows[name], link) for name in names)
        if part.table in _OWN:
            rows = rows.with_columns(row_digests([rows[name] for name in _OWN[part.table]], rows.height))
        lake.drop([part])
        lake.append(part.table, rows)
        lake.flush()
        rows_n += rows.height
    lake.commit(key_id=key_id)
    return rows_n


def lakes(root: Path) -> list[Lake]:
    """Return the lake of every port of the installation: they share one key."""
    names = (path.stem.removeprefix("manifest-").rpartition("-")[0] for path in (root / f"v{LAKE_VERSION}").glob("manifest-*.json"))
    return [Lake(root, port_code) for port_code in sorted(set(names))]


def settle(keys: Path, lake_root: Path) -> None:
    """Finish or take back a rotation that was interrupted: a lake under the new key decides. The caller holds the lock."""
    if not (keys / NEXT).is_file():
        return
    fresh = (keys / NEXT).read_bytes().strip()
    new_id, all_lakes = Identities(fresh).key_id, lakes(lake_root)
    if not any(lake.manifest.key_id == new_id for lake in all_lakes):
        for path in (keys / NEXT, *keys.glob(f"{CUT}*")):
            path.unlink()
        return
    is_cut = any(keys.glob(f"{CUT}*"))
    for lake in all_lakes:
        if lake.manifest.key_id != new_id:
            rewrite(lake, b"" if is_cut else fresh.splitlines()[-1], new_id)
    os.replace(keys / NEXT, keys / KEY)


def refuse_unsettled(keys: Path, port_code: str, *, is_rebuild: bool) -> None:
    """Raise SettingsError while lake and key are not in step, or the rows of before a cut have not been read again: a line sent twice would count twice."""
    if (keys / NEXT).is_file():
        raise SettingsError(str(keys / NEXT), "a rotation of the pseudonym key was interrupted", "", "Run `smartport key finish`")
    if not is_rebuild and cut_mark(keys, port_code).is_file():
        raise SettingsError(str(keys), "the pseudonym key was cut and what lies in the quarantine has not been read again under the new one", "", "Run `smartport rebuild`")


def cut_mark(keys: Path, port_code: str) -> Path:
    return keys / f"{CUT}{port_code}"


def write_owner_only(path: Path, content: bytes) -> None:
    """Write a file of mode 600 that is on the disk, by its name, when this returns."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""`smartport key`: the installation's pseudonym key is made, named, and replaced by another. No pseudonym is printed but by `translate`."""

from __future__ import annotations

import dataclasses
import os
import secrets
import stat
from dataclasses import dataclass

from etl import pipeline
from etl.contracts.reference import Site, load_site
from etl.errors import SettingsError
from etl.identities import Identities, load_identities
from etl.loading import disk, lock, rekey
from etl.loading.report import BuildReport
from etl.settings import Settings


@dataclass(frozen=True)
class Rotation:
    """What a rotation did. `report` is the build made under the new key; `other_ports` of the installation have theirs still to be made."""

    old_key_id: str
    new_key_id: str
    is_joinable: bool
    rows_n: int
    report: BuildReport
    other_ports: tuple[str, ...]


def about(settings: Settings) -> dict:
    """Return what may be told of the key: its name, how often it was rotated joinably, its mode. Makes it where there is none yet."""
    site = load_site(settings.site)
    identities = load_identities(settings.keys, site)
    path = site.demo_key if site.demo_key.is_file() else settings.keys / rekey.KEY
    return {"key_id": identities.key_id, "links_n": identities.links_n, "file": str(path), "mode": f"{stat.S_IMODE(path.stat().st_mode):03o}", "is_sample": site.demo_key.is_file()}


def rotate(settings: Settings, *, joinable: bool) -> Rotation:
    """Replace the key, put the lake under the new one and publish.

    `joinable`: whoever holds the key file can still tell which new pseudonym an old one became. Otherwise the old key is destroyed: raw files in the
    quarantine are read again under the new key, and rows whose raw files have expired get pseudonyms of a key nobody keeps, equal among themselves and to
    nothing else. All ports of the installation share the key. Killed at any moment, `finish` brings lake and key in step, and no load goes on before. Raises SettingsError for a sample port, BusyError.
    """
    site = load_site(settings.site)
    with disk.in_words(settings.home), lock.one_writer(settings.home):
        rekey.settle(settings.keys, settings.lake)
        all_lakes = rekey.lakes(settings.lake)
        for lake in all_lakes:
            rekey.refuse_unsettled(settings.keys, lake.port_code, is_rebuild=False)
        old = _own_key(settings, site)
        fresh = secrets.token_hex(32).encode()
        new = old + b"\n" + fresh if joinable else fresh
        old_id, new_id = Identities(old).key_id, Identities(new).key_id
        for lake in all_lakes:
            if lake.manifest.key_id not in ("", old_id):
                raise SettingsError(str(settings.keys / rekey.KEY), f"the pseudonym key is {old_id}, but the lake of {lake.port_code} was written with {lake.manifest.key_id}", "", "Restore the key first")
            if not joinable:
                rekey.write_owner_only(rekey.cut_mark(settings.keys, lake.port_code), b"")
        rekey.write_owner_only(settings.keys / rekey.NEXT, new)
        rows_n = sum(rekey.rewrite(lake, fresh if joinable else b"", new_id) for lake in all_lakes)
        if all_lakes:
            rekey.settle(settings.keys, settings.lake)
        else:
            os.replace(settings.keys / rekey.NEXT, settings.keys / rekey.KEY)
    # After a cut no file under the old key stays for open pages; they say that their build is gone.
    report = pipeline.load(settings, None) if joinable else pipeline.rebuild(dataclasses.replace(settings, replaced_build_hours=0))
    others = tuple(lake.port_code for lake in all_lakes if lake.port_code != site.port_code)
    return Rotation(old_id, new_id, joinable, rows_n, report, others)


def finish(settings: Settings) -> None:
    """Finish a rotation that was interrupted while the lake was rewritten, or take it back if nothing had been. Raises BusyError."""
    with lock.one_writer(settings.home):
        rekey.settle(settings.keys, settings.lake)


def translated(settings: Settings, pseudonym: str, steps: int = 1) -> str:
    """Return what a pseudonym of `steps` joinable rotations ago is today. Raises SettingsError where the key has not so many links."""
    return Identities(_own_key(settings, load_site(settings.site))).translated(pseudonym, steps)


def _own_key(settings: Settings, site: Site) -> bytes:
    if site.demo_key.is_file():
        raise SettingsError(str(site.demo_key), "a sample port has a fixed key, which everybody knows", "", "Give --site the folder of a real port")
    path = settings.keys / rekey.KEY
    if not path.is_file():
        raise SettingsError(str(path), "there is no key yet", "", "Run `smartport key show`, which makes one, or `smartport load INBOX`")
    return path.read_bytes().strip()

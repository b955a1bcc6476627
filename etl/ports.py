"""Several ports in one installation: one home, one pseudonym key, and each port its own site, lake, build and inbox folder.

    inbox/MACAS/...   the logs of MACAS, as its mappings know them
    inbox/USNYC/...   those of USNYC

Which port a file is of is said by its folder, never guessed from its name: ports may run the same systems. A port that fails
stops no other.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from etl import pipeline
from etl.contracts.reference import load_site
from etl.engine import LOCAL, Engine
from etl.errors import InputError, SettingsError, SmartportError
from etl.loading import disk, lock
from etl.loading.report import BuildReport
from etl.settings import Settings

Outcome = BuildReport | SmartportError


def codes_of(ports: Sequence[Settings]) -> list[str]:
    """Return the port codes. Raises SettingsError when two sites are of one port."""
    codes = [load_site(port.site).port_code for port in ports]
    for number, code in enumerate(codes):
        if code in codes[:number]:
            both = f"{ports[codes.index(code)].site} and {ports[number].site}"
            raise SettingsError("--site", f"{both} are both of port {code}", "", "Give each port one site folder")
    return codes


def inboxes(inbox: Path, codes: Sequence[str]) -> tuple[dict[str, Path], list[Path]]:
    """Return each port's folder in the inbox (ports without one have nothing new), and what lies in no port's folder."""
    if not inbox.is_dir():
        raise InputError(str(inbox), "there is no such folder", "", f"Several ports are loaded from one folder with a folder each: {', '.join(codes)}")
    found = {code: inbox / code for code in codes if (inbox / code).is_dir()}
    loose = sorted(path for path in inbox.iterdir() if path.name not in found and not path.name.startswith("."))
    if not found:
        raise InputError(str(inbox), "it has no folder of any port", ", ".join(codes), "Put each port's logs into a folder named by its code")
    return found, loose


def load(ports: Sequence[Settings], inbox: Path | None, *, replay: bool = False, progress: Callable | None = None, engine: Engine = LOCAL) -> list[Outcome]:
    """Load what is new of every port; see pipeline.load. Returns, in the order of `ports`, each one's report or what stopped it."""
    codes = codes_of(ports)
    folders = inboxes(inbox, codes)[0] if inbox else {}
    work = dict(zip(ports, (folders.get(code, ()) if inbox else None for code in codes), strict=True))
    return _each(ports, engine, lambda port: pipeline.load(port, work[port], replay=replay, progress=progress, engine=engine, is_locked=True))


def rebuild(ports: Sequence[Settings], progress: Callable | None = None, *, engine: Engine = LOCAL, **how: bool) -> list[Outcome]:
    """Rebuild every port; see pipeline.rebuild, which takes `how`."""
    codes_of(ports)
    return _each(ports, engine, lambda port: pipeline.rebuild(port, progress, engine=engine, is_locked=True, **how))


def _each(ports: Sequence[Settings], engine: Engine, work: Callable[[Settings], BuildReport]) -> list[Outcome]:
    def outcome(port: Settings) -> Outcome:
        try:
            return work(port)
        except SmartportError as error:
            return error

    with disk.in_words(ports[0].home), lock.one_writer(ports[0].home), ThreadPoolExecutor(min(engine.ports_at_once, len(ports), 2 * (os.cpu_count() or 1))) as pool:
        return list(pool.map(outcome, ports))

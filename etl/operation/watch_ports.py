"""`smartport watch` of several ports: a watcher a port, each for its port's folder of the inbox, that take turns at loading. What one meets stops no other.

    inbox/MACAS/...    inbox-loaded/MACAS/...    inbox-refused/MACAS/...
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace

from etl.errors import SmartportError
from etl.loading.report import AfterLoad, no_steps
from etl.operation.journal import Journal
from etl.operation.watch import Watch, place_of, watch
from etl.ports import codes_of, inboxes
from etl.settings import Settings
from etl.sources.masks import spelled


def watch_ports(ports: Sequence[Settings], about: Watch, journal: Journal, stop: threading.Event, after_load: AfterLoad = no_steps) -> int:
    """Watch until `stop` is set, or with `is_once` until every port's folder holds nothing that has come whole. Return the highest exit code.

    The folder of a port that is not there yet is made, so that its senders find it. Raises InputError when there is no inbox, SettingsError when two sites are of one port.
    """
    codes, turn, ended = codes_of(ports), threading.Lock(), {}
    if about.inbox.is_dir():
        for code in codes:
            (about.inbox / code).mkdir(exist_ok=True)
    inboxes(about.inbox, codes)  # there is one
    for folder in (about.refused, about.loaded):
        if folder:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def one(settings: Settings, code: str) -> None:
        own, says = replace(about, inbox=about.inbox / code, refused=about.refused / code, loaded=about.loaded and about.loaded / code), journal.of(code)
        try:
            ended[code] = watch(settings, own, says, stop, after_load, turn)
        except SmartportError as error:
            ended[code] = error.exit_code
            says.say("gave_up", str(error), level="error")
        except Exception as error:  # nobody foresaw it: all end, so that whoever started them starts them again
            ended[code] = 1
            says.say("gave_up", f"it failed unexpectedly ({place_of(error)})", level="error")
            stop.set()

    threads = [threading.Thread(target=one, args=each, name=f"watch-{each[1]}") for each in zip(ports, codes, strict=True)]
    for thread in threads:
        thread.start()
    told: set[str] = set()
    while any(thread.is_alive() for thread in threads):
        _say_loose(about, codes, journal, told)
        for thread in threads:
            thread.join(about.poll_s / len(threads))
    return max(ended.values())


def _say_loose(about: Watch, codes: Sequence[str], journal: Journal, told: set[str]) -> None:
    """Say, once each, what lies in the inbox and in no port's folder: which port it is of is never guessed, so nothing loads it."""
    try:
        loose = inboxes(about.inbox, codes)[1]
    except (SmartportError, OSError):
        return  # the share is away: every watcher says so
    for path in loose:
        if path.name not in told:
            told.add(path.name)
            journal.say("loose", f"{spelled(path.name)} lies in the folder of no port and is not loaded. Known: {', '.join(codes)}. Move it into one of them.", level="warning", file=spelled(path.name))

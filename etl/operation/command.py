"""The commands of whoever runs the service, and their printing: watch. Each imports its room when it runs, so that `smartport --help` stays instant."""

from __future__ import annotations

import argparse
import signal
import threading
from pathlib import Path

from etl.errors import SettingsError
from etl.loading.report import AfterLoad, no_steps
from etl.settings import Settings, load_settings

WATCH_CODES = {0: "stopped, or nothing is left to load", 2: "a setting, the site or a mapping is wrong", 3: "with --once: a file was refused and set aside; everything else is loaded", 5: "this home is watched already",
               6: "with --once: another load, the disk or the network share stood in the way to the end; what is not loaded is still in the inbox"}  # fmt: skip


def add_commands(subparsers: argparse._SubParsersAction, after_load: AfterLoad = no_steps) -> None:
    """Add the commands of operation to a parser made by the caller; `after_load` is what follows every load of `watch`."""

    def command(name: str, words: str, run: object, codes: dict[int, str]) -> argparse.ArgumentParser:
        parser = subparsers.add_parser(name, help=words, description=words, epilog="exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in codes.items()))
        parser.add_argument("--home", help="where lake, builds and quarantine lie (SMARTPORT_HOME, default ./smartport_home)")
        parser.add_argument("--site", help="the port's own folder (SMARTPORT_SITE, default the sample port)")
        parser.set_defaults(run=run, after_load=after_load)
        return parser

    watch = command("watch", "Load what arrives in an inbox, and keep the inbox clean.", _watch, WATCH_CODES)
    watch.add_argument("inbox", type=Path, help="folder the logs are dropped in, subfolders too. Hidden files and *.part, *.tmp, *.crdownload are passed over")
    watch.add_argument("--once", action="store_true", help="load what has come whole and end: for a timer")
    watch.add_argument("--quiet-time", type=float, default=10.0, metavar="S", help="a file has come whole when its size and time stand still for so many seconds (default 10)")
    watch.add_argument("--done-marker", action="store_true", help="a file has come whole when NAME.done lies beside it; the quiet time plays no part")
    watch.add_argument("--poll", type=float, default=2.0, metavar="S", help="seconds between two looks (default 2)")
    watch.add_argument("--refused", type=Path, metavar="DIR", help="where files refused for good go, each with a .reason.txt (default INBOX-refused)")
    watch.add_argument("--loaded", type=Path, metavar="DIR", help="where loaded files go (default INBOX-loaded)")
    watch.add_argument("--leave", action="store_true", help="leave loaded files in the inbox; they are known by their content and not read twice")
    watch.add_argument("--attempts", type=int, default=5, metavar="N", help="set a file aside after it alone has made the loader fail so often; with --once also give up after so many failures (default 5)")
    watch.add_argument("--json", action="store_true", help="log a JSON object a line on standard error instead of sentences")


def _settings(arguments: argparse.Namespace) -> Settings:
    return load_settings(arguments.home, arguments.site)


def _watch(arguments: argparse.Namespace) -> int:
    from etl.operation.journal import Journal
    from etl.operation.watch import Watch, default_folders, watch

    inbox = arguments.inbox.resolve()
    refused, loaded = (given.resolve() if given else default for given, default in zip((arguments.refused, arguments.loaded), default_folders(inbox), strict=True))
    for folder in (refused, loaded):
        if folder.is_relative_to(inbox) and not any(step.startswith(".") for step in folder.relative_to(inbox).parts):
            raise SettingsError(str(folder), "this folder lies in the inbox and would be loaded from", "", "Name a folder beside the inbox")
    about = Watch(
        inbox, refused, None if arguments.leave else loaded, quiet_s=arguments.quiet_time, poll_s=arguments.poll, attempts=arguments.attempts,
        needs_marker=arguments.done_marker, is_once=arguments.once,
    )  # fmt: skip
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return watch(_settings(arguments), about, Journal(as_json=arguments.json), stop, arguments.after_load)

"""The commands of whoever runs the service, and their printing: watch, doctor, backup, restore, retain, key. Each imports its room when it runs, so that `smartport --help` stays instant."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from etl.errors import SettingsError
from etl.loading.report import AfterLoad, no_steps
from etl.settings import Settings, load_ports

WATCH_CODES = {0: "stopped, or nothing is left to load", 2: "a setting, the site or a mapping is wrong", 3: "with --once: a file was refused and set aside; everything else is loaded", 5: "this home and port are watched already",
               6: "with --once: another load, the disk or the network share stood in the way to the end; what is not loaded is still in the inbox"}  # fmt: skip
DOCTOR_CODES = {0: "nothing failed; there may be warnings", 7: "something failed"}
CODES = {0: "done", 2: "a setting, the site or the home is wrong", 3: "there is no backup here", 4: "a file of the backup or the lake is damaged, or a newer program wrote it", 5: "another load or backup is running"}
_AREA_WIDTH = 12


def add_commands(subparsers: argparse._SubParsersAction, after_load: AfterLoad = no_steps, more_checks: object = None) -> None:
    """Add the commands of operation to a parser made by the caller; `after_load` is what follows every load of `watch`, `more_checks` what the doctor looks at besides (doctor.MoreChecks)."""

    def command(name: str, words: str, run: object, codes: dict[int, str]) -> argparse.ArgumentParser:
        parser = subparsers.add_parser(name, help=words, description=words, epilog="exit codes: " + "; ".join(f"{code} {meaning}" for code, meaning in codes.items()))
        parser.add_argument("--home", help="where lake, builds and quarantine lie (SMARTPORT_HOME, default ./smartport_home)")
        parser.add_argument("--site", help="the port's own folder (SMARTPORT_SITE, default the sample port)")
        parser.set_defaults(run=run, after_load=after_load, more_checks=more_checks)
        return parser

    watch = command("watch", "Load what arrives in an inbox, and keep the inbox clean.", _watch, WATCH_CODES)
    watch.add_argument("inbox", type=Path, help="folder the logs are dropped in, subfolders too; with several ports a folder that holds one for each, named by its code. Hidden files and *.part, *.tmp, *.crdownload are passed over")
    watch.add_argument("--once", action="store_true", help="load what has come whole and end: for a timer")
    watch.add_argument("--quiet-time", type=float, default=10.0, metavar="S", help="a file has come whole when its size and time stand still for so many seconds (default 10)")
    watch.add_argument("--done-marker", action="store_true", help="a file has come whole when NAME.done lies beside it; the quiet time plays no part")
    watch.add_argument("--poll", type=float, default=2.0, metavar="S", help="seconds between two looks (default 2)")
    watch.add_argument("--refused", type=Path, metavar="DIR", help="where files refused for good go, each with a .reason.txt (default INBOX-refused)")
    watch.add_argument("--loaded", type=Path, metavar="DIR", help="where loaded files go (default INBOX-loaded)")
    watch.add_argument("--leave", action="store_true", help="leave loaded files in the inbox; they are known by their content and not read twice")
    watch.add_argument("--attempts", type=int, default=5, metavar="N", help="set a file aside after it alone has made the loader fail so often; with --once also give up after so many failures (default 5)")
    watch.add_argument("--json", action="store_true", help="log a JSON object a line on standard error instead of sentences")
    doctor = command("doctor", "Say whether this installation is sound, and what to do where it is not.", _doctor, DOCTOR_CODES)
    backup = command("backup", "Back up lake, settings with the pseudonym key, audit, alerts and the list of raw files. Loads may run meanwhile.", _backup, CODES)
    backup.add_argument("folder", type=Path, help="where backups are kept, best on another disk; each gets a folder of its own, and what the one before holds is linked from it")
    backup.add_argument("--with-raw", action="store_true", help="with the raw files of the quarantine, which hold identities: keep it as well as the quarantine")
    backup.add_argument("--keep", type=int, default=0, metavar="N", help="remove all but the N newest backups there (default: none is removed)")
    restore = command("restore", "Put a backup into an empty home, every file held against its digest; then run `smartport rebuild`.", _restore, CODES)
    restore.add_argument("folder", type=Path, help="one backup, or the folder of several: the newest is taken")
    retain = command("retain", "Delete rows, raw files and rejected bytes older than so many years; the rest stays row for row.", _retain, CODES)
    retain.add_argument("--years", type=int, required=True, metavar="N", help="no month stays that ended more than N years ago; figures begin two months after the first row kept")
    retain.add_argument("--dry-run", action="store_true", help="say what would go, and delete nothing")
    retain.add_argument("--today", type=_day, metavar="DAY", help="count from this day instead of the machine's date")
    retain.add_argument("--folder", type=Path, action="append", default=[], metavar="DIR", help="a folder of loaded or refused files to be cleared too, by file time; may be given again")
    key = command("key", "Show, rotate or finish rotating the pseudonym key.", _key, CODES)
    key.add_argument("act", choices=("show", "rotate", "finish", "translate"), help="show: name the key, and make it where there is none. rotate: replace it. finish: after a rotation was killed. translate: old pseudonyms on standard input, one a line, become today's")
    how = key.add_mutually_exclusive_group()
    how.add_argument("--keep-joinable", action="store_true", help="rotate: whoever holds the key file can still tell which new pseudonym an old one became")
    how.add_argument("--cut", action="store_true", help="rotate: nobody can; the old key is destroyed")
    key.add_argument("--rotations", type=int, default=1, metavar="N", help="translate: the pseudonyms are of N joinable rotations ago (default 1)")
    for parser in (doctor, backup, restore, retain, key):
        parser.add_argument("--json", action="store_true", help="print one JSON document on standard output")


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no date; write YYYY-MM-DD") from error


def _settings(arguments: argparse.Namespace) -> Settings:
    found = _ports(arguments)
    if len(found) > 1:
        raise SettingsError("SMARTPORT_SITE", f"{len(found)} sites are given, but `smartport {arguments.command}` is about one port", ", ".join(str(one.site) for one in found), "Name one of them with --site")
    return found[0]


def _watch(arguments: argparse.Namespace) -> int:
    from etl.operation.journal import Journal
    from etl.operation.watch import Watch, default_folders, watch
    from etl.operation.watch_ports import watch_ports

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
    found, journal = _ports(arguments), Journal(as_json=arguments.json)
    if len(found) > 1:
        return watch_ports(found, about, journal, stop, arguments.after_load)
    return watch(found[0], about, journal, stop, arguments.after_load)


def _ports(arguments: argparse.Namespace) -> tuple[Settings, ...]:
    return load_ports(arguments.home, [arguments.site] if arguments.site else None)


def _doctor(arguments: argparse.Namespace) -> int:
    """One port after the other; with `--json` one document a line and port."""
    from etl.operation.doctor import examine

    is_sound, ports = True, _ports(arguments)
    for settings in ports:
        found = examine(settings, more=arguments.more_checks)
        is_sound &= not any(one.level == "FAIL" for one in found)
        if arguments.json:
            print(json.dumps({level: sum(one.level == level for one in found) for level in ("OK", "WARN", "FAIL")} | {"site": str(settings.site), "findings": [asdict(one) for one in found]}, ensure_ascii=False))
            continue
        if len(ports) > 1:
            print(f"{settings.site}:")
        for one in found:
            print(f"{one.level:<5}{one.area:<{_AREA_WIDTH}} {one.found}" + (f"\n{'':<{_AREA_WIDTH + 6}}-> {one.do}" if one.do else ""))
        print(", ".join(f"{sum(one.level == level for one in found)} {level}" for level in ("OK", "WARN", "FAIL")))
    return 0 if is_sound else 7


def _say(arguments: argparse.Namespace, sentences: list[str], about: dict) -> int:
    print(json.dumps(about, ensure_ascii=False, default=str) if arguments.json else "\n".join(sentences))
    return 0


def _backup(arguments: argparse.Namespace) -> int:
    from etl.operation.backup import backup

    settings, *others = _ports(arguments)
    found = backup(settings, arguments.folder.resolve(), with_raw=arguments.with_raw, keep=arguments.keep, other_sites=[each.site for each in others])
    said = f"{found.folder}: {len(found.files):,} files, {found.bytes_n:,} bytes, of which {found.new_bytes_n:,} had to be written. It holds the pseudonym key {found.key_id}: keep it from other eyes."
    return _say(arguments, [said], {"folder": found.folder, "files_n": len(found.files), "bytes_n": found.bytes_n, "new_bytes_n": found.new_bytes_n, "key_id": found.key_id})


def _restore(arguments: argparse.Namespace) -> int:
    from etl.contracts.reference import load_site
    from etl.operation.backup import restore

    settings = _settings(arguments)
    found = restore(settings, arguments.folder.resolve())
    sentences = [f"{found.folder.name} of {', '.join(found.port_codes) or 'no port'} is restored to {settings.home}: {len(found.files):,} files, each as it was written."]
    is_same_site = load_site(settings.site).digest == found.site_digest
    if not is_same_site:
        sentences.append(f"The site folder {settings.site} is not what it was then ({found.folder / 'site'}): figures may differ.")
    if found.raw_files_n and not settings.quarantine.is_dir():
        sentences.append(f"{found.raw_files_n:,} raw files lay in the quarantine and are not in the backup; the rows read from them are.")
    return _say(arguments, [*sentences, "Run `smartport rebuild` to make the build."], {"folder": found.folder, "files_n": len(found.files), "raw_files_n": found.raw_files_n, "is_same_site": is_same_site})


def _retain(arguments: argparse.Namespace) -> int:
    """One port after the other; with `--json` one document a line and port."""
    return max(_retain_one(settings, arguments) for settings in _ports(arguments))


def _retain_one(settings: Settings, arguments: argparse.Namespace) -> int:
    from etl.operation.retention import retain

    found = retain(settings, arguments.years, today=arguments.today, folders=tuple(folder.resolve() for folder in arguments.folder), dry_run=arguments.dry_run)
    verb = "would go" if arguments.dry_run else "are deleted"
    months = f"{found.months[0]} to {found.months[-1]}" if found.months else "no month"
    sentences = [
        f"{found.rows_n:,} rows ({months}, {found.bytes_n:,} bytes), {found.raw_files_n:,} raw files and {found.other_files_n:,} other files {verb}.",
        f"Rows are kept from {found.rows_from} on, figures shown from {found.facts_from} on. Backups made before hold what {verb}: remove them too.",
    ]
    if found.report is not None:
        for step in arguments.after_load(settings, found.report) if found.report.build_id else ():
            sentences += [step.said] if step.said else []
    about = {name: value for name, value in asdict(found).items() if name != "report"}
    return _say(arguments, sentences, about | {"is_dry_run": arguments.dry_run})


def _key(arguments: argparse.Namespace) -> int:
    from etl.operation import keys

    settings = _settings(arguments)
    if arguments.act == "translate":
        for line in sys.stdin:
            print(f"{line.strip()},{keys.translated(settings, line.strip(), arguments.rotations)}")
        return 0
    if arguments.act == "finish":
        keys.finish(settings)
    if arguments.act != "rotate":
        about = keys.about(settings)
        return _say(arguments, [f"Key {about['key_id']}, {about['links_n']} joinable rotations, {about['file']}, mode {about['mode']}." + (" It is the sample's, which everybody knows." if about["is_sample"] else "")], about)
    if arguments.keep_joinable == arguments.cut:
        raise SettingsError("smartport key rotate", "it is not said what becomes of old pseudonyms", "", "Add --keep-joinable or --cut; docs/operate.md says what each means")
    found = keys.rotate(settings, joinable=arguments.keep_joinable)
    for step in arguments.after_load(settings, found.report) if found.report.build_id else ():
        if step.is_failed:
            print(f"smartport key: {step.said}", file=sys.stderr)
    sentences = [f"Key {found.new_key_id} has taken the place of {found.old_key_id}; {found.rows_n:,} rows are under it, build {found.report.build_id} is published."]
    sentences.append("Old pseudonyms become today's with `smartport key translate`." if found.is_joinable else "Nothing written before joins what is written from now on. Remove the backups of before: they hold the old key.")
    sentences += [f"Run `smartport {'load' if found.is_joinable else 'rebuild'}` for port {port_code} too." for port_code in found.other_ports]
    return _say(arguments, sentences, {name: value for name, value in found.__dict__.items() if name != "report"} | {"build_id": found.report.build_id})

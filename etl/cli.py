"""The etl commands of `smartport` and their printing, nothing else: load, check, status, rebuild, verify, rejects, truth.

Exit codes: 0 done (also when there was nothing new), 1 unexpected, 2 a setting, site or mapping is wrong, 3 a file was refused
(everything else was loaded and published), 4 no readable build, 5 another load is running, 130 interrupted.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import datetime as dt
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from etl import engine, integrity, pipeline, ports, warehouse
from etl.contracts.codes import ORDER_FAULT
from etl.contracts.reference import load_site
from etl.errors import InputError, SettingsError, SmartportError
from etl.loading.progress import Bar
from etl.loading.report import AfterLoad, no_steps
from etl.settings import Settings, load_ports
from etl.validate import preview

EXIT_CODES = {0: "done, also when there was nothing new", 1: "unexpected error", 2: "a setting, the site or a mapping is wrong", 3: "a file was refused; everything else is loaded and published",
              4: "no readable build", 5: "another load is running", 6: "the disk is full or cannot be written", 130: "interrupted; the next run finishes the work"}  # fmt: skip
# The declarations in quarantine, a row a line, in the columns of dq_rejects that mean something here; they hold no identity.
_WHY = " ".join(f"WHEN '{code}' THEN '{words}'" for code, words in ORDER_FAULT.codes.items())
_SET_APART = f"""
  SELECT lodged_day AS day, 'customs' AS source_code, f.file_name, s.file_id, s.source_line, s.declaration_id, s.event_code, s.event_local_at, s.order_fault_code,
    'the declaration is set apart: ' || CASE s.order_fault_code {_WHY} END AS reasons
  FROM dq_set_apart AS s LEFT JOIN dq_files AS f USING (port_code, file_id)
"""
_SHOWN = 20  # files listed one by one for a person
_GUARDED = ("=", "+", "-", "@", "\t", "\r")


def add_commands(subparsers: argparse._SubParsersAction, after_load: AfterLoad = no_steps) -> None:
    """Add the etl commands to a parser made by the caller. Each sets `run`, a function from the parsed arguments to an exit code.

    `after_load` is what the caller lets follow a load or rebuild.
    """
    codes = "exit codes: " + "; ".join(f"{code} {words}" for code, words in EXIT_CODES.items())

    def command(name: str, words: str, run: object) -> argparse.ArgumentParser:
        parser = subparsers.add_parser(name, help=words, description=words, epilog=codes)
        parser.add_argument("--home", help="where lake, builds and quarantine lie (SMARTPORT_HOME, default ./smartport_home)")
        parser.add_argument("--site", action="append", help="the port's own folder (SMARTPORT_SITE, default the sample port); for load, rebuild and status given once for each port of the installation")
        parser.add_argument("--json", action="store_true", help="print one JSON document on standard output (load, rebuild and status of several ports: one a line and port)")
        parser.set_defaults(run=run, after_load=after_load)
        return parser

    load = command("load", "Load new log files and publish a build.", _load)
    load.add_argument("inbox", nargs="?", type=Path, help="folder (or one file) to load, subfolders too; with several ports a folder that holds one for each, named by its code.  Hidden files and *.part, *.tmp, *.crdownload are passed over; any other file that no mapping fits (a README, zones.geojson) is refused by name, exit code 3, and so is a summary (averages and counts an hour), which holds no visits: keep logs only in the inbox")
    load.add_argument("--replay", action="store_true", help="also read again, from the quarantine, what was rejected or refused and whose mapping or lists have changed since")
    rebuild = command("rebuild", "Read everything kept again and make all facts anew: also the way back from damage.", _rebuild)
    rebuild.add_argument("--from-quarantine", action="store_true", help="read the raw files alone, as if there were no lake: when its list and the copy of it are damaged")
    rebuild.add_argument("--accept-loss", action="store_true", help="with --from-quarantine, go on without the files that have left the quarantine")
    command("verify", "Read every file of lake, build and quarantine once and name what is damaged, with the way back. Exit code 4 when anything is.", _verify)
    for parser in (load, rebuild):
        parser.add_argument("--engine", choices=engine.NAMES, default="local", help="where the work is done: on this machine, or in an Apache Spark cluster (docs/cluster.md)")
        parser.add_argument("--master", metavar="URL", help="with --engine spark, the cluster: spark://host:7077, yarn, ... (default local[*], this machine)")
        shown = parser.add_mutually_exclusive_group()
        shown.add_argument("--progress", action="store_true", default=None, help="show progress even when this is no terminal")
        shown.add_argument("--quiet", action="store_true", help="show no progress")
    command("check", "Say how a file would be read, without loading it.", _check).add_argument("file", type=Path)
    command("status", "Say what is published and how fresh each source is.", _status)
    rejects = command("rejects", "List the rejected lines, masked, with every reason.", _rejects)
    rejects.add_argument("--csv", nargs="?", const="-", metavar="FILE", help="write CSV to FILE, or to standard output")
    rejects.add_argument("--source", help="only this source")
    rejects.add_argument("--set-apart", action="store_true", help="list instead the lines of the declarations set apart: each line is good, the order of their events is impossible")
    command("truth", "Compare the build with the truth file of simulated data.", _truth).add_argument("folder", nargs="?", type=Path, help="the truth folder of the simulated port")


def main(arguments: list[str] | None = None) -> int:
    """Run `python -m etl.cli`. The console command `smartport` adds the same commands to its own."""
    parser = argparse.ArgumentParser(prog="smartport")
    add_commands(parser.add_subparsers(dest="command", required=True))
    return run(parser.parse_args(arguments))


def run(arguments: argparse.Namespace) -> int:
    """Run a parsed command of any room; errors a user may see become one sentence on standard error and their exit code, with `--json` one document too."""
    try:
        return int(arguments.run(arguments) or 0)
    except SmartportError as error:
        if getattr(arguments, "json", False):
            print(json.dumps({"error": str(error), "exit_code": error.exit_code}))
        print(f"smartport: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("smartport: interrupted. The last build stands; run the same command again to finish.", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 0


def _settings(arguments: argparse.Namespace) -> Settings:
    found = load_ports(arguments.home, arguments.site)
    if len(found) > 1:
        raise SettingsError("--site", f"{len(found)} sites are given, but `smartport {arguments.command}` is about one port", ", ".join(str(one.site) for one in found), "Name one of them with --site")
    return found[0]


def _load(arguments: argparse.Namespace) -> int:
    found = load_ports(arguments.home, arguments.site)
    if arguments.inbox is None and not arguments.replay:
        raise InputError("smartport load", "no inbox is given", "", "Name the folder the logs are dropped in, or use --replay alone")
    with engine.open_engine(arguments.engine, arguments.master) as where:
        if len(found) > 1:
            loose = ports.inboxes(arguments.inbox, ports.codes_of(found))[1] if arguments.inbox else []
            return _finish_each(found, ports.load(found, arguments.inbox, replay=arguments.replay, engine=where), arguments, loose)
        with Bar.for_terminal(arguments.progress, arguments.quiet or arguments.json) as bar:
            report = pipeline.load(found[0], arguments.inbox, replay=arguments.replay, progress=bar, engine=where)
    return _finish(found[0], report, arguments)


def _rebuild(arguments: argparse.Namespace) -> int:
    found = load_ports(arguments.home, arguments.site)
    how = {"from_quarantine": arguments.from_quarantine, "accept_loss": arguments.accept_loss}
    with engine.open_engine(arguments.engine, arguments.master) as where:
        if len(found) > 1:
            return _finish_each(found, ports.rebuild(found, engine=where, **how), arguments)
        with Bar.for_terminal(arguments.progress, arguments.quiet or arguments.json) as bar:
            report = pipeline.rebuild(found[0], progress=bar, engine=where, **how)
    return _finish(found[0], report, arguments)


def _finish_each(found: Sequence[Settings], outcomes: list[ports.Outcome], arguments: argparse.Namespace, loose: Sequence[Path] = ()) -> int:
    """Finish several ports, each under its name; one that was stopped is a sentence and stops no other. Return the highest exit code."""
    codes = [3 for _ in loose]
    for path in loose:
        print(f"refused: {path.name}: it lies in the folder of no port.", file=sys.stderr)
    for settings, outcome in zip(found, outcomes, strict=True):
        if isinstance(outcome, SmartportError):
            print(f"smartport {arguments.command} {settings.site.name}: {outcome}", file=sys.stderr)
            codes.append(outcome.exit_code)
            continue
        if not arguments.json:
            print(f"{outcome.port_code}:")
        codes.append(_finish(settings, outcome, arguments))
    return max(codes)


def _verify(arguments: argparse.Namespace) -> int:
    found = integrity.verify(_settings(arguments))
    if arguments.json:
        print(json.dumps(dataclasses.asdict(found), ensure_ascii=False))
        return 4 if found.damages else 0
    for each in found.damages:
        print(f"{each.path} ({each.what}): {each.fault}. {each.do}.")
    older = f" {found.unsealed_n:,} of them were written by an older program, without a digest." if found.unsealed_n else ""
    print(f"{found.files_n:,} files, {found.bytes_n:,} bytes: {len(found.damages):,} damaged.{older}")
    return 4 if found.damages else 0


def _finish(settings: Settings, report: pipeline.BuildReport, arguments: argparse.Namespace) -> int:
    """Print the report, take the steps that follow and say what they did: failures on standard error, the rest to a person only."""
    code = _print_report(report, arguments)
    for step in arguments.after_load(settings, report) if report.build_id else ():
        if step.is_failed:
            print(f"smartport {arguments.command}: {step.said}", file=sys.stderr)
        elif step.said and not (arguments.json or arguments.quiet):
            print(step.said)
    return code


def _print_report(report: pipeline.BuildReport, arguments: argparse.Namespace) -> int:
    code = 3 if report.refused or (report.files and not report.build_id) else 0
    if arguments.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
        return code
    fresh = [file for file in report.files if file.status != "known"]
    for file in report.refused:
        print(f"refused: {file.message}", file=sys.stderr)
    again = [file for file in report.files if file.status == "known" and file.message]
    for file in again[:_SHOWN]:
        print(file.message)
    if len(again) > _SHOWN:
        print(f"... and {len(again) - _SHOWN:,} more files have the content of another.")
    if not report.build_id:
        why = f"none of the {len(report.files):,} files can be read; smartport status names the reasons" if report.files else "there is nothing to read yet"
        print(f"No build is published: {why}.")
        return code
    if not report.is_changed:
        print(f"Nothing new: {len(report.files):,} files known. Build {report.build_id} stands.")
        return code
    print(f"{len(fresh):,} files, {report.read_n:,} lines read, {report.rejected_n:,} rejected, {len(report.files) - len(fresh):,} files known, {len(report.refused):,} refused.")
    span = f"{report.days_n:,} days recomputed ({report.first_day} to {report.last_day})" if report.first_day else "no days recomputed"
    print(f"Build {report.build_id} published in {report.seconds:.1f} s: {span}; in all {report.good_n:,} good rows, {report.duplicate_n:,} duplicates.")
    if report.rejected_n:
        print("See the rejected lines with: smartport rejects")
    return code


def _check(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    found = preview(arguments.file, load_site(settings.site), settings)
    if arguments.json:
        print(json.dumps(_plain(found), ensure_ascii=False, default=str))
        return 0
    print(f"{found.file_name}: {found.source_name}, read by mapping {found.mapping_name}")
    print(f"{found.read_n:,} lines: {found.good_n:,} good, {found.rejected_n:,} rejected; {found.blank_n:,} blank")
    for reason, count in found.by_reason:
        print(f"  {count:,} x {reason}")
    for line, reasons, masked in found.first_rejects:
        print(f"  line {line}: {reasons}\n    {masked}")
    return 0


def _plain(found: object) -> dict:
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


def _status(arguments: argparse.Namespace) -> int:
    """One port after the other; with `--json` one document a line and port."""
    return max(_status_of(settings, arguments) for settings in load_ports(arguments.home, arguments.site))


def _status_of(settings: Settings, arguments: argparse.Namespace) -> int:
    about = pipeline.status(settings)
    if arguments.json:
        print(json.dumps(about, ensure_ascii=False, default=lambda value: value.isoformat()))
        return 0 if about["build_id"] else 4
    if not about["build_id"]:
        print(f"{about['port_code']}: No build is published. Run `smartport load INBOX`.")
        _print_refused(about["refused"])
        return 4
    print(f"{about['port_name']} ({about['port_code']}): build {about['build_id']}, published {about['built_at']:%Y-%m-%d %H:%M} UTC")
    reach = f"{about['now_local_at']:%Y-%m-%d %H:%M} local" if about["now_local_at"] else "no event yet"
    print(f"Data reach to {reach}. {about['files_n']:,} files loaded, {about['refused_n']:,} refused.")
    print(f"{about['read_n']:,} lines read = {about['good_n']:,} good + {about['rejected_n']:,} rejected + {about['duplicate_n']:,} duplicate")
    for row in about["freshness"]:
        print(f"  {row['source_code']:<13} to {_reach(row['last_event_local_at']):<19}   {row['files_n']:>6,} files {row['rows_n']:>12,} rows")
    _print_refused(about["refused"])
    if about["unpublished"]:
        print("A load was interrupted: run `smartport load` again to publish what it read.")
    return 0


def _print_refused(refused: list[dict]) -> None:
    for row in refused[:_SHOWN]:
        print(f"refused: {row['message']}")
    if len(refused) > _SHOWN:
        print(f"... and {len(refused) - _SHOWN:,} more refused files: smartport status --json lists them all.")


def _reach(at: dt.datetime | None) -> str:
    """Whole seconds; the date alone where the source knows no hours."""
    if at is None:
        return "-"
    return f"{at:%Y-%m-%d}" if at.time() == dt.time() else f"{at:%Y-%m-%d %H:%M:%S}"


def _rejects(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    build = warehouse.open_build(settings.build, load_site(settings.site).port_code)
    where, values = ("WHERE source_code = ?", [arguments.source]) if arguments.source else ("", [])
    listed = _SET_APART if arguments.set_apart else "SELECT * FROM dq_rejects"
    cursor = build.connection.cursor().execute(f"SELECT * FROM ({listed}) {where} ORDER BY day, file_name, file_id, source_line", values)
    names = tuple(column[0] for column in cursor.description)
    if arguments.csv and arguments.csv != "-":
        with open(arguments.csv, "w", encoding="utf-8-sig", newline="") as file:
            written = _write_csv(cursor, names, file)
        print(f"{written:,} rejected lines written to {arguments.csv}", file=sys.stderr)
        return 0
    if arguments.csv:
        _write_csv(cursor, names, sys.stdout)
        return 0
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if arguments.json:
        print(json.dumps(rows, ensure_ascii=False, default=str))
        return 0
    for row in rows:
        print(f"{row['file_name']} line {row['source_line']}: {row['reasons']}")
    if arguments.set_apart:
        print(f"{len(rows):,} lines of {len({row['declaration_id'] for row in rows}):,} declarations set apart. They count as good lines; their declarations give no minutes.")
        return 0
    print(f"{len(rows):,} rejected lines.")
    apart = build.connection.cursor().execute("SELECT count(DISTINCT declaration_id) FROM dq_set_apart").fetchone()[0]
    if apart:
        print(f"{apart:,} declarations are set apart, because the order of their events is impossible: smartport rejects --set-apart")
    return 0


def _write_csv(cursor: object, names: tuple[str, ...], file: object) -> int:
    """Write rows as they come, instants and dates ISO, lists by `|`; texts that a spreadsheet would run are led by an apostrophe."""
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(names)
    written = 0
    while rows := cursor.fetchmany(10_000):
        for row in rows:
            writer.writerow([_cell(value) for value in row])
        written += len(rows)
    return written


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = "|".join(value)
    return f"'{value}" if isinstance(value, str) and value.startswith(_GUARDED) else value


def _truth(arguments: argparse.Namespace) -> int:
    from etl import truth  # simulated data only: not needed to load a port

    return truth.run(_settings(arguments), arguments.folder, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())

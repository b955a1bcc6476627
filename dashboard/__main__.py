"""`smartport`: the composition root. Here the two wings and the simulator meet; commands are parsed and handed on, no figure is made.

serve, demo, export, brief, record and lock live here; load, check, status, rebuild, rejects and truth come from etl.cli, sample from the simulator, evidence from its room.
Heavy parts are imported by the command that needs them, so that `smartport --help` is instant and a second demo starts fast.
"""

from __future__ import annotations

import argparse
import functools
import os
import socket
import sys
import threading
import time
import urllib.request
import webbrowser
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from etl.errors import BusyError
from etl.settings import ROOT, SAMPLE_SITE, Settings, load_ports, load_settings

if TYPE_CHECKING:
    from etl.loading.report import AfterStep, BuildReport
    from etl.operation.doctor import Finding

PORT = 8501
_FILTERS = ("gate", "lane", "terminal", "direction", "cargo", "appointment", "channel")  # of selection.FILTERS, which --help must not wait for
_EXPORT_CODES = {
    0: "written, also when no row lies behind the question", 1: "unexpected error", 2: "the question or the place to write is wrong: an unknown name, a split a figure cannot give, more rows than an Excel sheet holds",
    4: "no readable build", 130: "interrupted",
}  # fmt: skip
_SERVER = Path(__file__).with_name("server.py")


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit code. Errors a user may see are one sentence on standard error (etl.cli.run)."""
    from etl.cli import run

    parser = argparse.ArgumentParser(prog="smartport", description="Truck turnaround, congestion and pilot evidence for a port agency, from its own logs.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_dashboard(commands)
    _add_etl(commands)
    _add_sample(commands)
    _add_evidence(commands)
    arguments = parser.parse_args(argv)
    return run(arguments)


def after_load(settings: Settings, report: BuildReport) -> Iterator[AfterStep]:
    """What follows every load and rebuild, by command or by `watch`. A step that fails is said and changes nothing of the load."""
    yield _leave_pages(settings)
    yield _judge_alerts(settings)


def _leave_pages(settings: Settings) -> AfterStep:
    """With every new build, the one page for phones in every language."""
    from dashboard.briefing import leaflet
    from etl.errors import SmartportError
    from etl.loading.report import AfterStep

    try:
        made = leaflet.leave(settings)
    except (SmartportError, OSError) as error:
        return AfterStep("pages", f"no page for phones was written: {error}", is_failed=True)
    return AfterStep("pages", f"A page for phones, in every language: {made[0].parent}" if made else "")


def _judge_alerts(settings: Settings) -> AfterStep:
    """With every new build, what it raises or clears, told to whom it concerns. Whatever fails in here, the load has been published."""
    from dashboard import alerts
    from etl.loading.report import AfterStep

    try:
        done = alerts.evaluate(settings)
    except Exception as error:  # no fault of an alert, not even one of ours, may fail a load or end a watch: it is said by name
        return AfterStep("alerts", f"alerts were not judged: {type(error).__name__}: {error}", is_failed=True)
    return AfterStep("alerts", done.said, is_failed=bool(done.wrong or done.failed_n))


def _settings_checks(settings: Settings) -> Iterator[Finding]:
    """What the doctor looks at besides."""
    from dashboard.checks import of_settings

    return of_settings(settings)


def _add_dashboard(commands: argparse._SubParsersAction) -> None:
    from dashboard.alerts import command as alerts
    from dashboard.briefing import command as briefing
    from dashboard.edge import install as edge

    def command(name: str, words: str, run: object) -> argparse.ArgumentParser:
        parser = commands.add_parser(name, help=words, description=words)
        parser.set_defaults(run=run)
        return parser

    serve = command("serve", "Open the dashboard of the published build.", _serve)
    demo = command("demo", "Make the fictitious port once, load it and open the dashboard.", _demo)
    demo.add_argument("--folder", type=Path, default=Path("demo"), help="where the demonstration lives (default ./demo)")
    demo.add_argument("--days", type=int, help="fewer days than the whole demonstration (273); the pilot begins on day 190")
    demo.add_argument("--no-serve", action="store_true", help="make and load only")
    edge.add_install(command("install", "Write what puts the service on a server: systemd units and an nginx site.", _install))
    for parser in (serve, demo):
        parser.add_argument("--port", type=int, help=f"web port (default {PORT}, or the next free one)")
        parser.add_argument("--address", default="127.0.0.1", help="address to listen on (default 127.0.0.1: this machine only)")
        parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    export = command("export", "Write figures, or the rows behind them, as CSV, Parquet or Excel workbook.", _export)
    _add_export(export)
    brief = command("brief", "Write a briefing as PDF, PowerPoint slides or one HTML page, for a period and in a language.", _brief)
    record = command("record", "Write the record of one truck's visit as a PDF whose fingerprint can be checked, or check one.", _record)
    briefing.add_brief(brief)
    briefing.add_record(record)
    watched = command("alerts", "Say which alerts are open; judge, check or try the rules.", _alerts)
    mailed = command("mail-briefing", "Send a briefing by mail, as PDF: for a scheduler.", _mail_briefing)
    alerts.add_alerts(watched)
    alerts.add_mail_briefing(mailed)
    for parser in (serve, export, brief, record, watched, mailed):
        parser.add_argument("--home", help="where builds lie (SMARTPORT_HOME, default ./smartport_home)")
        parser.add_argument("--site", help="the port's own folder (SMARTPORT_SITE, default the sample port)")


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "exit codes: " + "; ".join(f"{code} {words}" for code, words in _EXPORT_CODES.items())
    parser.add_argument("metrics", nargs="*", metavar="METRIC", help="metric codes, e.g. visits turnaround_p50 (see --list)")
    parser.add_argument("--rows", metavar="LIST", help="a row list instead of figures: visits, steps, stays, declarations, ...; all rows, whatever their number")
    parser.add_argument("--list", action="store_true", help="print every metric, dimension and row list as CSV, and what splits what")
    parser.add_argument("--by", default="", metavar="A,B", help="dimensions, comma-separated, e.g. terminal,direction")
    parser.add_argument("--grain", choices=("hour", "day", "week", "month"), help="a step of time, local to the port")
    parser.add_argument("--from", dest="first", metavar="DAY", help="first local day, e.g. 2026-09-01 (default: 28 days up to now)")
    parser.add_argument("--to", dest="last", metavar="DAY", help="last local day, included")
    parser.add_argument("--view", choices=("all", "core"), default="all", help="all visits, or without inspections, incidents and closures")
    for name in _FILTERS:
        parser.add_argument(f"--{name}", metavar="A,B", help=argparse.SUPPRESS)
    parser.add_argument("--filter", action="append", default=[], metavar="NAME=A,B", help=f"a filter of the page; --{_FILTERS[2]} TCE says the same as --filter {_FILTERS[2]}=TCE. Names: {', '.join(_FILTERS)}")
    parser.add_argument("--compare", action="store_true", help="add the like-for-like period before")
    parser.add_argument("--totals", action="store_true", help="add a row over everything, recomputed and never averaged")
    parser.add_argument("--format", choices=("csv", "parquet", "xlsx", "zip"), default="csv", help="csv (about.md beside it in a folder), parquet, xlsx, or one zip of csv and about.md")
    parser.add_argument("--dialect", choices=("comma", "semicolon", "semicolon_point"), default="comma", help="of a CSV: comma, semicolon (decimal comma, French Excel) or semicolon_point")
    parser.add_argument("--lang", default="en", help="language of definitions and about.md: en, fr, ...")
    parser.add_argument("--out", default=".", metavar="PLACE", help="a file, a folder (default here), or - for standard output")


def _add_etl(commands: argparse._SubParsersAction) -> None:
    from etl import cli
    from etl.operation import command

    cli.add_commands(commands, after_load)
    command.add_commands(commands, after_load, _settings_checks)


def _add_sample(commands: argparse._SubParsersAction) -> None:
    from sample_data.simulator.__main__ import add_arguments

    words = "Make the logs of the fictitious sample port, of any size."
    parser = commands.add_parser("sample", help=words, description=words)
    add_arguments(parser)
    parser.set_defaults(run=_sample)


def _add_evidence(commands: argparse._SubParsersAction) -> None:
    from dashboard.evidence.command import add_arguments

    words = "Estimate what a pilot changed, with its range and its checks, from the current build or from a table of units and periods."
    evidence = commands.add_parser("evidence", help=words, description=words)
    evidence.add_argument("--home", help="of the build: where builds lie (SMARTPORT_HOME, default ./smartport_home)")
    evidence.add_argument("--site", help="of the build: the port's own folder (SMARTPORT_SITE, default the sample port)")
    add_arguments(evidence)
    evidence.set_defaults(run=_evidence)
    words = "Show or lock the plan of the site's pilot: units, starts and main measure, fixed before day 28."
    lock = commands.add_parser("lock", help=words, description=words)
    lock.add_argument("--site", help="the port's own folder (SMARTPORT_SITE, default the sample port)")
    lock.add_argument("--write", action="store_true", help="write reference/pilot_plan.csv with today's date (once; without it the row is only printed)")
    lock.add_argument("--pilot", default="pilot", metavar="CODE", help="name of the pilot in that row")
    lock.add_argument("--view", choices=("all", "core"), default="all", help="all visits, or without inspections, incidents and closures")
    lock.add_argument("--exclusions", help="what is left out besides, in words")
    lock.add_argument("--end-day", type=int, help="days after the start of the one announced verdict, instead of days 28, 84 and 182")
    lock.set_defaults(run=_lock)


# ---------------------------------------------------------------------- the commands
def _serve(arguments: argparse.Namespace) -> int:
    from dashboard.access import rules

    found = load_ports(arguments.home, arguments.site)
    rules.load(found[0])  # what is wrong with it is said in one sentence, before anything starts
    return _open(found, arguments)


def _demo(arguments: argparse.Namespace) -> int:
    """Make sample, load, serve; what is there already is not made again."""
    folder = arguments.folder.resolve()
    settings = load_settings(folder / "home", SAMPLE_SITE)
    done = folder / "made.txt"
    if not (done.is_file() and list(settings.build.glob("*/current.json"))):
        from etl import pipeline
        from etl.loading.progress import Bar
        from sample_data.simulator import demo, simulate

        started = time.monotonic()
        print(f"Making the fictitious port of the demonstration in {folder} (once) ...", flush=True)
        options = demo(folder / "logs", **({"days": arguments.days} if arguments.days else {}))
        if unseen := options.without_pilot():
            print(unseen, flush=True)
        simulate(options, _show("simulating"))
        for inbox in ("inbox", "inbox_late"):
            if (folder / "logs" / inbox).is_dir():
                with Bar.for_terminal(None, False) as bar:
                    pipeline.load(settings, folder / "logs" / inbox, progress=bar)
        _judge_alerts(settings)  # so that their page has figures; a demonstration tells nobody
        done.write_text("The demonstration port is made and loaded. Remove this folder to make it again.\n", "utf-8")
        print(f"Ready after {time.monotonic() - started:.0f} s.", flush=True)
    return 0 if arguments.no_serve else _open((settings,), arguments)


def _sample(arguments: argparse.Namespace) -> int:
    from sample_data.simulator import simulate
    from sample_data.simulator.__main__ import options_from, say

    try:
        print(say(simulate(options_from(arguments), _show("sample port"))))
    except ValueError as error:
        print(f"smartport sample: {error}", file=sys.stderr)
        return 2
    return 0


def _export(arguments: argparse.Namespace) -> int:
    from dashboard import store
    from dashboard.exports.command import run

    store.use(load_settings(arguments.home, arguments.site))
    return run(arguments, store.of() if not arguments.list else None)


def _brief(arguments: argparse.Namespace) -> int:
    from dashboard import store
    from dashboard.briefing import command

    store.use(load_settings(arguments.home, arguments.site))
    return command.brief(arguments)


def _record(arguments: argparse.Namespace) -> int:
    from dashboard import store
    from dashboard.briefing import command

    store.use(load_settings(arguments.home, arguments.site))
    return command.record(arguments)


def _alerts(arguments: argparse.Namespace) -> int:
    from dashboard.alerts import command

    return command.run(arguments)


def _mail_briefing(arguments: argparse.Namespace) -> int:
    from dashboard.alerts import command

    return command.mail_briefing(arguments)


def _evidence(arguments: argparse.Namespace) -> int:
    """The build is that of these settings; all else is evidence's own."""
    from dashboard import store
    from dashboard.evidence.command import run

    if arguments.from_build:
        store.use(load_settings(arguments.home, arguments.site))
    return run(arguments)


def _install(arguments: argparse.Namespace) -> int:
    import importlib.util

    from dashboard.edge import install

    streamlit = importlib.util.find_spec("streamlit").origin
    return install.run(arguments, Path(streamlit).parent / "static" / "static")


def _lock(arguments: argparse.Namespace) -> int:
    """The one place where a plan meets today's date."""
    import datetime as dt

    import polars as pl

    from dashboard.evidence import lock
    from etl import clock
    from etl.contracts.reference import load_site

    site = load_site(load_settings(None, arguments.site).site)
    arms, plans = site.tables["dim_pilot_arms"], site.tables["dim_pilot_plan"]
    if not plans.is_empty() and not arguments.write:
        print(lock.words(lock.lock_of(arms, plans), "en"))
        return 0
    now = clock.to_local(pl.Series([dt.datetime.now(dt.UTC).replace(tzinfo=None)], dtype=pl.Datetime("us")), site.zone_name)
    plan = lock.new_plan(arms, now[0].date(), pilot_code=arguments.pilot, view_code=arguments.view, exclusions=arguments.exclusions, end_day=arguments.end_day)
    if arguments.write:
        print(f"{lock.write_plan(site.folder / 'reference', plan)} written. Keep it under version control; `smartport load` takes it into the next build.")
    else:
        print("\n".join(f"{name:<13} {'' if value is None else value}" for name, value in plan.items()) + "\nNot written: add --write to lock this plan.")
    return 0


# ---------------------------------------------------------------------- the server
def _open(ports: Sequence[Settings], arguments: argparse.Namespace) -> int:
    """Run Streamlit on this process; it reads .streamlit/config.toml and static/ only when started from the project by its own command."""
    os.environ |= {"SMARTPORT_HOME": str(ports[0].home), "SMARTPORT_SITE": os.pathsep.join(str(each.site) for each in ports)}
    os.chdir(ROOT)
    port = _free_port(arguments.address, arguments.port)
    address = f"http://{'localhost' if arguments.address in ('127.0.0.1', '0.0.0.0') else arguments.address}:{port}"
    threading.Thread(target=_when_up, args=(address, not arguments.no_browser), daemon=True).start()
    import uvicorn
    from streamlit.web import cli

    uvicorn.Config = functools.partial(uvicorn.Config, server_header=False)  # Streamlit passes no such wish on, and no answer need name the program
    sys.argv = ["streamlit", "run", str(_SERVER), "--server.port", str(port), "--server.address", arguments.address, "--server.headless", "true"]
    return int(cli.main(standalone_mode=False) or 0)


def _free_port(address: str, wanted: int | None) -> int:
    """Return the port asked for, or the first free one from PORT on. Raises BusyError when there is none."""
    for port in (wanted,) if wanted else range(PORT, PORT + 20):
        with socket.socket() as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind((address, port))
            except OSError:
                continue
            return port
    raise BusyError(f"web port {wanted or f'{PORT} to {PORT + 19}'}", "another program listens there", "", "End it, or choose another with --port")


def _when_up(address: str, opens: bool) -> None:
    """Wait for the server, make its first page list (a deep link needs it), say where it is and open a browser."""
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/script-health-check", timeout=20):
                break
        except OSError:
            time.sleep(0.2)
    print(f"The dashboard is at {address} (Ctrl+C ends it).", flush=True)
    if opens and (sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        webbrowser.open(address)


def _show(words: str):
    """Return a progress callback (done, total, unit) that draws one line on a terminal and writes tenths elsewhere."""
    said = -1

    def show(done: int, total: int, unit: str) -> None:
        nonlocal said
        if sys.stderr.isatty():
            filled = 30 * done // max(total, 1)
            print(f"\r{words} [{'#' * filled}{'.' * (30 - filled)}] {done} of {total} {unit}", end="\n" if done >= total else "", file=sys.stderr, flush=True)
        elif 10 * done // max(total, 1) > said:
            said = 10 * done // max(total, 1)
            print(f"{words}: {done} of {total} {unit}", file=sys.stderr, flush=True)

    return show


if __name__ == "__main__":
    sys.exit(main())

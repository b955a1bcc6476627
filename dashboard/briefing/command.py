"""`smartport brief` and `smartport record`: papers from the command line. Arguments and printing only."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
from dataclasses import replace
from pathlib import Path

from etl.errors import InputError

# --period: whole weeks and months that are over, then the presets of dashboard.selection (not imported, so that --help is instant)
SPANS: tuple[str, ...] = ("last-week", "last-month", "7d", "28d", "90d", "month")
SHOWN_CHANGES = 30
FORMS: dict[str, str] = {"pdf": "dashboard.briefing.paper", "pptx": "dashboard.briefing.slides", "html": "dashboard.briefing.web"}  # only what is asked for is imported: python-pptx alone takes a tenth of a second


def add_brief(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", choices=("minister", "delegation", "weekly"), default="delegation", help="minister: 1 page, delegation: 4 pages (default), weekly: 2 pages for the operators")
    parser.add_argument("--period", choices=SPANS, help="last-week: the last whole week from Monday (default); last-month: the last whole month; 7d, 28d, 90d and month end now")
    parser.add_argument("--from", dest="first", metavar="DAY", help="first local day, instead of --period, e.g. 2026-09-01")
    parser.add_argument("--to", dest="last", metavar="DAY", help="last local day, included")
    parser.add_argument("--view", choices=("all", "core"), default="all", help="all visits, or without inspections, incidents and closures")
    parser.add_argument("--filter", action="append", default=[], metavar="NAME=A,B", help="e.g. --filter terminal=TCE")
    parser.add_argument("--lang", default="en", help="language of the briefing, e.g. fr (default en)")
    parser.add_argument("--format", dest="forms", type=lambda text: text.split(","), default=["pdf"], metavar="pdf,pptx,html", help="paper, PowerPoint slides, one HTML page that needs no network (default pdf)")
    parser.add_argument("--out", type=Path, default=Path("."), help="folder to write into (default here)")


def add_record(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("visit", nargs="?", metavar="VISIT", help="number of the visit, as its page shows it")
    parser.add_argument("--pdf", type=Path, metavar="FILE", help="write the record as a one-page PDF")
    parser.add_argument("--verify", metavar="FILE|CODE", help="check a record's PDF, or the code printed on it, against the current build")
    parser.add_argument("--lang", default="en", help="language of the record (default en)")


def brief(arguments: argparse.Namespace) -> int:
    """Write one briefing in each form asked for and print the paths. Raises InputError for what the selection does not know."""
    from dashboard import store
    from dashboard.briefing import compose, kept

    if unknown := [form for form in arguments.forms if form not in FORMS]:
        raise InputError("--format", f"'{unknown[0]}' is not known", ", ".join(FORMS))
    port = store.of()
    selection = _selection(port, arguments)
    _spoken(arguments.lang)
    deck = compose.deck(port, selection, preset=arguments.preset, lang=arguments.lang)
    arguments.out.mkdir(parents=True, exist_ok=True)
    for form in arguments.forms:
        target = arguments.out / f"{deck.stem}.{form}"
        target.write_bytes(importlib.import_module(FORMS[form]).of_deck(deck))
        print(target)
    kept.publish(port, deck)
    return 0


def _selection(port: object, arguments: argparse.Namespace) -> object:
    from dashboard.selection import FILTERS, MAX_DAYS, PRESETS, Selection

    build, given = port.build(), arguments.first or arguments.last
    if given and arguments.period:
        raise InputError("smartport brief", f"--period {arguments.period} and --from or --to both name the days", "", "Give one of them")
    query = {"v": "1", "view": arguments.view} | dict(pair.partition("=")[::2] for pair in arguments.filter)
    if given:
        first, last = _day("--from", arguments.first, build.first_day), _day("--to", arguments.last, build.now_day)
        if not 0 <= (last - first).days < MAX_DAYS:
            raise InputError("smartport brief", f"from {first} to {last} is no period", "", f"Give the first day and a later or the same last one, at most {MAX_DAYS} days in all")
        query |= {"from": str(first), "to": str(last)}
    selection, notes = Selection.from_query(query, port.port_code, build.now_day, port.known())
    unknown = [*(f"'{note.value[:40]}' is no value of '{note.name}' here" for note in notes), *(f"'{name}' is no filter" for name in query if name not in {"v", "view", "from", "to", *FILTERS})]
    if unknown:
        raise InputError("smartport brief", "; ".join(unknown), "; ".join(_known(port, name) for name in FILTERS))
    if "from" in query:
        return selection
    first, end = span(arguments.period or SPANS[0], build.now_local_at)
    return replace(selection, first_day=first, end_day=end, period=arguments.period if arguments.period in PRESETS else "custom")


def _day(option: str, given: str | None, otherwise: dt.date) -> dt.date:
    """The local day of an option. Raises InputError for what is none."""
    try:
        found = dt.date.fromisoformat(given) if given else otherwise
    except ValueError:
        found = dt.date.min
    if not 1900 < found.year < 9000:
        raise InputError(option, f"'{(given or '')[:40]}' is no day", "", "Write it like 2026-09-01")
    return found


def _known(port: object, name: str) -> str:
    """A filter with the values it takes."""
    from dashboard.selection import FILTERS

    code_list = FILTERS[name][1]
    return f"{name} ({', '.join(code_list.codes if code_list else port.known().get(name, ()))})"


def span(period: str, now_local_at: dt.datetime) -> tuple[dt.date, dt.date]:
    """Return the local days [first, end) of a period: whole weeks and months are those that have ended at the build's now."""
    from dashboard.selection import Selection

    today = now_local_at.date()
    if period == "last-week":
        end = today - dt.timedelta(days=today.weekday())
        return end - dt.timedelta(days=7), end
    if period == "last-month":
        end = today.replace(day=1)
        return (end - dt.timedelta(days=1)).replace(day=1), end
    found = Selection.preset("", period, today)
    return found.first_day, found.end_day


def record(arguments: argparse.Namespace) -> int:
    """Print a record's code and write its PDF, or check one: 0 is the same, 1 is not."""
    from dashboard import store
    from dashboard.briefing import record_paper

    port = store.of()
    if bool(arguments.visit) == bool(arguments.verify):
        raise InputError("smartport record", "nothing or too much is asked", "", "Give the number of a visit, or --verify with a file or a code")
    if arguments.verify:
        path = Path(arguments.verify)
        return _say(record_paper.verify_file(port, path) if path.suffix.lower() == ".pdf" or path.is_file() else record_paper.verify_code(port, arguments.verify), port)
    _spoken(arguments.lang)
    sheet = record_paper.sheet_of(port, arguments.visit, arguments.lang)
    if sheet is None:
        raise InputError(f"visit {arguments.visit[:40]}", f"build {port.build().build_id} does not hold it", "", "Look for it on the Truck turnaround page")
    print(f"{sheet.title}: {sheet.subtitle}\n{sheet.finding}")
    for rung in sheet.rungs:
        print(f"  {rung.at}  {rung.name:<48} {rung.wait:>10} {rung.service:>10} {rung.whole:>10}  {rung.holder}")
    print(f"{sheet.labels['code']}: {sheet.code}")
    if arguments.pdf:
        arguments.pdf.parent.mkdir(parents=True, exist_ok=True)
        arguments.pdf.write_bytes(record_paper.of_visit(port, arguments.visit, lang=arguments.lang).pdf)
        print(arguments.pdf)
    return 0


def _say(found: object, port: object) -> int:
    """Print what a check found and return the exit code."""
    build = port.build().build_id
    said = {
        "same": f"Same: build {build} has these very facts of visit {found.visit_id}.",
        "changed": f"Changed: the facts of visit {found.visit_id} differ in build {build} (fingerprint then {found.code_then}, now {found.code_now}).",
        "unknown": f"Unknown: build {build} holds no visit {found.visit_id}.",
    }
    print(said[found.state])
    for what, name, then, now in found.changes[:SHOWN_CHANGES]:
        print(f"  {what}: gone now" if not name and now is None else f"  {what}: new since" if not name else f"  {what}, {name}: {then} -> {now}")
    if len(found.changes) > SHOWN_CHANGES:
        print(f"  ... and {len(found.changes) - SHOWN_CHANGES} more")
    if found.state == "changed" and not found.changes:
        print("  A code alone does not say what: give the PDF.")
    if found.is_as_printed is False:
        print("The page itself is not what this program prints from the facts it carries: its words may have been altered, or another version or other names of places printed it. Only the facts above count.")
    elif found.is_as_printed:
        print("The page is as it was printed.")
    return 0 if found.state == "same" and found.is_as_printed is not False else 1


def _spoken(lang: str) -> None:
    from dashboard.i18n import LANGUAGES

    if lang not in {each.code for each in LANGUAGES}:
        raise InputError("--lang", f"'{lang}' is not known", ", ".join(each.code for each in LANGUAGES))

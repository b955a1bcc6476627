"""`smartport export`: figures or the rows behind them as a file or on standard output, for pipelines. Arguments in, file out; no figure is made here.

Stable: the columns are the codes of the catalogue, standard output holds the data (`--out -`) or the paths written and nothing else, notes go to standard
error, a file appears whole or not at all.
"""

from __future__ import annotations

import argparse
import csv
import difflib
import os
import shutil
import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

from dashboard.details import DETAILS
from dashboard.exports import files
from dashboard.i18n import LANGUAGES
from dashboard.metrics import DIMENSIONS, METRICS
from dashboard.selection import FILTERS, Selection, not_reached
from dashboard.store import Store
from etl.errors import DeclarationError, SettingsError

_CHUNK = 1 << 18
_LISTED = ("metric", "dimension", "row list")  # what --list prints: where one of them may be meant, two hundred others help nobody


def run(arguments: argparse.Namespace, port: Store) -> int:
    """Write what is asked, on standard output or as files whose paths are printed. Raises DeclarationError for a wrong question, SettingsError for a place that cannot be written, BuildError without a build."""
    if arguments.list:
        return _list()
    order = _order(arguments, port)
    if arguments.out == "-":
        with tempfile.TemporaryDirectory(prefix="smartport-export-") as folder, files.make(order, arguments.format, Path(folder)).open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer, _CHUNK)
            sys.stdout.buffer.flush()
        return 0
    print("\n".join(str(path) for path in _placed(order, arguments.format, arguments.out)))
    return 0


def _order(arguments: argparse.Namespace, port: Store) -> files.Order:
    _known("language", [arguments.lang], [language.code for language in LANGUAGES])
    if bool(arguments.rows) == bool(arguments.metrics):
        raise DeclarationError("export", "give metric codes, or --rows LIST", "", "`smartport export --list` prints both")
    selection = _selection(arguments, port)
    if arguments.rows:
        if arguments.by or arguments.grain:
            raise DeclarationError("export", "a row list has no --by and no --grain", "", "Give metric codes to split, or leave them out")
        _known("row list", [arguments.rows], DETAILS)
        if DETAILS[arguments.rows].params:
            raise DeclarationError("export", f"row list '{arguments.rows}' is of one page's own choice", ", ".join(name for name, detail in DETAILS.items() if not detail.params))
        return files.of_rows(arguments.rows, selection, dialect=arguments.dialect, lang=arguments.lang)
    by = [name for name in arguments.by.split(",") if name]
    _known("metric", arguments.metrics, METRICS)
    _known("dimension", by, DIMENSIONS)
    result = port.ask(selection, arguments.metrics, by, arguments.grain, compare=arguments.compare, totals=arguments.totals, intervals=True)
    if (result.selection.first_day, result.selection.end_day) != (selection.first_day, selection.end_day):
        print(f"smartport: note: the figures are of {result.selection.first_day} to {result.selection.last_day}, not of {selection.first_day} to {selection.last_day}: about cargo they are of whole months that are over, what is rare of whole quarters.", file=sys.stderr)
    for code, missing in result.unanswered.items():
        print(f"smartport: note: {', '.join(missing)} does not apply to {code}, whose rows know nothing of it.", file=sys.stderr)
    if result.uncompared:
        print(f"smartport: note: {not_reached(*result.uncompared, 'en')}.", file=sys.stderr)
    for code, begins in result.late.items():
        print(f"smartport: note: {code} is compared with nothing: its log begins on {begins}, inside the period before.", file=sys.stderr)
    if result.suppressed_n:
        print(f"smartport: note: {result.suppressed_n} small cells are hidden to protect persons and firms.", file=sys.stderr)
    return files.of_result(result, dialect=arguments.dialect, lang=arguments.lang)


def _selection(arguments: argparse.Namespace, port: Store) -> Selection:
    build = port.build()
    pairs = [pair.partition("=")[::2] for pair in arguments.filter] + [(name, value) for name in FILTERS if (value := getattr(arguments, name))]
    _known("filter", [name for name, _ in pairs], FILTERS)
    query = {"v": "1", "view": arguments.view} | {name: ",".join(value for other, value in pairs if other == name) for name, _ in pairs}
    if arguments.first or arguments.last:
        query |= {"from": arguments.first or str(build.first_day), "to": arguments.last or str(build.now_day)}
    known = port.known()
    selection, notes = Selection.from_query(query, port.port_code, build.now_day, known)
    for note in notes:
        if note.name == "from-to":
            raise DeclarationError("--from, --to", f"'{note.value}' is no period", "", "Write days as 2026-09-01, the first not after the last")
        _known(f"--{note.name}", [note.value], _values(note.name, known))
    return selection


def _values(name: str, known: dict[str, tuple[str, ...]]) -> Collection[str]:
    return FILTERS[name][1].codes if FILTERS[name][1] else known[name]


def _known(what: str, names: Collection[str], known: Collection[str]) -> None:
    """Raises DeclarationError for the first name that is not known, with what it may have meant and all that is."""
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, 3, 0.6) or [each for each in known if name and name in each][:3]
            meant = f" (did you mean {' or '.join(near)}?)" if near else ""
            is_short = near and what in _LISTED
            raise DeclarationError(f"export: {what}", f"'{name}' is not known{meant}", "" if is_short else ", ".join(known), "`smartport export --list` prints all" if is_short else "")


def _placed(order: files.Order, form: str, out: str) -> list[Path]:
    """Write into a folder of its own beside the target, then move: a reader of the target never meets half a file. A name without an ending is a folder."""
    target = Path(out)
    is_folder = target.is_dir() or not (target.exists() or target.suffix)
    is_device = target.exists() and not is_folder and not target.is_file()
    place = Path(tempfile.gettempdir()) if is_device else target if is_folder else target.parent
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".smartport-export-", dir=place) as folder:
            made = list(files.write(order, Path(folder))) if form == "csv" and is_folder else [files.make(order, form, Path(folder))]
            for path in made:
                if is_device:
                    shutil.copyfile(path, target)
                else:
                    os.replace(path, target / path.name if is_folder else target)
            return [target / path.name if is_folder else target for path in made]
    except OSError as error:
        raise SettingsError(f"--out {out}", f"it cannot be written: {error.strerror or error}", "", "Name a file or folder you may write, or - for standard output") from error


def _list() -> int:
    lines = csv.writer(sys.stdout)
    lines.writerow(("kind", "code", "name", "unit", "splits"))
    for metric in METRICS.values():
        lines.writerow(("metric", metric.code, metric.label, metric.unit, " ".join(code for code, dimension in DIMENSIONS.items() if metric.fact in dimension.sql)))
    lines.writerows(("dimension", code, dimension.label, "", "") for code, dimension in DIMENSIONS.items())
    lines.writerows(("rows", code, detail.label, "", "") for code, detail in DETAILS.items() if not detail.params)
    return 0

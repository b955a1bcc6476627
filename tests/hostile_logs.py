"""Logs of a small port in which every column of every source would do harm, were it ever taken for more than text. No test lives here."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from pathlib import Path

from etl.settings import SAMPLE_SITE
from etl.sources import Mapping, load_mappings, match
from tests.etl.small_port import HEADERS, SmallPort, small_port

SUM = "47047"  # what the template would become
# Each would mark the page's own window, become an element or a sum; none has a space, or it would be masked as a name.
# None but the quotes of the last holds a letter that parts the fields of these logs.
HARMS = {
    "script": "<script>alert(window.harmed='script')</script>", "image": "<img/src='x'/onerror=window.harmed='image'>", "formula": '=HYPERLINK("https://evil.example")',
    "template": "{{77*47*13}}", "address": "javascript:window.harmed='address'", "link": "[a](javascript:window.harmed='link')", "attribute": '"><img src=x onerror="window.harmed=1">',
}  # fmt: skip
FILE = "<img src=x onerror=window.harmed='file'>"  # in names of files
_OWN = {
    "gate_port": "Immatriculation", "gate_terminal": "plate", "pesage": "Immatriculation", "controles": "Immatriculation", "douane": "DUM", "rendezvous": "reference", "main_courante": "Numéro",
    "mouvements": "container", "manifestes_us": "Conteneur", "messages": "reference", "creneaux": "slot_start", "moyens": "means", "tracking_a": "plate",
}  # fmt: skip


def write(folder: Path) -> dict[str, list[str]]:
    """Write the port's harmless files and one hostile file a kind; return the columns that were made hostile, by the name of the mapping that reads them."""
    port, mappings = small_port(days=3, trucks=12, faults=False), load_mappings(SAMPLE_SITE / "mappings")
    paths, columns = port.write(folder), {}
    for kind in HEADERS:
        (path,) = [path for path in paths if path.name.startswith(f"{kind}_")][-1:]
        mapping = match(path, mappings)
        columns[mapping.name], data = _hostile(port, kind, mapping)
        (folder / f"{path.name.split('.')[0]}_{FILE}.{path.name.partition('.')[2]}").write_bytes(gzip.compress(data) if path.name.endswith(".gz") else data)
    (folder / f"{FILE}.csv").write_text("nobody;knows;this\n", "utf-8")
    return columns


def _hostile(port: SmallPort, kind: str, mapping: Mapping) -> tuple[list[str], bytes]:
    lines = [line for (of, _), found in port.lines.items() if of == kind for line in found]
    if mapping.format == "jsonl":
        rows = [json.loads(line) for line in lines]
        made = [json.dumps(row) for row in _spoilt(rows, _OWN[kind])]
        return list(rows[0]), "".join(f"{line}\n" for line in made).encode(mapping.encoding)
    names = HEADERS[kind].split(mapping.delimiter)
    rows = [dict(zip(names, line.split(mapping.delimiter), strict=True)) for line in lines]
    text = io.StringIO()
    quoting = {"quoting": csv.QUOTE_MINIMAL, "quotechar": '"'} if mapping.quote else {"quoting": csv.QUOTE_NONE, "quotechar": None}
    writer = csv.writer(text, delimiter=mapping.delimiter, lineterminator="\n", **quoting)
    writer.writerow(names)
    writer.writerows(row.values() for row in _spoilt(rows, _OWN[kind]))
    return names, text.getvalue().encode(mapping.encoding)


def _spoilt(rows: list[dict], own: str) -> Iterator[dict]:
    """Yield, for every column and every harm, the rows of one subject with that column spoilt."""
    subject = [row for row in rows if row[own] == rows[0][own]][:4]
    for number, (column, harm) in enumerate((column, harm) for column in subject[0] for harm in HARMS.values()):
        for row in subject:
            yield row | {own: row[own] if own == "slot_start" else f"{7000 + number}-A-9"} | {column: harm}

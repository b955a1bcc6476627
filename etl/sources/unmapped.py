"""What to say of a file that no mapping fits: the names that are known, which mapping its columns come near, and whether it is a summary that holds no visits.

Nothing of the file is repeated but names of columns that are plainly averages and counts, or that a mapping knows: a first line may as well be a truck's.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Sequence
from pathlib import Path

from etl.errors import InputError
from etl.sources.mapping import Mapping

_HEAD_BYTES = 1 << 16
_SUMMARY = re.compile(r"(^|_)(avg|average|mean|median|min|max|sum|total|count|n|moyen\w*|nombre|nb)(_|$)")
_SHOWN = 4


def refusal(path: Path, mappings: Sequence[Mapping]) -> InputError:
    """Return the error of a file whose name fits no mapping: why, what is known, what to do."""
    known = ", ".join(sorted(pattern for each in mappings for pattern in each.files))
    columns = _columns(path)
    summaries = [name for name in columns if _SUMMARY.search(name.lower())]
    if summaries and 2 * len(summaries) >= len(columns):
        shown = ", ".join([name for name in summaries if name.isidentifier()][:_SHOWN])
        found = f"no mapping fits this name, and it holds no visits: {len(summaries)} of its {len(columns)} columns are averages, bounds and counts{f', as {shown[:200]}' if shown else ''}"
        return InputError(path.name, found, "logs with a line for each thing one truck, container or declaration did", "Ask for the log this summary was made of: a summary cannot be loaded")
    near = max(mappings, key=lambda each: (_shared(each, columns), each.name), default=None)
    if near is not None and 2 * _shared(near, columns) >= len(near.raw_columns):
        found = f"no mapping fits this name; {_shared(near, columns)} of the {len(near.raw_columns)} columns that {near.path.name} reads stand in it"
        return InputError(path.name, found, known, f"Rename the file as {near.path.name} expects, or add its pattern to `files` there")
    return InputError(path.name, "no mapping fits this name", known, "Rename the file, or add its pattern to a mapping")


def _shared(mapping: Mapping, columns: Sequence[str]) -> int:
    return len(set(mapping.raw_columns) & set(columns))


def _columns(path: Path) -> list[str]:
    """Return the fields of the first line, by the commonest separator in it; none where it is no text."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return []
    line = head.decode("utf-8-sig", "replace").split("\n", 1)[0].rstrip("\r")
    separator = max(",;\t|", key=line.count)
    return [field.strip().strip('"') for field in line.split(separator)] if separator in line and "\0" not in line else []

"""Site mappings: TOML files that say how one site's export becomes one source. Parsed strictly: what is not known is refused by name."""

from __future__ import annotations

import codecs
import datetime as dt
import re
import tomllib
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path

from etl import clock
from etl.errors import DeclarationError, InputError, SettingsError
from etl.sources.masks import mask, shown
from etl.sources.registry import SOURCES, Source
from etl.sources.segments import MESSAGES, place

FORMATS = ("csv", "jsonl", "parquet", "edifact")
KEYS = (
    "source", "files", "file_date", "format", "message", "delimiter", "quote", "header", "encoding", "decimal", "clock", "time_formats",
    "columns", "constants", "codes", "joined", "scale",
)  # fmt: skip
# Source names that are filled from another one when a mapping leaves them out.
DERIVED = {"plate_as_read": "plate", "event_on": "event_at"}
# Texts that stand for "no value" in any column; a code list may add its own.
NO_VALUE = ("", "-", "NULL", "N/A", "n/a")
EPOCHS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


@dataclass(frozen=True)
class Clock:
    """What a source's times mean. kind: utc, offset (each text carries its own), zone (local wall time) or fixed (minutes east of UTC)."""

    kind: str
    zone: str = ""
    offset_min: int = 0


@dataclass(frozen=True)
class Joined:
    """Several raw columns, joined by '|', looked up in `codes`."""

    columns: tuple[str, ...]
    codes: dict[str, str]


@dataclass(frozen=True)
class Mapping:
    """How one site's export is read as one source. `columns` leads from source name to raw columns, of which the first non-empty wins."""

    name: str
    path: Path
    source: Source
    files: tuple[str, ...]
    format: str
    clock: Clock
    columns: dict[str, tuple[str, ...]]
    file_date: re.Pattern[str] | None = None
    delimiter: str = ","
    quote: str = ""
    header: bool = True
    encoding: str = "utf-8"
    decimal: str = "."
    time_formats: tuple[str, ...] = ()
    constants: dict[str, str] = field(default_factory=dict)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    joined: dict[str, Joined] = field(default_factory=dict)
    scale: dict[str, float] = field(default_factory=dict)
    message: str = ""

    @property
    def raw_columns(self) -> tuple[str, ...]:
        """Every raw column the mapping reads, each once."""
        wanted = [name for names in self.columns.values() for name in names]
        wanted += [name for joined in self.joined.values() for name in joined.columns]
        return tuple(dict.fromkeys(wanted))

    @cached_property
    def shown_columns(self) -> frozenset[str]:
        """Raw columns that may be shown unmasked: mapped, to no identity, of no secret source."""
        if self.source.is_secret:
            return frozenset()
        identities = {field.source_name for field in self.source.fields if field.kind == "identity"}
        secret = {raw for name, raws in self.columns.items() if name in identities for raw in raws}
        return frozenset(self.raw_columns) - secret

    def shown(self, text: str) -> str:
        """Return a value for a reason sentence: masked where it may be an identity, and always if the source is secret."""
        return mask(text) if self.source.is_secret else shown(text)

    def date_of(self, file_name: str) -> dt.date | None:
        """Return the date in the file's name, or None where the mapping declares none. Raises InputError when it should be there and is not."""
        if self.file_date is None:
            return None
        found = self.file_date.search(file_name)
        if found is None:
            raise InputError(file_name, "the name holds no date", f"the pattern {self.file_date.pattern}", f"Rename the file, or correct file_date in {self.path.name}")
        digits = re.sub(r"\D", "", found[1])
        try:
            return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError as error:
            raise InputError(file_name, f"'{found[1]}' in the name is not a date", "YYYY-MM-DD or YYYYMMDD", f"Rename the file, or correct file_date in {self.path.name}") from error


def load_mappings(folder: Path) -> tuple[Mapping, ...]:
    """Read every mapping of a site, by name. Raises DeclarationError on the first that contradicts itself or its source."""
    if not folder.is_dir():
        raise SettingsError(str(folder), "the site has no mappings folder", "", "Put one TOML file a source there")
    return tuple(parse_mapping(path) for path in sorted(folder.glob("*.toml")))


def match(path: Path, mappings: tuple[Mapping, ...]) -> Mapping | None:
    """Return the one mapping whose file pattern fits the name, or None. Raises InputError when two fit."""
    fitting = [mapping for mapping in mappings if any(fnmatchcase(path.name, pattern) for pattern in mapping.files)]
    if len(fitting) > 1:
        names = ", ".join(mapping.path.name for mapping in fitting)
        raise InputError(path.name, f"{len(fitting)} mappings fit this name: {names}", "", "Make their `files` patterns exclude each other")
    return fitting[0] if fitting else None


def parse_mapping(path: Path) -> Mapping:
    """Read one mapping file. Raises DeclarationError that names the key, what was found, what is known and what to do."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(path.name, f"this is not TOML: {error}") from error
    _refuse_unknown(path.name, "key", raw, KEYS)
    for key in ("source", "files", "format", "columns"):
        if key not in raw:
            raise DeclarationError(path.name, f"`{key}` is missing", ", ".join(KEYS), "Add it")
    if raw["source"] not in SOURCES:
        raise DeclarationError(path.name, f"source '{raw['source']}' is not known", ", ".join(SOURCES))
    if raw["format"] not in FORMATS:
        raise DeclarationError(path.name, f"format '{raw['format']}' is not known", ", ".join(FORMATS), "gzip is seen by the suffix .gz")
    source = SOURCES[raw["source"]]
    mapping = Mapping(
        name=path.stem, path=path, source=source, files=_texts(path, "files", raw["files"]), format=raw["format"], clock=_clock(path, raw.get("clock", "")),
        columns={name: _texts(path, f"columns.{name}", value) for name, value in raw["columns"].items()},
        file_date=_pattern(path, raw.get("file_date")), delimiter=_delimiter(path, raw.get("delimiter", ",")), quote=_quote(path, raw.get("quote", "")),
        header=bool(raw.get("header", True)), encoding=_encoding(path, raw.get("encoding", "ascii" if raw["format"] == "edifact" else "utf-8")), decimal=_one_of(path, "decimal", raw.get("decimal", "."), (".", ",")),
        time_formats=_texts(path, "time_formats", raw.get("time_formats", [])), constants={name: _plain(value) for name, value in raw.get("constants", {}).items()},
        codes={name: {str(seen): str(code) for seen, code in pairs.items()} for name, pairs in raw.get("codes", {}).items()},
        joined=_joined(path, raw.get("joined", {})), scale={name: float(value) for name, value in raw.get("scale", {}).items()},
        message=str(raw.get("message", "")),
    )  # fmt: skip
    if mapping.format == "edifact":
        _refuse_no_message(mapping, raw)
    elif mapping.message:
        raise DeclarationError(path.name, f"format '{mapping.format}' has no messages", "", "Take `message` out")
    _refuse_contradictions(mapping)
    return mapping


def _refuse_unknown(where: str, what: str, found: object, known: tuple[str, ...]) -> None:
    unknown = [str(name) for name in found if name not in known]
    if unknown:
        raise DeclarationError(where, f"{what} {', '.join(repr(name) for name in unknown)} is not known", ", ".join(known), "Correct the spelling or take it out")


def _refuse_no_message(mapping: Mapping, raw: dict[str, object]) -> None:
    """An EDIFACT mapping names its message type, its columns are places in it, and what separates stands in the interchange itself."""
    where = mapping.path.name
    if mapping.message not in MESSAGES:
        raise DeclarationError(where, f"message '{mapping.message}' is not known", ", ".join(MESSAGES), "Name the message type this mapping reads")
    foreign = [key for key in ("delimiter", "quote", "header") if key in raw]
    if foreign:
        raise DeclarationError(where, f"{', '.join(foreign)} means nothing in an interchange, which names its own marks", "", "Take it out")
    for text in mapping.raw_columns:
        place(text, mapping.message, f"{where} [columns]")


def _refuse_contradictions(mapping: Mapping) -> None:
    where, fields = mapping.path.name, {item.source_name: item for item in mapping.source.fields}
    for section in ("columns", "constants", "codes", "joined", "scale"):
        _refuse_unknown(f"{where} [{section}]", "field", getattr(mapping, section), tuple(fields))
    filled = [*mapping.columns, *mapping.constants, *mapping.joined]
    twice = sorted({name for name in filled if filled.count(name) > 1})
    if twice:
        raise DeclarationError(where, f"{', '.join(twice)} is filled twice", "[columns], [constants] and [joined] must not name the same field")
    missing = [name for name, item in fields.items() if item.required and name not in filled and DERIVED.get(name) not in filled]
    if missing:
        raise DeclarationError(where, f"source '{mapping.source.name}' also needs {', '.join(missing)}", "", "Name its column under [columns] or a fixed value under [constants]")
    for name, pairs in [*mapping.codes.items(), *((name, joined.codes) for name, joined in mapping.joined.items())]:
        item = fields[name]
        known = tuple(item.codes.codes) if item.codes else ("true", "false") if item.kind == "bool" else None
        if known:
            _refuse_unknown(f"{where} codes of {name}", "code", pairs.values(), known)
        elif name in mapping.codes and item.kind not in ("code", "text"):
            raise DeclarationError(f"{where} [codes.{name}]", f"{name} has no codes ({item.kind})", "fields that are a code, a text or a bool may have codes")
    for name, value in mapping.constants.items():
        item = fields[name]
        if item.kind == "identity":
            raise DeclarationError(f"{where} [constants]", f"{name} is an identity and cannot be a constant")
        if item.codes and value not in item.codes.codes:
            raise DeclarationError(f"{where} [constants]", f"{name} '{value}' is not known", ", ".join(item.codes.codes))
    for name in mapping.scale:
        if fields[name].kind not in ("float", "int"):
            raise DeclarationError(f"{where} [scale]", f"{name} is no number ({fields[name].kind})")
    if not mapping.clock.kind and any(fields[name].kind == "instant" for name in filled):
        raise DeclarationError(where, "`clock` is missing", "utc, offset, zone:NAME, fixed:+01:00", "Say what the times of this source mean")
    if mapping.decimal == mapping.delimiter:
        raise DeclarationError(where, f"decimal and delimiter are both '{mapping.decimal}'")


def _texts(path: Path, key: str, value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    if not all(isinstance(item, str) and item for item in items) or (not items and key != "time_formats"):
        raise DeclarationError(path.name, f"`{key}` is {value!r}", "a text or a list of texts")
    return tuple(items)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _one_of(path: Path, key: str, value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        raise DeclarationError(path.name, f"{key} {value!r} is not known", " or ".join(repr(item) for item in known))
    return str(value)


def _quote(path: Path, value: object) -> str:
    return _one_of(path, "quote", value, ("", '"'))


def _delimiter(path: Path, value: object) -> str:
    if not (isinstance(value, str) and len(value) == 1 and value.isascii() and value not in '"\r\n\0' and not value.isalnum()):
        raise DeclarationError(path.name, f"delimiter {value!r} is not one character of ASCII punctuation, space or tab", "',' ';' '|' '\\t'")
    return value


def _encoding(path: Path, value: object) -> str:
    try:
        return codecs.lookup(str(value)).name
    except LookupError as error:
        raise DeclarationError(path.name, f"encoding {value!r} is not known", "utf-8, cp1252, iso-8859-1, cp1256 and the other names Python knows") from error


def _pattern(path: Path, value: object) -> re.Pattern[str] | None:
    if value is None:
        return None
    try:
        pattern = re.compile(str(value))
    except re.error as error:
        raise DeclarationError(path.name, f"file_date is no regular expression: {error}") from error
    if pattern.groups != 1:
        raise DeclarationError(path.name, f"file_date has {pattern.groups} groups", "exactly one group, around the date", r"Write (\d{4}-\d{2}-\d{2}) or (\d{8})")
    return pattern


def _clock(path: Path, value: object) -> Clock:
    text = str(value)
    if text in ("", "utc", "offset"):
        return Clock(text)
    if text.startswith("zone:"):
        clock.transitions(text.removeprefix("zone:"))
        return Clock("zone", zone=text.removeprefix("zone:"))
    fixed = re.fullmatch(r"fixed:([+-])(\d{2}):(\d{2})", text)
    if fixed:
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        return Clock("fixed", offset_min=minutes if fixed[1] == "+" else -minutes)
    raise DeclarationError(path.name, f"clock '{text}' is not known", "utc, offset, zone:NAME, fixed:+01:00")


def _joined(path: Path, raw: dict[str, object]) -> dict[str, Joined]:
    found = {}
    for name, value in raw.items():
        if not isinstance(value, dict) or set(value) != {"columns", "codes"} or not isinstance(value["codes"], dict):
            raise DeclarationError(f"{path.name} [joined.{name}]", "it must hold columns = [...] and codes = {...}, and nothing else")
        found[name] = Joined(_texts(path, f"joined.{name}.columns", value["columns"]), {str(seen): str(code) for seen, code in value["codes"].items()})
    return found

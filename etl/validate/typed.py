"""Text to type, one function a kind. Each returns the typed column and the reasons of the texts it could not take."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

from etl import clock
from etl.contracts.fields import Field
from etl.errors import InputError
from etl.identities import Identities
from etl.sources.mapping import EPOCHS, NO_VALUE, Mapping
from etl.sources.raw import REASON_SCHEMA

_ISO_Z = "%Y-%m-%dT%H:%M:%SZ"  # as most logs of UTC write it
_ISO = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")
_TRUE, _FALSE = ("true", "t", "1", "yes", "y", "oui", "o"), ("false", "f", "0", "no", "n", "non")
# The years the clock's table of offsets covers; a time outside them is a typing error, not an event.
_YEARS = (2000, 2049)
_KNOWN_SHOWN = 12
_KIND_WORDS = {"float": "a number", "int": "a whole number", "bool": "a truth value", "instant": "an instant", "date": "a date"}


@dataclass
class Typed:
    """A typed column, the reasons of rejected rows, where the text was given at all, and the clock flag of an instant."""

    values: pl.Series
    is_given: pl.Series
    reasons: list[pl.DataFrame] = field(default_factory=list)
    clock_flag: pl.Series | None = None


def reasons_of(lines: pl.Series, texts: pl.Series, is_bad: pl.Series, code: str, sentence: Callable[[str], str]) -> pl.DataFrame:
    """Return one reason a bad row; `sentence` is asked once for each distinct text."""
    bad = pl.DataFrame({"source_line": lines.filter(is_bad), "_text": texts.filter(is_bad).cast(pl.String)})
    words = {text: sentence(text or "") for text in bad["_text"].unique().to_list()}
    table = pl.DataFrame({"_text": list(words), "reason": list(words.values())}, schema={"_text": pl.String, "reason": pl.String})
    return bad.join(table, on="_text", how="left", nulls_equal=True).select("source_line", pl.lit(code).alias("reason_code"), "reason").cast(REASON_SCHEMA)


def listed(known: Sequence[str]) -> str:
    """Return a known list for a sentence, cut when it is long."""
    return ", ".join(known[:_KNOWN_SHOWN]) + (f" and {len(known) - _KNOWN_SHOWN} more" if len(known) > _KNOWN_SHOWN else "")


def text(raw: pl.Series) -> Typed:
    values = _clean(raw)
    return Typed(values, values.is_not_null())


def identity(raw: pl.Series, item: Field, identities: Identities) -> Typed:
    """Raw identities become keyed pseudonyms; nothing else of them leaves this function."""
    keys = identities.pseudonyms(raw.cast(pl.String), item.source_name)
    return Typed(keys, keys.is_not_null())


def _clean(raw: pl.Series, no_value: tuple[str, ...] = NO_VALUE) -> pl.Series:
    """Trim texts; those that stand for no value become null."""
    trimmed = raw.cast(pl.String).str.strip_chars()
    is_no_value = trimmed.is_in(no_value)
    return trimmed.set(is_no_value.fill_null(False), None) if is_no_value.any() else trimmed


def code(raw: pl.Series, lines: pl.Series, item: Field, mapping: Mapping, known: frozenset[str] | None) -> Typed:
    """Look a column up in its code list (codes, then fixes, then the mapping's own) or in a reference list of the site."""
    table = dict(mapping.codes.get(item.source_name, {}))
    if item.source_name in mapping.joined:
        table |= mapping.joined[item.source_name].codes
    ignored = NO_VALUE if item.codes is None else (*NO_VALUE, *item.codes.ignored)
    valid = tuple(item.codes.codes) if item.codes else tuple(sorted(known or ()))
    table = dict(item.codes.fixes) | table if item.codes else table
    seen = raw.cast(pl.String)
    distinct = seen.unique().drop_nulls()
    wanted, found = [], []
    allowed = frozenset(valid)
    for spelling in distinct:
        trimmed = spelling.strip()
        value = trimmed if trimmed in allowed and trimmed not in table else table.get(trimmed, trimmed)
        wanted.append(None if trimmed in ignored and trimmed not in table else value if value in allowed else "\0")
        found.append(spelling)
    if wanted == found:
        return Typed(seen, seen.is_not_null())
    lookup = pl.DataFrame({"_text": found, "_code": wanted}, schema={"_text": pl.String, "_code": pl.String})
    values = seen.alias("_text").to_frame().join(lookup, on="_text", how="left", maintain_order="left")["_code"].alias(raw.name)
    is_bad = (values == "\0").fill_null(False)
    is_given = values.is_not_null()
    reasons = []
    if is_bad.any():
        values = values.set(is_bad, None)
        where = f"under [codes.{item.source_name}] in {mapping.path.name}"
        kind, do = ("unknown_code", f"Map it {where}") if item.codes else ("unknown_reference", f"Add it to the site's {item.reference} or map it {where}")
        reasons.append(reasons_of(lines, seen, is_bad, kind, lambda value: f"{item.name} '{mapping.shown(value)}' is not known. Known: {listed(valid)}. {do}"))
    return Typed(values, is_given, reasons)


def boolean(raw: pl.Series, lines: pl.Series, item: Field, mapping: Mapping) -> Typed:
    if raw.dtype == pl.Boolean:
        return Typed(raw, raw.is_not_null())
    table = dict.fromkeys(_TRUE, True) | dict.fromkeys(_FALSE, False)
    own = {seen: word == "true" for seen, word in mapping.codes.get(item.source_name, {}).items()}
    seen = _clean(raw)
    distinct = seen.unique().drop_nulls()
    values = seen.replace_strict(distinct, pl.Series([own.get(value, table.get(value.lower())) for value in distinct], dtype=pl.Boolean), default=None, return_dtype=pl.Boolean)
    return _judged(raw, seen, values, lines, item, mapping, "true, false, 1, 0, yes, no, oui, non")


def number(raw: pl.Series, lines: pl.Series, item: Field, mapping: Mapping) -> Typed:
    """Numbers with the mapping's decimal mark, times its scale. Infinite and not-a-number are refused, thousands marks too."""
    dtype = pl.Int64 if item.kind == "int" else pl.Float64

    def parse(texts: pl.Series) -> pl.Series:
        if mapping.decimal == ",":
            texts = texts.set(texts.str.contains(".", literal=True).fill_null(False), "?").str.replace(",", ".", literal=True)
        return texts.cast(dtype, strict=False)

    if raw.dtype == pl.String:
        values, seen = _parsed(raw, parse)
    else:
        values, seen = raw.cast(dtype, strict=False), raw
    if item.kind == "float":
        is_finite = values.is_finite()
        values = values.set(~is_finite.fill_null(True), None) if not is_finite.all() else values
    typed = _judged(raw, seen, values, lines, item, mapping, f"a number with '{mapping.decimal}' as decimal mark")
    factor = mapping.scale.get(item.source_name)
    if factor is not None:
        typed.values = (typed.values * factor).cast(dtype)
    return typed


def instant(raw: pl.Series, lines: pl.Series, item: Field, mapping: Mapping) -> Typed:
    """Naive UTC microseconds by the mapping's clock policy, with a clock flag where local time is not certain."""
    formats = mapping.time_formats or _ISO
    if raw.dtype == pl.Date:
        raw = raw.cast(pl.Datetime("us"))
    if isinstance(raw.dtype, pl.Datetime):
        if raw.dtype.time_zone is not None:
            values = _within_years(raw.dt.convert_time_zone("UTC").dt.replace_time_zone(None).cast(pl.Datetime("us")))
            return _judged(raw, _as_seen(raw), values, lines, item, mapping, f"years {_YEARS[0]} to {_YEARS[1]}")
        if mapping.clock.kind == "offset":
            raise InputError(mapping.path.name, f"{item.source_name} is a timestamp without offset, and clock is 'offset'", "utc, zone:NAME, fixed:+01:00", "Correct `clock`")
        values, seen = raw.cast(pl.Datetime("us")), _as_seen(raw)
    else:
        raw = raw.cast(pl.String)
        parse = _parse_with_offset if mapping.clock.kind == "offset" else _parse_utc if mapping.clock.kind == "utc" else _parse_naive
        values, seen = _parsed(raw, lambda texts: parse(texts, formats))
    values = _within_years(values)
    flag = None
    is_epoch = bool(formats) and all(name in EPOCHS for name in formats)
    if mapping.clock.kind == "zone" and not is_epoch:
        values, flag = clock.to_utc(values, mapping.clock.zone)
        flag = None if (flag == "ok").all() else flag
    elif mapping.clock.kind == "fixed" and not is_epoch:
        values = (values.cast(pl.Int64) - mapping.clock.offset_min * 60_000_000).cast(pl.Datetime("us"))
    known = f"{' or '.join(formats if mapping.time_formats else ('ISO 8601',))}{' with an offset' if mapping.clock.kind == 'offset' else ''}, years {_YEARS[0]} to {_YEARS[1]}"
    typed = _judged(raw, seen, values, lines, item, mapping, known)
    typed.clock_flag = flag
    return typed


def date(raw: pl.Series, lines: pl.Series, item: Field, mapping: Mapping, zone: str) -> Typed:
    """Local dates: a date as written, or the port's local date of a full time."""
    if isinstance(raw.dtype, pl.Date):
        return _judged(raw, _as_seen(raw), _within_years(raw), lines, item, mapping, f"years {_YEARS[0]} to {_YEARS[1]}")
    if isinstance(raw.dtype, pl.Datetime):
        typed = instant(raw, lines, item, mapping)
        return Typed(clock.to_local(typed.values, zone).dt.date(), typed.is_given, typed.reasons)
    formats = tuple(name for name in mapping.time_formats if "%H" not in name and name not in EPOCHS) or ("%Y-%m-%d", "%Y%m%d")

    def parse(texts: pl.Series) -> pl.Series:
        values = _by_formats(texts, formats, lambda part, name: part.str.to_date(name, strict=False))
        left = values.is_null() & texts.is_not_null()
        if left.any() and mapping.clock.kind:
            whole = instant(texts.filter(left), lines.head(0).extend_constant(0, int(left.sum())), item, mapping).values
            values = values.scatter(left.arg_true(), clock.to_local(whole, zone).dt.date())
        return values

    values, seen = _parsed(raw, parse)
    values = _within_years(values)
    return _judged(raw, seen, values, lines, item, mapping, f"{' or '.join(formats)}, years {_YEARS[0]} to {_YEARS[1]}")


def _parsed(raw: pl.Series, parse: Callable[[pl.Series], pl.Series]) -> tuple[pl.Series, pl.Series]:
    """Parse a text column; texts that fail are trimmed, freed of 'no value' marks and tried once more. Returns (values, texts as judged)."""
    values = parse(raw)
    failed = (values.is_null() & raw.is_not_null()).arg_true()
    if failed.is_empty():
        return values, raw
    cleaned = _clean(raw.gather(failed))
    return values.scatter(failed, parse(cleaned)), raw.scatter(failed, cleaned)


def _judged(raw: pl.Series, seen: pl.Series, values: pl.Series, lines: pl.Series, item: Field, mapping: Mapping, known: str) -> Typed:
    is_given = seen.is_not_null()
    is_bad = is_given & values.is_null()
    reasons = [reasons_of(lines, seen, is_bad, "bad_type", lambda value: f"{item.name} '{mapping.shown(value)}' is not {_KIND_WORDS[item.kind]}. Known: {known}")] if is_bad.any() else []
    return Typed(values.alias(raw.name), is_given, reasons)


def _within_years(values: pl.Series) -> pl.Series:
    """Make null what lies outside the years the clock knows."""
    # By number, not as a date: neither Python nor Polars can say the year of what a damaged line may hold.
    numbers = values.to_physical()
    first, last = pl.Series([dt.date(_YEARS[0], 1, 1), dt.date(_YEARS[1] + 1, 1, 1)]).cast(values.dtype).to_physical()
    if len(numbers) == numbers.null_count() or (numbers.min() >= first and numbers.max() < last):
        return values
    return values.set(((numbers < first) | (numbers >= last)).fill_null(False), None)


def _as_seen(raw: pl.Series) -> pl.Series:
    """Return typed times as they are shown in a reason: as numbers where the year has more than four digits, which nothing can print."""
    numbers = raw.to_physical()
    first, last = pl.Series([dt.date.min, dt.date.max]).cast(pl.Datetime(raw.dtype.time_unit) if isinstance(raw.dtype, pl.Datetime) else pl.Date).to_physical()
    return raw if numbers.min() is None or (numbers.min() >= first and numbers.max() < last) else numbers


def _by_formats(texts: pl.Series, formats: Sequence[str], parse: Callable[[pl.Series, str], pl.Series]) -> pl.Series:
    """Try formats in turn, each on what the earlier ones left."""
    values = parse(texts, formats[0])
    for name in formats[1:]:
        left = (values.is_null() & texts.is_not_null()).arg_true()
        if left.is_empty():
            break
        values = values.scatter(left, parse(texts.gather(left), name))
    return values


def _parse_naive(texts: pl.Series, formats: Sequence[str]) -> pl.Series:
    def parse(part: pl.Series, name: str) -> pl.Series:
        if name in EPOCHS:
            return (part.cast(pl.Float64, strict=False) * EPOCHS[name]).round().cast(pl.Int64, strict=False).cast(pl.Datetime("us"))
        return part.str.to_datetime(name, strict=False, time_unit="us")

    return _by_formats(texts, formats, parse)


def _parse_utc(texts: pl.Series, formats: Sequence[str]) -> pl.Series:
    """Times that are UTC by declaration; a Z or a zero offset may say so again."""
    return _parse_z_first(texts, formats, lambda left: _parse_naive(left.str.strip_suffix("Z").str.strip_suffix("+00:00"), formats))


def _parse_z_first(texts: pl.Series, formats: Sequence[str], parse: Callable[[pl.Series], pl.Series]) -> pl.Series:
    """Read ISO texts by their commonest form, which costs a fifth of trying what else they may be; `parse` gets what that leaves, and would read the others the same."""
    if formats != _ISO or not texts.str.ends_with("Z").any():
        return parse(texts)
    return _by_formats(texts, (_ISO_Z, ""), lambda part, name: part.str.to_datetime(name, strict=False, time_unit="us") if name else parse(part))


def _parse_with_offset(texts: pl.Series, formats: Sequence[str]) -> pl.Series:
    """Times that carry their own offset: Z, +01:00, +0100 or +01. Without one they stay null and are rejected."""
    return _parse_z_first(texts, formats, lambda left: _parse_offsets(left, formats))


def _parse_offsets(texts: pl.Series, formats: Sequence[str]) -> pl.Series:
    is_z = texts.str.ends_with("Z")
    if is_z.all():
        return _parse_naive(texts.str.strip_suffix("Z"), formats)
    tails = texts.str.extract(r"(Z|[+-]\d{2}(?::?\d{2})?)$")
    # A date's own '-15' is no offset: an offset needs a time before it.
    has_time = texts.str.contains(":", literal=True)
    tails = tails.set(~has_time.fill_null(False), None)
    distinct = tails.unique().drop_nulls()
    minutes = tails.replace_strict(distinct, pl.Series([_offset(tail) for tail in distinct], dtype=pl.Int64), default=None, return_dtype=pl.Int64)
    heads = texts.to_frame("_text").with_columns(tails.alias("_tail")).select(pl.col("_text").str.strip_suffix(pl.col("_tail"))).to_series()
    values = _parse_naive(heads, formats)
    return (values.cast(pl.Int64) - minutes * 60_000_000).cast(pl.Datetime("us"))


def _offset(tail: str) -> int | None:
    if tail == "Z":
        return 0
    digits = tail[1:].replace(":", "").ljust(4, "0")
    minutes = int(digits[:2]) * 60 + int(digits[2:])
    return None if minutes > 14 * 60 else minutes if tail[0] == "+" else -minutes

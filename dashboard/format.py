"""Value + unit + language -> text, by Babel. Numbers, minutes, shares, dates, changes; no Streamlit, no markup.

    value(69.4, "min", "fr")             # "69 min", isolated so that it reads right inside right-to-left text
    cell(result.cell("over_120_share"), "fr")   # "12,4 %"
    change(cell, "en")                   # "+4 min", "−1.2 points"
    harmless("a\\u202eb"), name("<b>")    # hidden characters written out; a name for a screen
    day(date, "fr"), moment(local_dt, "en"), clock(local_dt, "fr"), duration(135, "en")   # "2 h 15 min"
Null is "no data", never 0.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time
from babel.numbers import format_decimal, format_percent

from dashboard.i18n import N_, language, locale, ordinal, translator

ISOLATE, ISOLATE_RTL, POP = "\u2066", "\u2067", "\u2069"  # a number with its unit stays together in any direction; right to left where the unit is Arabic
LRM, RLM = "\u200e", "\u200f"
MINUS = "\u2212"
MARKS = f"{LRM}{RLM}\u2066-\u2069"  # every mark of direction a screen is given, as a class of a regular expression
_ISOLATES = dict.fromkeys(range(0x2066, 0x206A))
_ARABIC = re.compile("[\u0600-\u06ff]")
_SIGN = re.compile(f"[-+{MINUS}]")
NO_DATA = N_("no data")
_COMMA = N_(", ")
_CLAUSES = {"fr": "\u00a0; ", "ar": "\u061b "}
_SUFFIX: dict[str, str] = {
    "count": "", "min": N_("min"), "hours": N_("h"), "per_visit": N_("per visit"), "per_hour": N_("per hour"), "index": "", "ratio": "",
}  # fmt: skip
# Characters no name needs and no reader sees: controls but tab and line ends, invisible ones, those that turn the direction of text. Code points.
HIDDEN: tuple[tuple[int, int], ...] = (
    (0x00, 0x08), (0x0B, 0x0C), (0x0E, 0x1F), (0x7F, 0x9F), (0x200B, 0x200B), (0x2028, 0x202E), (0x2060, 0x206F), (0xFEFF, 0xFEFF), (0xFFFE, 0xFFFF),
)  # fmt: skip
_HIDDEN = re.compile(f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in HIDDEN)}]")
NAME_LETTERS = 80


def harmless(text: str) -> str:
    """Write hidden characters out, as \\u202e: what turns, hides or ends text then does nothing but be seen."""
    return _HIDDEN.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


def literal(text: str) -> str:
    """Text with what an address or a log brought, for a part that reads Markdown: no named link, no picture, nothing hidden."""
    return re.sub(r"([\\`*_\[\]<>~$|#])", r"\\\1", harmless(text))


def name(text: str) -> str:
    """A name from site files or logs for a screen: harmless, no tag to a chart (Plotly reads some), not longer than a line."""
    shown = harmless(text).replace("<", "\u2039").replace(">", "\u203a")
    return shown if len(shown) <= NAME_LETTERS else f"{shown[: NAME_LETTERS - 1]}\u2026"


def closed(text: str, lang: str) -> str:
    """A name that ends with Latin letters or figures, marked so that what follows stays behind it in right-to-left text."""
    return f"{text}{RLM}" if language(lang).direction == "rtl" and text[-1:].isascii() and text[-1:].isalnum() else text


def from_right(text: str, whole: str) -> str:
    """A text in Latin letters that begins a line of Arabic (`whole`), marked so that the line is still read from the right."""
    return f"{RLM}{text}" if _ARABIC.search(whole) else text


def isolate(text: str) -> str:
    """Wrap a number with its unit so that text of the other direction does not tear it apart."""
    return f"{ISOLATE}{text}{POP}"


def worded(text: str, lang: str) -> str:
    """Wrap a number with a unit in words, which in Arabic stands to the left of it."""
    return f"{ISOLATE_RTL}{RLM}{text}{POP}" if language(lang).direction == "rtl" else isolate(text)


def in_order(text: str, lang: str) -> str:
    """Keep figures and marks without words ('9 – 14', '−3 … +2', '≥ 3') in their order inside right-to-left text."""
    return isolate(text) if language(lang).direction == "rtl" else text


def turned(text: str, lang: str) -> str:
    """Hold the sign before its number and the percent sign behind it: in right-to-left text both would change sides. The same marks everywhere, whatever Babel writes; the last one keeps a number that follows from joining in."""
    if language(lang).direction != "rtl":
        return text
    bare = text.replace(LRM, "").replace(f"%{RLM}", "%")
    return _SIGN.sub(f"{LRM}\\g<0>", bare).replace("%", f"{LRM}%{LRM}{RLM}")


def unmarked(text: str) -> str:
    """Take every mark of direction out, for files that programs read."""
    return re.sub(f"[{MARKS}]", "", text)


def headed(text: str) -> str:
    """A column's name as the grid draws it: from the right where its letters are Arabic. The grid looks for the direction of cells, not of names."""
    return f"{ISOLATE_RTL}{text}{POP}" if _ARABIC.search(text) else text


def listed(parts: Iterable[str], lang: str) -> str:
    """Words one behind the other, with the comma of the language."""
    return translator(lang)(_COMMA).join(parts)


def clauses(parts: Iterable[str], lang: str) -> str:
    """Parts of a sentence one behind the other, with the semicolon of the language."""
    return _CLAUSES.get(lang, "; ").join(parts)


def plain(text: str) -> str:
    """Take the isolates out again, for places that would show or lose them (st.metric deltas, file names)."""
    return text.translate(_ISOLATES)


def number(value: float | None, lang: str, decimals: int = 0) -> str:
    """Format a number in the language's own separators; None is 'no data'."""
    if value is None:
        return translator(lang)(NO_DATA)
    return _number(round(value, decimals) + 0.0, lang, decimals)  # + 0.0 turns -0.0 into 0.0


@lru_cache(maxsize=16_384)  # a heatmap says thousands of numbers, most of them more than once
def _number(value: float, lang: str, decimals: int) -> str:
    return turned(format_decimal(value, format=f"#,##0.{'0' * decimals}" if decimals else "#,##0", locale=locale(lang)), lang)


def share(value: float | None, lang: str, decimals: int = 0) -> str:
    """Format 0.123 as 12 %, with the language's own space and mark."""
    if value is None:
        return translator(lang)(NO_DATA)
    return _share(round(value, decimals + 2) + 0.0, lang, decimals)


@lru_cache(maxsize=16_384)  # a page says some fifty, 0.1 ms each
def _share(value: float, lang: str, decimals: int) -> str:
    pattern = format_percent(0, locale=locale(lang)).replace("0", f"#,##0.{'0' * decimals}" if decimals else "#,##0")
    return turned(format_percent(value, format=pattern, locale=locale(lang)), lang)


def value(amount: float | None, unit: str, lang: str, decimals: int = 0) -> str:
    """Format a metric's value with its unit, isolated. `unit` is a Metric.unit."""
    if amount is None:
        return translator(lang)(NO_DATA)
    if unit == "share":
        return isolate(share(amount, lang, decimals))
    suffix = _SUFFIX[unit]
    return worded(f"{number(amount, lang, decimals)} {translator(lang)(suffix)}", lang) if suffix else isolate(number(amount, lang, decimals))


def cell(figure: object, lang: str) -> str:
    """Format a Cell of a Result."""
    return value(figure.value, figure.metric.unit, lang, figure.metric.decimals)


def interval(low: float | None, high: float | None, unit: str, lang: str, decimals: int = 0) -> str:
    """Format limits as 'low to high', empty where there are none; where both read the same, 'about' that."""
    if low is None or high is None:
        return ""
    first, last = value(low, unit, lang, decimals), value(high, unit, lang, decimals)
    return translator(lang)("about {value}", value=first) if first == last else translator(lang)("{low} to {high}", low=first, high=last)


def change(figure: object, lang: str) -> str:
    """Format the change of a Cell against its comparison, signed; a share in points. Empty without a comparison. Not isolated: st.metric reads its sign.

    It is the difference of both figures as they are shown: who subtracts them finds the same.
    """
    if figure.change is None:
        return ""
    _, metric = translator(lang), figure.metric
    scale = 100 if metric.unit == "share" else 1
    amount = round(figure.value * scale, metric.decimals) - round(figure.before * scale, metric.decimals)
    digits = number(abs(amount), lang, metric.decimals)
    sign = "" if round(abs(amount), metric.decimals) == 0 else "+" if amount > 0 else MINUS
    suffix = _.plural("point", "points", plural_of(amount, lang, metric.decimals)) if metric.unit == "share" else _(_SUFFIX[metric.unit]) if _SUFFIX[metric.unit] else ""
    return turned(f"{sign}{digits} {suffix}".strip(), lang)


def compared(figure: object, lang: str) -> str:
    """Say the change of a Cell against its comparison, of a count in percent, with what it was; empty without a comparison."""
    if figure.change is None or not figure.before_n:
        return ""
    _, metric = translator(lang), figure.metric
    before, size = value(figure.before, metric.unit, lang, metric.decimals), figure.relative_change
    if cell(figure, lang) == before:
        return _("unchanged: {before} in the comparison period", before=before)
    said = change(figure, lang)
    if metric.unit == "count" and size is not None and round(abs(size), 3):
        said = turned(f"{'+' if size > 0 else MINUS}{share(abs(size), lang, 0 if round(abs(size), 2) else 1)}", lang)
    return _("{change} against {before} in the comparison period", change=said, before=before)


_A_NUMBER_OF = {"zero": 0, "one": 1, "two": 2, "few": 3, "many": 11, "other": 100}


def plural_of(amount: float, lang: str, decimals: int) -> int:
    """A whole number of the same plural form as `amount`, as it is written without its sign: 1,5 is singular in French and plural in English."""
    return _A_NUMBER_OF[Locale.parse(locale(lang)).plural_form(Decimal(f"{abs(amount):.{decimals}f}"))]


def duration(minutes: float | None, lang: str) -> str:
    """Format minutes as '45 min', '2 h 15 min', '3 d' or '3 d 4 h'."""
    if minutes is None:
        return translator(lang)(NO_DATA)
    _, whole = translator(lang), round(abs(minutes))
    sign = MINUS if minutes < 0 and whole else ""
    if whole < 60:
        text = _("{m} min", m=whole)
    elif whole < 1440:
        text = _("{h} h {m} min", h=whole // 60, m=f"{whole % 60:02d}") if whole % 60 else _("{h} h", h=whole // 60)
    else:
        text = _("{d} d {h} h", d=whole // 1440, h=whole % 1440 // 60) if whole % 1440 >= 60 else _("{d} d", d=whole // 1440)
    return worded(turned(sign + text, lang), lang)


def day(date: dt.date | None, lang: str, length: str = "medium") -> str:
    """Format a local date; length is short, medium, long or full."""
    return ordinal(format_date(date, language(lang).day if length == "medium" else length, locale=locale(lang)), lang) if date else translator(lang)(NO_DATA)


def short_day(date: dt.date, lang: str) -> str:
    """Format a date without its year, for axes and small places."""
    return ordinal(format_skeleton("MMMd", dt.datetime.combine(date, dt.time()), locale=locale(lang)), lang)


def weekday(iso: int, lang: str, width: str = "abbreviated") -> str:
    """Name an ISO weekday (1 is Monday); width is abbreviated or wide."""
    return format_date(dt.date(2024, 1, iso), {"abbreviated": "EEE", "wide": "EEEE"}[width], locale=locale(lang))


def moment(local_at: dt.datetime | None, lang: str) -> str:
    """Format a local wall time with its date."""
    return f"{day(local_at.date(), lang)} {clock(local_at, lang)}" if local_at else translator(lang)(NO_DATA)


def clock(local_at: dt.datetime | dt.time | None, lang: str) -> str:
    """Format a local wall time without its date."""
    return format_time(local_at, "short", locale=locale(lang)) if local_at else translator(lang)(NO_DATA)

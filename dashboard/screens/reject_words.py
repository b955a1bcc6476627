"""What was wrong with a rejected line, in the reader's language. The load writes these sentences in English beside the line.

    in_words("plate is missing. Every gate line needs it", translator("fr"))   # "plate manque. Chaque ligne gate en a besoin"
Names of fields and files stay as the mapping writes them. A sentence of no known form stays as it is.
"""

from __future__ import annotations

import re
from functools import lru_cache

from dashboard.i18n import N_, Translator

# (form of the sentence, the same with its places named). The first that fits is taken; lists under "Known" hold codes and stay.
_FORMS: tuple[tuple[str, str], ...] = (
    (r"(?P<n>\d+) fields? found, (?P<wanted>\d+) expected as in the header\. Look for a line cut short or a '(?P<mark>.)' inside a value",
     N_("{n} fields found, {wanted} expected as in the header. Look for a line cut short or a '{mark}' inside a value")),
    (r"(?P<field>\w+) '(?P<found>[^']*)' is not an instant\. Known: (?P<known>[^;]*?) with an offset, years (?P<first>\d+) to (?P<last>\d+)",
     N_("{field} '{found}' is not an instant. Known: {known} with an offset, years {first} to {last}")),
    (r"(?P<field>\w+) '(?P<found>[^']*)' is not an instant\. Known: (?P<known>[^;]*?), years (?P<first>\d+) to (?P<last>\d+)", N_("{field} '{found}' is not an instant. Known: {known}, years {first} to {last}")),
    (r"(?P<field>\w+) '(?P<found>[^']*)' is not a date\. Known: (?P<known>[^;]*?), years (?P<first>\d+) to (?P<last>\d+)", N_("{field} '{found}' is not a date. Known: {known}, years {first} to {last}")),
    (r"(?P<field>\w+) '(?P<found>[^']*)' is not a (?:whole )?number\. Known: a number with '(?P<mark>.)' as decimal mark", N_("{field} '{found}' is not a number. Known: a number with '{mark}' as decimal mark")),
    (r"(?P<field>\w+) '(?P<found>[^']*)' is not known\. Known: (?P<known>.*?)\. Add it to the site's (?P<list>\w+) or map it under (?P<where>\[[\w.]+\]) in (?P<file>[\w.-]+\.toml)",
     N_("{field} '{found}' is not known. Known: {known}. Add it to the site's {list} or map it under {where} in {file}")),
    (r"(?P<field>\w+) '(?P<found>[^']*)' is not known\. Known: (?P<known>.*?)\. Map it under (?P<where>\[[\w.]+\]) in (?P<file>[\w.-]+\.toml)",
     N_("{field} '{found}' is not known. Known: {known}. Map it under {where} in {file}")),
    (r"(?P<field>\w+) '(?P<found>[^']*)' is not open to trucks on (?P<day>[\d-]+)\. Known: (?P<known>.*?)\. Correct its dates in (?P<file>[\w./-]+\.csv) if it was",
     N_("{field} '{found}' is not open to trucks on {day}. Known: {known}. Correct its dates in {file} if it was")),
    (r"a quotation mark is never closed, and the mapping says the file has none\. Correct the line, or set quote = (?P<mark>'.')",
     N_("a quotation mark is never closed, and the mapping says the file has none. Correct the line, or set quote = {mark}")),
    (r"byte (?P<byte>0x\w\w) at position (?P<n>\d+) is not (?P<encoding>[\w-]+)\. Have the line written in [\w-]+, or correct `encoding` in the mapping",
     N_("byte {byte} at position {n} is not {encoding}. Have the line written in {encoding}, or correct `encoding` in the mapping")),
    (r"(?P<n>\d+) NUL bytes? in the line\. Ask for the file again, or for that line", N_("{n} NUL bytes in the line. Ask for the file again, or for that line")),
    (r"(?P<field>\w+) is missing\. Every (?P<source>\w+) line needs it", N_("{field} is missing. Every {source} line needs it")),
    (r"this is not one JSON object\. Look for a line cut short or two written into one", N_("this is not one JSON object. Look for a line cut short or two written into one")),
    (r"(?P<then>\w+) lies before (?P<first>\w+)", N_("{then} lies before {first}")),
    (r"(?P<field>\w+) is not between (?P<low>[\d,]+) and (?P<high>[\d,]+) kg", N_("{field} is not between {low} and {high} kg")),
    (r"longitude or latitude lies off the globe", N_("longitude or latitude lies off the globe")),
    (r"longitude and latitude are both zero", N_("longitude and latitude are both zero")),
)  # fmt: skip


@lru_cache(maxsize=1)
def _any_form() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(form), words) for form, words in _FORMS)


def in_words(reasons: str, say: Translator) -> str:
    """Return the sentences of one rejected line, which the load joined by '; '."""
    if say.lang == "en":
        return reasons
    for form, words in _any_form():
        reasons = form.sub(lambda found, words=words: say(words, **found.groupdict()), reasons)
    return reasons

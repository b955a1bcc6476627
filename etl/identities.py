"""Keyed pseudonyms for plates, badges, containers, declarations and firms. Raw identities end here and in the quarantine, nowhere else.

A pseudonym is the first 16 hex digits of HMAC-SHA256 over the kind and the folded text; of a key that was rotated joinably, each further line of the
key file (a link) is applied to the pseudonym before it. Folding makes the spellings of one
truck equal: Arabic letters become Latin, O becomes 0, spaces and dashes go.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from pathlib import Path

import polars as pl

from etl.contracts.reference import Site
from etl.errors import SettingsError

# Letters of Moroccan plates and their look-alikes; the Latin letter is the one printed beside them on bilingual plates.
ARABIC_LATIN = {
    "ا": "A", "أ": "A", "إ": "A", "آ": "A", "ٱ": "A", "ب": "B", "ت": "T", "ث": "TH", "ج": "J", "ح": "H", "خ": "KH", "د": "D", "ذ": "DH", "ر": "R", "ز": "Z",
    "س": "S", "ش": "CH", "ص": "S", "ض": "D", "ط": "T", "ظ": "Z", "ع": "A", "غ": "GH", "ف": "F", "ق": "Q", "ك": "K", "ل": "L", "م": "M", "ن": "N",
    "ه": "H", "ة": "H", "و": "W", "ؤ": "W", "ي": "Y", "ى": "Y", "ئ": "Y", "ء": "",
}  # fmt: skip
# Texts remembered per kind: trucks come back every day. Held in memory only, about 30 MB when full.
_MEMO_TEXTS = 200_000
_LATIN = str.maketrans(ARABIC_LATIN)
_NOT_ALNUM = re.compile(r"[\W_]+")
# Which folding and which name space a raw name belongs to: both containers of a truck are containers.
KINDS = {"container_2_no": "container_no"}
# Numbers whose punctuation tells two of them apart are trimmed and put in capitals only.
_UNFOLDED = frozenset({"declaration_no", "plate_as_read"})
# Texts that stand for "no identity" in a log.
_NO_IDENTITY = frozenset({"", "-", "NULL", "N/A", "n/a"})


def fold(text: str) -> str:
    """Return the spelling-free form of a plate, badge, container or carrier: capital Latin letters and digits, O read as 0."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).translate(_LATIN))
    folded = _NOT_ALNUM.sub("", text.upper()).replace("O", "0")
    return folded if folded.isascii() else "".join(str(unicodedata.decimal(letter, letter)) for letter in folded)


def _relinked(pseudonym: str, link: bytes) -> str:
    return hmac.digest(link, pseudonym.encode(), "sha256").hex()[:16]


def relinked(pseudonyms: pl.Series, link: bytes) -> pl.Series:
    """Return the pseudonyms that a link makes of pseudonyms; null stays null."""
    distinct = pseudonyms.unique().drop_nulls()
    table = pl.DataFrame({"_old": distinct, "_new": [_relinked(text, link) for text in distinct]}, schema={"_old": pl.String, "_new": pl.String})
    return pseudonyms.alias("_old").to_frame().join(table, on="_old", how="left", maintain_order="left")["_new"].alias(pseudonyms.name)


class Identities:
    """Pseudonyms under one key. `key_id` names the key without revealing it."""

    def __init__(self, key: bytes) -> None:
        self._key, *self._links = key.split(b"\n")
        if (shortest := min(len(line) for line in (self._key, *self._links))) < 16:
            raise SettingsError("pseudonym key", f"it has {shortest} bytes", "at least 16", "Restore the key file, or remove it to start a new installation")
        self._memo: dict[str, pl.DataFrame] = {}
        self.key_id = hmac.new(key, b"key_id", hashlib.sha256).hexdigest()[:8]

    def pseudonym(self, text: str, kind: str) -> str | None:
        """Return the pseudonym of one raw text; None where nothing is left of it. `kind` is the raw name a mapping uses (plate, badge...)."""
        kind = KINDS.get(kind, kind)
        if text.strip() in _NO_IDENTITY:
            return None
        plain = (text.strip().upper() if kind == "declaration_no" else text.strip()) if kind in _UNFOLDED else fold(text)
        if not plain:
            return None
        found = hmac.digest(self._key, f"{kind}\0{plain}".encode(), "sha256").hex()[:16]
        return self.translated(found, self.links_n) if self._links else found

    @property
    def links_n(self) -> int:
        """How often the key was rotated joinably."""
        return len(self._links)

    def translated(self, pseudonym: str, steps: int) -> str:
        """Return what a pseudonym of `steps` joinable rotations ago is now. Raises SettingsError when there were fewer."""
        if not 0 <= steps <= self.links_n:
            raise SettingsError("pseudonym key", f"it has {self.links_n} links", "", "Older pseudonyms were cut off, or never were of this installation")
        for link in self._links[self.links_n - steps :]:
            pseudonym = _relinked(pseudonym, link)
        return pseudonym

    def pseudonyms(self, texts: pl.Series, kind: str) -> pl.Series:
        """Return the pseudonyms of a column of raw texts; null stays null. A text met before, in this file or an earlier one, is not computed again."""
        distinct = texts.unique().drop_nulls().alias("_text").to_frame()
        known = self._memo.get(kind)
        table = distinct.join(known, on="_text", how="left") if known is not None else distinct.with_columns(pl.lit(None, dtype=pl.String).alias("_key"))
        new = table.filter(pl.col("_key").is_null())["_text"]
        if len(new):
            keys = pl.Series("_key", [self.pseudonym(text, kind) for text in new], dtype=pl.String)
            table = pl.concat([table.filter(pl.col("_key").is_not_null()), pl.DataFrame([new, keys])])
            # One assignment, so that files read side by side see a whole memo, if not always the newest.
            self._memo[kind] = table if known is None or len(known) > _MEMO_TEXTS else pl.concat([known, pl.DataFrame([new, keys])]).unique("_text")
        return texts.alias("_text").to_frame().join(table, on="_text", how="left", maintain_order="left")["_key"].alias(texts.name)


def load_identities(keys: Path, site: Site, *, create: bool = True) -> Identities:
    """Return the identities of an installation: the site's fixed demo key if it has one, else `keys`/key, made at first load (mode 600).

    With `create` false and no key yet, a key that is forgotten afterwards is used: nothing is written.
    """
    if site.demo_key.is_file():
        return Identities(site.demo_key.read_bytes().strip())
    path = keys / "key"
    if not path.is_file():
        fresh = secrets.token_hex(32).encode()
        if not create:
            return Identities(fresh)
        keys.mkdir(parents=True, exist_ok=True, mode=0o700)
        keys.chmod(0o700)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return load_identities(keys, site, create=create)
        with os.fdopen(handle, "wb") as file:
            file.write(fresh)
            file.flush()
            os.fsync(file.fileno())
    return Identities(path.read_bytes().strip())

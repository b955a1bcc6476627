"""One truck, however spelled, is one pseudonym; nothing of the spelling is left in it."""

from __future__ import annotations

import stat
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from etl.contracts.reference import load_site
from etl.errors import SettingsError
from etl.identities import Identities, fold, load_identities

KEY = Identities(b"a key for tests only")


@pytest.mark.parametrize("spelling", ["12345-أ-6", "12345-ا-6", "12345 | أ | 6", "12345-A-6", " 12345a6 ", "١٢٣٤٥-أ-٦", "12345\u200f-أ-6", "12345-ﺃ-6", "12345-À-6"])
def test_spellings_of_one_plate_fold_into_one(spelling: str) -> None:
    assert fold(spelling) == "12345A6"


@pytest.mark.parametrize(("read", "meant"), [("1O345-B-7", "10345-B-7"), ("MSCUO123456", "MSCU0123456"), ("o0O", "000")])
def test_the_letter_o_and_zero_are_one(read: str, meant: str) -> None:
    assert fold(read) == fold(meant)


def test_the_plate_as_read_keeps_its_spelling() -> None:
    assert KEY.pseudonym("12345-A-6", "plate") == KEY.pseudonym("12345-أ-6", "plate")
    assert KEY.pseudonym("12345-A-6", "plate_as_read") != KEY.pseudonym("12345-أ-6", "plate_as_read")
    assert KEY.pseudonym(" 12345-A-6 ", "plate_as_read") == KEY.pseudonym("12345-A-6", "plate_as_read")


def test_kinds_have_their_own_names_and_both_containers_are_containers() -> None:
    assert KEY.pseudonym("A1", "plate") != KEY.pseudonym("A1", "badge")
    assert KEY.pseudonym("A1", "container_no") == KEY.pseudonym("A1", "container_2_no")
    assert KEY.pseudonym("10-1", "declaration_no") != KEY.pseudonym("101", "declaration_no")


def test_a_column_is_what_its_texts_are_and_nothing_stays_nothing() -> None:
    texts = pl.Series("plate", ["A-1", None, "", " - ", "a1", "|", "NULL"])
    assert KEY.pseudonyms(texts, "plate").to_list() == [KEY.pseudonym("A1", "plate"), None, None, None, KEY.pseudonym("A1", "plate"), None, None]
    assert KEY.pseudonyms(pl.Series("plate", [None, None], dtype=pl.String), "plate").to_list() == [None, None]


@given(st.text(max_size=30))
def test_folding_is_total_and_stable(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    key = KEY.pseudonym(text, "plate")
    assert key is None or (len(key) == 16 and set(key) <= set("0123456789abcdef"))


def test_another_key_gives_other_names() -> None:
    other = Identities(b"another key for tests")
    assert other.key_id != KEY.key_id and other.pseudonym("A1", "plate") != KEY.pseudonym("A1", "plate")
    with pytest.raises(SettingsError, match="it has 5 bytes"):
        Identities(b"short")


def test_the_key_is_made_once_owner_only_or_is_the_demo_key(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "site.toml").write_text('port_code = "X"\nport_name = "X"\nzone_name = "UTC"\nlongitude_deg = 0.0\nlatitude_deg = 0.0\n')
    site, keys = load_site(tmp_path / "site"), tmp_path / "home" / "settings"
    load_identities(keys, site, create=False)
    assert not keys.exists()
    made = load_identities(keys, site)
    assert load_identities(keys, site).key_id == made.key_id
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700 and stat.S_IMODE((keys / "key").stat().st_mode) == 0o600
    site.demo_key.write_bytes(b"a key for tests only\n")
    assert load_identities(keys, site).key_id == KEY.key_id

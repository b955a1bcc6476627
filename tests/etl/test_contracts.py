"""Every written list of the contracts is walked: it agrees with itself, and a wrong declaration is refused."""

from __future__ import annotations

import polars as pl
import pytest

from etl.contracts.codes import CODE_LISTS
from etl.contracts.facts import FACT_TABLES, LEDGER_TABLES
from etl.contracts.fields import CodeList, Field, Table
from etl.contracts.reference import REFERENCE_TABLES
from etl.contracts.staged import LINEAGE, STAGED_TABLES
from etl.errors import DeclarationError

TABLES = (*STAGED_TABLES, *FACT_TABLES, *LEDGER_TABLES, *REFERENCE_TABLES)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_each_table_is_whole(table: Table) -> None:
    assert table.grain.endswith("."), "a grain is one sentence"
    assert table.name.split("_")[0] in {"stg", "fct", "dim", "dq", "meta"}
    assert all(field.about for field in table.fields)
    frame = table.empty()
    assert table.conform(frame).schema == frame.schema == pl.Schema(table.schema)
    assert table.ddl().startswith(f"CREATE TABLE {table.name} (")


@pytest.mark.parametrize("table", (*STAGED_TABLES, *FACT_TABLES), ids=lambda table: table.name)
def test_each_table_knows_its_port_and_its_day(table: Table) -> None:
    assert table.columns[0] == "port_code" and table.key[0] == "port_code"
    assert table.day is not None


@pytest.mark.parametrize("table", STAGED_TABLES, ids=lambda table: table.name)
def test_staged_rows_lead_back_to_their_line(table: Table) -> None:
    assert table.fields[: len(LINEAGE)] == LINEAGE


def test_names_are_declared_once() -> None:
    for names in ([table.name for table in TABLES], [codes.name for codes in CODE_LISTS]):
        assert len(set(names)) == len(names)


@pytest.mark.parametrize("codes", CODE_LISTS, ids=lambda codes: codes.name)
def test_each_code_has_words(codes: CodeList) -> None:
    assert all(code == code.lower() and words and words[0].isupper() for code, words in codes.codes.items())


def test_wrong_declarations_are_refused() -> None:
    text = Field("name", "text", "A name")
    with pytest.raises(DeclarationError, match="declared twice"):
        Table("stg_x", "One.", (), (text, text))
    with pytest.raises(DeclarationError, match="key or day column 'id'"):
        Table("stg_x", "One.", ("id",), (text,))
    with pytest.raises(DeclarationError, match="ends in _at"):
        Field("moment", "instant", "A moment")
    with pytest.raises(DeclarationError, match="which raw value"):
        Field("plate_key", "identity", "A plate")
    with pytest.raises(DeclarationError, match="leads to 'b'"):
        CodeList("letters", {"a": "A"}, fixes=(("B", "b"),))


def test_conform_keeps_declared_columns_only() -> None:
    table = Table("stg_x", "One.", ("name",), (Field("name", "text", "A name", required=True), Field("load_kg", "float", "A load")))
    frame = table.conform(pl.DataFrame({"other": [1], "name": ["a"]}))
    assert frame.rows() == [("a", None)] and frame.columns == ["name", "load_kg"]
    with pytest.raises(DeclarationError, match="lacks name"):
        table.conform(pl.DataFrame({"load_kg": [1.0]}))

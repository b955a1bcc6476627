"""How a log is read: the list of sources, one mapping a site and source, and readers that turn a file into named text columns.

Nothing here knows types, codes or rules (validate.py does). Every physical line ends as a row, a malformed reject, a header or a blank.
"""

from __future__ import annotations

from etl.sources.mapping import Mapping, load_mappings, match, parse_mapping
from etl.sources.raw import RawRows
from etl.sources.reader import chunks, file_id, head_and_body, read, read_joined
from etl.sources.registry import SOURCES, Source
from etl.sources.unmapped import refusal

__all__ = ["SOURCES", "Mapping", "RawRows", "Source", "chunks", "file_id", "head_and_body", "load_mappings", "match", "parse_mapping", "read", "read_joined", "refusal"]

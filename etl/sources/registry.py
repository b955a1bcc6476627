"""The written list of sources: which log fills which staged table. A new log is one line here, its table and its codes."""

from __future__ import annotations

from dataclasses import dataclass

from etl.contracts import codes, staged
from etl.contracts.fields import Field, Table
from etl.errors import DeclarationError


@dataclass(frozen=True)
class Source:
    """One kind of log. `name` is a code of the list `source`; `table` is the staged table its rows become.

    Of a secret source no value is ever shown, not even a wrong one: what stands in the wrong column may be a targeting criterion.
    """

    name: str
    table: Table
    is_secret: bool = False

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields a log must deliver: the table's own, without the lineage the loader adds."""
        return self.table.fields[len(staged.LINEAGE) :]

    @property
    def names(self) -> tuple[str, ...]:
        """The names a mapping may use for this source."""
        return tuple(field.source_name for field in self.fields)


_ALL = (
    Source("gate", staged.STG_GATE),
    Source("weighbridge", staged.STG_WEIGHBRIDGE),
    Source("customs", staged.STG_CUSTOMS),
    Source("tracking", staged.STG_TRACKING),
    Source("appointments", staged.STG_APPOINTMENTS),
    Source("means", staged.STG_MEANS),
    Source("logbook", staged.STG_LOGBOOK),
    Source("services", staged.STG_SERVICES),
    Source("manifests", staged.STG_MANIFESTS, is_secret=True),
    Source("messages", staged.STG_MESSAGES),
    Source("moves", staged.STG_MOVES),
    Source("slots", staged.STG_SLOTS),
)
SOURCES: dict[str, Source] = {source.name: source for source in _ALL}

if set(SOURCES) != set(codes.SOURCE.codes):
    raise DeclarationError("SOURCES", f"the list is {', '.join(SOURCES)}", ", ".join(codes.SOURCE.codes), "Keep it equal to the code list 'source'")

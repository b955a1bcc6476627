"""Papers behind one-time links: a finished file somebody else makes when it is fetched. Nothing is composed here, only named and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

# form -> its media type
PAPERS: dict[str, str] = {
    "pdf": "application/pdf", "html": "text/html; charset=utf-8", "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}  # fmt: skip


@dataclass(frozen=True)
class PaperOrder:
    """One wanted paper: its file name without ending, what makes its bytes, and the port it is of."""

    stem: str
    made: Callable[[], bytes] = field(repr=False, compare=False)
    port: str = ""

    def write(self, form: str, folder: Path) -> Path:
        target = folder / f"{self.stem}.{form}"
        target.write_bytes(self.made())
        return target


def of_paper(stem: str, made: Callable[[], bytes], port: str = "") -> PaperOrder:
    """Order a paper; letters a file name cannot hold are left out."""
    return PaperOrder("".join(letter if (letter.isalnum() and letter.isascii()) or letter in "_-" else "_" for letter in stem), made, port)

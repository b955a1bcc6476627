"""Progress for a person: one line a stage on standard error, with counts and rates. Nothing when nobody is looking."""

from __future__ import annotations

import sys
import time
from typing import TextIO

_WIDTH = 24
_EVERY_S = 0.1


class Bar:
    """Called by the pipeline as (stage, done, of how many, lines so far). Use as a context, so that the last line is ended."""

    def __init__(self, stream: TextIO | None, is_terminal: bool = False) -> None:
        self._stream, self._is_terminal = stream, is_terminal
        self._stage, self._since, self._shown = "", 0.0, 0.0

    @classmethod
    def for_terminal(cls, wanted: bool | None, is_quiet: bool) -> Bar:
        """Show on standard error when it is a terminal, or when asked to; never when quiet."""
        is_terminal = sys.stderr.isatty()
        return cls(sys.stderr if not is_quiet and (wanted or is_terminal) else None, is_terminal)

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream and self._stage and self._is_terminal:
            self._stream.write("\n")

    def __call__(self, stage: str, done: int, total: int, lines: int = 0) -> None:
        if self._stream is None:
            return
        now = time.monotonic()
        if stage != self._stage:
            if self._stage and self._is_terminal:
                self._stream.write("\n")
            self._stage, self._since, self._shown = stage, now, 0.0
        if done < total and now - self._shown < (_EVERY_S if self._is_terminal else 2.0):
            return
        self._shown = now
        seconds = max(now - self._since, 1e-3)
        filled = _WIDTH * done // max(total, 1)
        rate = f"  {lines:,} lines, {lines / seconds:,.0f}/s" if lines else ""
        text = f"{stage:<15} [{'#' * filled}{'.' * (_WIDTH - filled)}] {done:,}/{total:,}{rate}  {seconds:.0f} s"
        self._stream.write(f"\r{text:<110}" if self._is_terminal else f"{text}\n")
        self._stream.flush()

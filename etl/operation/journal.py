"""What a command that runs for months says of itself: a sentence a line for a person, or a JSON object a line for a collector of logs.

Names of files and sentences of errors come from outside: control characters and letters that turn the direction of writing never
reach a terminal, and a line is always one line. No value of a log line is ever said here.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import TextIO

from etl.sources.masks import printable


class Journal:
    """Lines on standard error, each written at once. `level` is info, warning or error."""

    def __init__(self, *, as_json: bool, stream: TextIO | None = None, port_code: str = "") -> None:
        self._as_json, self._stream, self._port_code = as_json, stream or sys.stderr, port_code

    def of(self, port_code: str) -> Journal:
        """The same lines, each saying which port it is about: where one process tells of several."""
        return Journal(as_json=self._as_json, stream=self._stream, port_code=port_code)

    def say(self, event: str, sentence: str, *, level: str = "info", **about: object) -> None:
        """Write one line. `event` is a short stable name to count and filter by; `about` are its plain values."""
        at = dt.datetime.now(dt.UTC)
        if self._port_code:
            sentence, about = f"{self._port_code}: {sentence}", {"port_code": self._port_code} | about
        if self._as_json:
            line = json.dumps({"at": at.isoformat(timespec="milliseconds"), "level": level, "event": event, "text": sentence, **about}, default=str)
        else:
            line = f"{at:%Y-%m-%d %H:%M:%S}Z {'' if level == 'info' else level + ': '}{printable(sentence)}"
        self._stream.write(f"{line}\n")  # one write: several threads may tell at once
        self._stream.flush()

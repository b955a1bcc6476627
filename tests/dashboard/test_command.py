"""The console command's own choices: a web port that is free, and a plain word when there is none."""

from __future__ import annotations

import socket

import pytest

from dashboard import __main__ as command
from etl.errors import BusyError


def test_a_taken_default_port_gives_the_next_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        monkeypatch.setattr(command, "PORT", taken)
        assert taken < command._free_port("127.0.0.1", None) < taken + 20
        with pytest.raises(BusyError, match=f"web port {taken}: another program listens there"):
            command._free_port("127.0.0.1", taken)

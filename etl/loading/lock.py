"""One writer a home folder. The lock is the kernel's, so a killed load leaves none behind."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from etl.errors import BusyError


@contextlib.contextmanager
def one_writer(home: Path) -> Iterator[None]:
    """Hold the home folder's lock. Raises BusyError, which names the process and since when, if another load holds it."""
    home.mkdir(parents=True, exist_ok=True)
    path = home / "loading.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 200).decode("utf-8", "replace").strip() or "unknown"
            raise BusyError(str(home), f"another load is running ({holder})", "", "Wait for it to end; the dashboard goes on showing the last build") from None
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} since {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC".encode())
        yield
    finally:
        os.close(handle)

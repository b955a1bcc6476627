"""One writer a home folder, and one watcher. The lock is the kernel's, so a killed load leaves none behind."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from etl.errors import BusyError


def one_writer(home: Path) -> contextlib.AbstractContextManager[None]:
    """Hold the home folder's lock. Raises BusyError, which names the process and since when, if another load holds it."""
    return _held(home, "loading.lock", "another load is running", "Wait for it to end; the dashboard goes on showing the last build")


def one_watcher(home: Path, port_code: str) -> contextlib.AbstractContextManager[None]:
    """Hold the lock of whoever watches an inbox for this home and port: two would take each other's files away. Raises BusyError."""
    return _held(home, f"watching-{port_code}.lock", f"an inbox of {port_code} is being watched already", "End the other watcher, or give this one a home of its own")


def one_backup(home: Path) -> contextlib.AbstractContextManager[None]:
    """Hold the lock of whoever backs this home up; loads go on. Raises BusyError."""
    return _held(home, "backup.lock", "a backup is being made", "Wait for it to end")


@contextlib.contextmanager
def _held(home: Path, name: str, found: str, do: str) -> Iterator[None]:
    home.mkdir(parents=True, exist_ok=True)
    handle = os.open(home / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 200).decode("utf-8", "replace").strip() or "unknown"
            raise BusyError(str(home), f"{found} ({holder})", "", do) from None
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} since {dt.datetime.now(dt.UTC):%Y-%m-%d %H:%M:%S} UTC".encode())
        yield
    finally:
        os.close(handle)

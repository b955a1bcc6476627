"""A disk that is full, read-only or failing, said in one sentence. Whatever was being written, the last build and the last list of the lake stand."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl

from etl.errors import DiskError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)
_TOLD = {os.strerror(number): number for number in (*_FULL, *_CLOSED)}  # Polars and DuckDB say the kernel's words, not its number


@contextlib.contextmanager
def in_words(home: Path) -> Iterator[None]:
    """Raise DiskError for what the disk below `home` refused inside; any other error goes on as it is."""
    try:
        yield
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException, duckdb.Error) as error:
        number = _number(error)
        if number is None:
            raise
        where = getattr(error, "filename", None) or str(home)
        if number in _FULL:
            place = next(path for path in (home, *home.parents) if path.exists())
            raise DiskError(str(where), f"the disk is full ({shutil.disk_usage(place).free:,} bytes free)", "", "The last build stands. Make room, then run the same command again") from error
        raise DiskError(str(where), f"it cannot be written ({os.strerror(number).lower()})", "", "The last build stands. Let this user write there, then run the same command again") from error


def _number(error: BaseException) -> int | None:
    """Return the kernel's error number if this is the disk's refusal."""
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in (*_FULL, *_CLOSED) else None
    return next((number for words, number in _TOLD.items() if words.lower() in str(error).lower()), None)

"""Taking a file out of the inbox without ever losing or overwriting one."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

REASON = ".reason.txt"


def move_into(folder: Path, path: Path, reason: str = "") -> Path:
    """Move a file into a folder that only we may read, under its own name or, if that is taken, the next free NAME.2, NAME.3, ... Return its new place.

    A `reason` is written beside it first, so that no file ever lies there without one.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = free(folder, path.name)
    if reason:
        with open(os.open(target.with_name(target.name + REASON), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(reason)
    try:
        os.rename(path, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        part = target.with_name(f".{target.name}.part")  # the old one goes only after the new one is on the disk by its name
        shutil.copy2(path, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        os.rename(part, target)
        path.unlink()
    return target


def free(folder: Path, name: str) -> Path:
    """Return the place of a name in a folder, or of the first of NAME.2, NAME.3, ... that is not taken."""
    number, target = 1, folder / name
    while os.path.lexists(target):
        number += 1
        target = folder / f"{name}.{number}"
    return target

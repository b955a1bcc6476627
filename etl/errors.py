"""Every error a user may see. Each says where, what was found, what is known and what to do."""

from __future__ import annotations


class SmartportError(Exception):
    """Base of all errors that are printed as one sentence, without a traceback.

    `exit_code` is the process exit code the command line documents for this family.
    """

    exit_code = 1

    def __init__(self, where: str, found: str, known: str = "", do: str = "") -> None:
        self.where, self.found, self.known, self.do = where, found, known, do
        parts = [f"{where}: {found}."]
        if known:
            parts.append(f"Known: {known}.")
        if do:
            parts.append(f"{do}.")
        super().__init__(" ".join(part.replace("..", ".") for part in parts))


class SettingsError(SmartportError):
    """A setting or a site folder is missing or contradicts itself."""

    exit_code = 2


class DeclarationError(SmartportError):
    """A written list (fields, codes, tables, mappings, metrics) is wrong by declaration."""

    exit_code = 2


class InputError(SmartportError):
    """A file cannot be read as any declared source, or does not reconcile, and is refused whole."""

    exit_code = 3


class BuildError(SmartportError):
    """No readable build, or one made by rules this program does not know."""

    exit_code = 4


class DamageError(BuildError):
    """A file of the lake or the build is not what was written: its size, digest or a block's checksum says so."""


class DiskError(SmartportError):
    """The disk is full, or a folder of the installation cannot be written. What was published stands."""

    exit_code = 6


class BusyError(SmartportError):
    """Another load holds the lock of this home folder, or another program the web port."""

    exit_code = 5

"""What happened: staged rows in, facts out. Pure functions of their frames; no wall clock, file or setting inside."""

from __future__ import annotations

from etl.transform.reconstruct import RULES_VERSION, reconstruct

__all__ = ["RULES_VERSION", "reconstruct"]

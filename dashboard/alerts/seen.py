"""Which alerts a viewer sees: of some terminals only, those about them and nothing else. A figure that was written down cannot be asked again with fewer rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.access.viewer import Viewer


def is_seen(line: Mapping[str, Any], viewer: Viewer) -> bool:
    """Whether a line of the board or the history is open to a viewer: all of them to who sees the whole port."""
    if viewer.terminals is None:
        return True
    named = {line["group"]} if line.get("each") == "terminal" else set(line.get("filter", {}).get("terminal", ()))
    return bool(named) and named <= set(viewer.terminals)

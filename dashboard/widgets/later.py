"""What tables and charts need and the first page does not: pandas, which Streamlit and pyarrow import in whichever thread first needs it. A third of a cold start, so it is read after the first page.

Two threads reading it at once left a chart with half a module; here one reads and the others wait.
"""

from __future__ import annotations

import importlib
import sys
import threading

_lock = threading.Lock()


def wait() -> None:
    """Return when pandas is whole; reads it where nobody has yet."""
    with _lock:
        importlib.import_module("pandas")


def begin() -> None:
    """Read it beside whatever comes next."""
    if "pandas" not in sys.modules:
        threading.Thread(target=wait, name="later", daemon=True).start()

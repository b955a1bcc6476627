"""The pilot's evidence made before a reader asks: at 1.3 million visits it takes a second of CPU, and it hangs on the build, the filters and the view only.

    beforehand.Watch(store.of)        # a thread of the server: whenever a build is published, without filters and in both views
What is made is what the pages ask, kept where they look for it; a reader who sets filters still waits for his own. The thread also gives back what answers left
in memory: at 1.3 million visits the server held 600 MB after making the evidence, and holds 305.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from dashboard import store as stores
from dashboard.access import asking
from dashboard.evidence import history, parts, recorded, study
from dashboard.selection import DEFAULT_PRESET, VIEWS, Selection
from dashboard.store import Store
from etl.errors import BuildError

LOOK_SECONDS = 2.0
EASE_SECONDS = 30.0  # what is given back may have to be read again


def make(store: Store) -> None:
    """Make the evidence of the current build. Raises BuildError when none is published."""
    build = store.build()
    for view in VIEWS:
        selection = Selection.preset(build.port_code, DEFAULT_PRESET, build.now_day, view=view)
        if study.headline(store, selection).refused is None:
            study.panel_of(store, selection)
            parts.by_step(store, selection)
            parts.by_unit(store, selection)
            parts.by_group(store, selection, "cargo")
        recorded.make(store, selection)
    history.past_of(store)


class Watch:
    """The thread that makes it for every new build. `stop` ends it; what it is making then is made to the end."""

    def __init__(self, store_of: Callable[[], Store]) -> None:
        self._stopped = threading.Event()
        self.thread = threading.Thread(target=self._look, args=(store_of,), name="beforehand", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self.thread.join(timeout=1)

    def _look(self, store_of: Callable[[], Store]) -> None:
        made, eased = "", 0.0
        while not self._stopped.wait(LOOK_SECONDS):  # the first page has its time first
            try:
                with asking.as_house():
                    if (build_id := store_of().build().build_id) != made:
                        made = build_id  # tried once a build: what fails here is met, and said, on the page
                        make(store_of())
                        eased = 0.0
                if time.monotonic() > eased + EASE_SECONDS:
                    stores.ease()
                    eased = time.monotonic()
            except BuildError:
                continue  # nothing is published yet
            except Exception:
                logging.getLogger(__name__).exception("The pilot's evidence could not be made beforehand")

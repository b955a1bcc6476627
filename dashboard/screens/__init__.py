"""PAGES: every page of the dashboard, in the order a reader meets them. The menu, the links and the tests walk this list.

A page is one script beside this file. It defines `show(page: Frame) -> None` and ends with

    if __name__ == "__main__":
        show(current())

so that Streamlit can run it as a script and a test can import it. The frame (masthead, filter bar, freshness) is drawn
by dashboard/app.py before the page runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dashboard.i18n import N_

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Page:
    """One page. `url` is its path in the address ('' for the first); `menu` says where its link stands in the masthead: among the subjects, the tools, or nowhere; `has_filters` shows the filter bar.

    `act` is what a reader must be allowed to do to open it (dashboard/access/viewer.py), `is_whole` says that it is of the whole port only, and not for readers of some terminals.
    """

    code: str
    url: str
    title: str
    script: str
    menu: str = "subjects"
    has_filters: bool = True
    act: str = ""
    is_whole: bool = False

    @property
    def path(self) -> Path:
        return FOLDER / self.script


PAGES: tuple[Page, ...] = (
    Page("overview", "", N_("Port overview"), "overview.py"),
    Page("turnaround", "turnaround", N_("Truck turnaround"), "turnaround.py"),
    Page("congestion", "congestion", N_("Queues and congestion"), "congestion.py"),
    Page("flow", "flow", N_("Visit flow and weighing"), "flow.py"),
    Page("clearance", "clearance", N_("Clearance"), "clearance.py"),
    Page("security", "security", N_("Security and flow"), "security.py"),
    Page("exchange", "exchange", N_("Documents and exchange"), "exchange.py"),
    Page("pilot", "pilot", N_("Pilot effect"), "pilot.py"),
    Page("quality", "quality", N_("Data quality"), "quality.py", is_whole=True),
    Page("explore", "explore", N_("Explore"), "explore.py", menu="tools"),
    Page("find", "find", N_("Find a truck"), "find.py", menu="tools", has_filters=False, act="find"),
    Page("briefing", "briefing", N_("Briefing"), "briefing.py", menu="tools"),
    Page("alerts", "alerts", N_("Alerts"), "alerts.py", menu="tools", has_filters=False),
    Page("handbook", "handbook", N_("KPI handbook"), "handbook.py", menu="tools", has_filters=False),
    Page("admin", "admin", N_("Administration"), "admin.py", menu="tools", has_filters=False, act="admin"),
    Page("planning", "planning", N_("Plan a pilot"), "planning.py", menu="", has_filters=False),
    Page("visit", "visit", N_("One visit"), "visit.py", menu="", has_filters=False),
)

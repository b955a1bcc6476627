"""The few colours the charts of congestion, pilot and data quality share, from the theme; meaning is never carried by colour alone."""

from __future__ import annotations

from dashboard.views import theme

ACCENT, WARN, QUIET, GRID = theme.MAIN, theme.ACCENT, theme.QUIET, theme.GRID
SOFT = "rgba(11,90,125,.13)"
# before the pilot, and since
BEFORE, AFTER = theme.QUIET, theme.MAIN
# share classes, light to dark; real colours, so that Plotly can choose a readable ink for the figures in the cells
BLUES: tuple[str, ...] = ("#E9EEF0", "#CFE0E8", "#9BBDCD", "#5F93AC", "#276786")
# kinds of rejects, the last for all others: at least 11 apart (CIE76) for protanopia and deuteranopia, and named in the legend. Ten could not be told apart.
KINDS: tuple[str, ...] = ("#1F6A93", "#E9C98A", "#B0561F", "#8CC0D8", "#4B3A66", "#A9AFB8")

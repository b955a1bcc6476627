"""The few colours the charts of congestion, pilot and data quality share, from the theme; meaning is never carried by colour alone."""

from __future__ import annotations

from dashboard.views import theme

ACCENT, WARN, QUIET, GRID = theme.MAIN, theme.ACCENT, theme.QUIET, theme.GRID
SOFT = "rgba(11,90,125,.13)"
# before the pilot, and since
BEFORE, AFTER = theme.QUIET, theme.MAIN
# share classes, light to dark; real colours, so that Plotly can choose a readable ink for the figures in the cells
BLUES: tuple[str, ...] = ("#E9EEF0", "#CFE0E8", "#9BBDCD", "#5F93AC", "#276786")
# kinds of rejects: told apart by lightness too, and named in the legend
KINDS: tuple[str, ...] = ("#0B5A7D", "#E0A458", "#7A4A78", "#5FA3BD", "#A8483F", "#B9C3CE", "#38386E", "#D98BA0", "#8B8A2B", "#2B8478")

"""Charts as SVG text: small, without scripts, the same bytes for the same figures, readable on light and dark ground.

>>> from instar.data import charts
>>> chart = charts.bars([3, 5], ["Rio", "Petrópolis"], title="Stations by city")
>>> chart.svg.startswith("<svg"), len(chart.table)
(True, 3)
"""

from instar.data.charts.chart import Chart
from instar.data.charts.curves import lines, segments
from instar.data.charts.gallery import pictures
from instar.data.charts.groups import grouped
from instar.data.charts.histograms import bars, histogram
from instar.data.charts.matrix import heat
from instar.data.charts.plane import boxes, points

__all__ = ["Chart", "bars", "boxes", "grouped", "heat", "histogram", "lines", "pictures", "points", "segments"]

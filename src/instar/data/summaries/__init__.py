"""Mergeable summaries of rows, one a file; the table SUMMARIES holds them by name."""

from instar.data.summaries.array_moments import ArrayMoments
from instar.data.summaries.cells import Binned, Strips
from instar.data.summaries.contingency import Contingency
from instar.data.summaries.counts import Counts
from instar.data.summaries.distinct import Distinct
from instar.data.summaries.document_frequency import DocumentFrequency
from instar.data.summaries.extremes import Extremes
from instar.data.summaries.frequencies import Frequencies
from instar.data.summaries.frequent_items import FrequentItems
from instar.data.summaries.group_moments import GroupMoments
from instar.data.summaries.grouped import Grouped
from instar.data.summaries.infinities import Infinities
from instar.data.summaries.moments import Moments
from instar.data.summaries.pairs import Pairs
from instar.data.summaries.power_moments import PowerMoments
from instar.data.summaries.quantile_grid import QuantileGrid
from instar.data.summaries.quantity_texts import QuantityTexts
from instar.data.summaries.sample import Sample
from instar.data.summaries.scatter import Scatter
from instar.data.summaries.series_quantiles import SeriesQuantiles
from instar.data.summaries.summary import SUMMARIES, Of, Summary, summary
from instar.data.summaries.term_scatter import TermScatter

__all__ = [
    "SUMMARIES",
    "ArrayMoments",
    "Binned",
    "Contingency",
    "Counts",
    "Distinct",
    "DocumentFrequency",
    "Extremes",
    "Frequencies",
    "FrequentItems",
    "GroupMoments",
    "Grouped",
    "Infinities",
    "Moments",
    "Of",
    "Pairs",
    "PowerMoments",
    "QuantileGrid",
    "QuantityTexts",
    "Sample",
    "Scatter",
    "SeriesQuantiles",
    "Strips",
    "Summary",
    "TermScatter",
    "summary",
]

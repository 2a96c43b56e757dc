"""A column of numbers counted in bins, read from its quantile grid."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from instar.data.summaries import QuantileGrid

BLOCKS = " ▁▂▃▄▅▆▇█"


class Bins(msgspec.Struct, frozen=True):
    """How many values lie in each bin: above its lower edge, up to and with its upper one; the first with its lower too.

    edges : n + 1, growing;  counts : n, off by at most 1/m of the values seen (m = 512), exact where no chunk has more
    than m values
    """

    edges: tuple[float, ...] = ()
    counts: tuple[float, ...] = ()

    def drawn(self) -> str:
        """As blocks of text; any value at all shows.

        >>> Bins((0, 1, 2, 3), (8, 0, 4)).drawn()
        '█ ▄'
        """
        most = max(self.counts, default=0)
        return "".join(BLOCKS[max(round(8 * count / most), 1) if count else 0] for count in self.counts) if most else ""


def equal_width(grid: QuantileGrid, low: float, high: float, bins: int) -> Bins:
    """Bins of one width from ``low`` to ``high``; a constant column has one bin."""
    if not grid.n:
        return Bins()
    return counted(grid, np.linspace(low, high, bins + 1).tolist() if high > low else [low, high])


def equal_depth(grid: QuantileGrid, low: float, high: float, bins: int) -> Bins:
    """Bins that hold equally many values, as near as the values allow: one that is common fills several at once.

    A first bin from ``low`` to ``low`` holds just that value.
    """
    if not grid.n:
        return Bins()
    inner = (grid.quantile(at / bins) for at in range(1, bins))
    return counted(grid, [low, *sorted({high, *(edge for edge in inner if edge is not None and low <= edge < high)})])


def counted(grid: QuantileGrid, edges: Sequence[float]) -> Bins:
    """The values in the bins between these edges; what lies outside them falls into the end bins."""
    inner = grid.at_or_below(np.array(edges[1:-1], dtype=np.float64))
    counts = np.diff(np.concatenate([[0.0], inner, [float(grid.n)]]))
    return Bins(tuple(map(float, edges)), tuple(float(count) for count in np.maximum(counts, 0.0)))

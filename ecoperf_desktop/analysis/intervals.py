"""How far a share of a sample may lie from the truth."""

from __future__ import annotations

import math

Z95 = 1.959963984540054
Z99 = 2.5758293035489004
LEAST_SAMPLE = 30


def wilson(hits: float, count: float, z: float = Z95) -> tuple[float, float]:
    """Return the interval of ``hits`` in ``count`` trials (Wilson 1927), 0 to 1 without trials."""
    if count <= 0:
        return 0.0, 1.0
    share = hits / count
    squared = z * z / count
    middle = (share + squared / 2) / (1 + squared)
    half = z / (1 + squared) * math.sqrt(max(share * (1 - share) / count + squared / (4 * count), 0.0))
    return max(0.0, middle - half), min(1.0, middle + half)

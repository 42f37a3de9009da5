"""How far a share of a sample may lie from the truth."""

from __future__ import annotations

import math
from collections.abc import Mapping

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
    # At the ends exactly: rounding must not leave 100 of 100 below 1.
    return 0.0 if hits <= 0 else max(0.0, middle - half), 1.0 if hits >= count else min(1.0, middle + half)


def promoter_margin(promoters: int, passives: int, detractors: int, z: float = Z95) -> float:
    """Return by how many points the net promoter score of such a sample may lie from the truth; 100 without answers."""
    count = promoters + passives + detractors
    if count <= 0:
        return 100.0
    balance = (promoters - detractors) / count
    return 100 * z * math.sqrt(max((promoters + detractors) / count - balance * balance, 0.0) / count)


def mean_of_counts(counts: Mapping[int, int]) -> float | None:
    """Return the mean of scores given as how often each occurred; None without any."""
    total = sum(counts.values())
    return sum(score * count for score, count in counts.items()) / total if total else None


def top_share(counts: Mapping[int, int], least: int) -> float:
    """Return the part of scores of ``least`` or more (who found it easy: 5 to 7 of 7); raise ValueError without any."""
    total = sum(counts.values())
    if not total:
        raise ValueError("no scores")
    return sum(count for score, count in counts.items() if score >= least) / total

"""Customers by recency, frequency and money: scores by rank, and groups by a table of scores."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from ecoperf_desktop import language, paths
from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.records import dataclass

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ecoperf_desktop.model.columns import Int64

SCORES = 5
# So many customers are scored in fifths; fewer in thirds, and below the second number not at all.
ENOUGH = 50
LEAST = 15


def scored(values: Int64, classes: int = SCORES, *, lower_is_better: bool = False) -> Int64:
    """Return 1 + floor(classes × the part that is strictly worse): equal values have equal scores, whatever their order."""
    import numpy as np

    count = len(values)
    found = np.ones(count, np.int64)
    if not count:
        return found
    turned = -values if lower_is_better else values
    low = int(turned.min())
    span = int(turned.max()) - low + 1
    if span <= count:
        # Days and numbers of orders: few different ones, which are counted.
        places_of = turned - low
        each = np.bincount(places_of, minlength=span)
        worse = np.cumsum(each) - each
        counted: Int64 = (1 + classes * worse // count)[places_of]
        return counted
    # At least ``worse`` values lie strictly below whatever exceeds the one in that place.
    places = [-(-part * count // classes) - 1 for part in range(1, classes)]
    ordered = np.partition(turned, places)
    for place in places:
        found += turned > ordered[place]
    return found


@dataclass(frozen=True)
class Scores:
    """One score a customer, 1 to 5; of thirds 1, 3 and 5."""

    recency: Int64
    frequency: Int64
    monetary: Int64

    @property
    def value(self) -> Int64:
        """Return the mean of frequency and money, halves rounded up."""
        return (self.frequency + self.monetary + 1) // 2


def scores(last_days: Int64, orders: Int64, amounts: Int64) -> Scores | None:
    """Return the scores of customers; None where they are too few for any."""
    count = len(last_days)
    if count < LEAST:
        return None
    classes = SCORES if count >= ENOUGH else 3
    found = [scored(column, classes) for column in (last_days, orders, amounts)]
    return Scores(*found) if classes == SCORES else Scores(*(2 * column - 1 for column in found))


@dataclass(frozen=True)
class Group:
    """A group of customers: scores from the first number to the second."""

    code: str
    name: Mapping[str, str]
    recency: tuple[int, int]
    value: tuple[int, int]


@cache
def groups() -> tuple[Group, ...]:
    """Return the groups in their order, as the resource declares them.

    Raise MappingError where it does not place every pair of scores.
    """
    import tomllib

    path = paths.resources() / "rfm_segments.toml"
    found = []
    for code, entry in tomllib.loads(path.read_text(encoding="utf-8")).items():
        try:
            ends = [(int(entry[key][0]), int(entry[key][1])) for key in ("recency", "value")]
            name = {one: str(entry["name"][one]) for one in language.LANGUAGES}
        except (KeyError, TypeError, ValueError, IndexError):
            raise MappingError("metrics.rfm_bad_group", file=path.name, entry=code) from None
        found.append(Group(code, name, *ends))
    table(tuple(found))
    return tuple(found)


def table(declared: tuple[Group, ...]) -> NDArray[Any]:
    """Return the place of the group of each pair of scores, by recency and value."""
    import numpy as np

    places = np.full((SCORES + 1, SCORES + 1), -1, np.int64)
    for place in range(len(declared) - 1, -1, -1):
        group = declared[place]
        places[group.recency[0] : group.recency[1] + 1, group.value[0] : group.value[1] + 1] = place
    for recency in range(1, SCORES + 1):
        for value in range(1, SCORES + 1):
            if places[recency, value] < 0:
                raise MappingError("metrics.rfm_gap", file="rfm_segments.toml", recency=recency, value=value)
    return places


@cache
def _places() -> NDArray[Any]:
    return table(groups())


def grouped(found: Scores) -> Int64:
    """Return the place of each customer's group."""
    return _places()[found.recency, found.value]

"""What makes stored data doubtful, and what mends it, as values."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias

from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.records import dataclass

# In the order in which they are worth looking at.
DoubtKind: TypeAlias = Literal[
    "late", "hole", "total_differs", "platform_total", "payout_parts", "payout_sales", "jump", "damaged_ids", "refused_rows",
    "waits_for_rate", "other_currency", "future", "unknown_words", "unknown_orders", "negative_stock", "no_cost", "no_category", "no_channel",
    "no_owner", "check", "stopped",
]  # fmt: skip
# wrong: numbers are wrong or missing until it is mended; look: they may be; note: good to know.
Weight: TypeAlias = Literal["wrong", "look", "note"]
MendKind: TypeAlias = Literal["choose_files", "show_import", "import_again", "undo", "answer", "template", "costs", "rates"]
Pace: TypeAlias = Literal["in_time", "late", "stopped", "unknown"]


@dataclass(frozen=True)
class Mend:
    """One thing a person can do about a doubt.

    ``import_id`` is the import it is done with; ``about`` the template's format id or the source's name.
    """

    kind: MendKind
    import_id: int | None = None
    about: str = ""


@dataclass(frozen=True)
class Example:
    """One row that shows the doubt: ``text`` as it stands there, ``file`` and ``record`` where, if one file says it."""

    text: str
    file: str = ""
    record: int | None = None


@dataclass(frozen=True)
class Doubt:
    """Something about the data that a person should know, as far as possible with its number.

    ``kind`` names a sentence ``quality.<kind>`` that ``details`` fill.  The details are plain values whose names say
    their unit: ``*_day`` a day, ``period`` a Period, ``*_minor`` money in minor units, ``*_share`` a fraction,
    ``data`` a kind of data, ``series`` what is measured, ``format`` a format's id; other numbers are counts.
    ``n`` is how many rows, days or products it is about.  ``source`` is None for what concerns no single one.
    """

    kind: DoubtKind
    weight: Weight
    n: int
    source: str | None = None
    details: dict[str, object] = field(default_factory=dict)
    examples: tuple[Example, ...] = ()
    mends: tuple[Mend, ...] = ()


@dataclass(frozen=True)
class SourceDays:
    """Which days one source speaks for with one kind of data.

    ``ranges`` are separate and in order; ``holes`` the days within them that are missing and expected.  ``rhythm``
    is after how many days the next export usually comes, None when too few came.  ``awaited`` are the days by which
    the source is behind (0 when it is in time).
    """

    source: str
    kind: str
    shop: str | None
    ranges: tuple[tuple[Day, Day], ...]
    holes: tuple[Day, ...] = ()
    rhythm: int | None = None
    awaited: int = 0
    pace: Pace = "unknown"

    @property
    def whole(self) -> Period:
        return Period(self.ranges[0][0], self.ranges[-1][1])


@dataclass(frozen=True)
class Quality:
    """Everything doubtful about a workspace at one moment, the gravest first; ``through`` is None when it is empty."""

    through: Day | None
    doubts: tuple[Doubt, ...] = ()
    sources: tuple[SourceDays, ...] = ()

    @property
    def grave(self) -> int:
        """Return how many doubts are of the weight ``wrong``."""
        return sum(1 for doubt in self.doubts if doubt.weight == "wrong")

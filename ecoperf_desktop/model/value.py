"""An answer: one number with where it holds, how good it is, and why it may be missing."""

from __future__ import annotations

from dataclasses import field
from fractions import Fraction
from typing import Literal, TypeAlias

from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.records import dataclass

Quality = Literal["ok", "partial", "low_n", "no_base", "missing", "cost_incomplete", "insufficient_history"]

# Money and counts are exact integers (minor units); quotients are exact fractions until they are shown.
Number: TypeAlias = int | Fraction | float


def as_float(number: Number) -> float:
    """Return the nearest float; a fraction's own way there asks four times what it is, and a page asks for hundreds."""
    return number.numerator / number.denominator if type(number) is Fraction else float(number)


@dataclass(frozen=True)
class Comparison:
    """The same number in another period.

    ``kind`` is previous, year, aligned (364 days), event or elapsed; ``event`` is the code of the one that both
    periods lie round.  ``change`` is
    the difference, ``change_ratio`` the difference over the earlier value; None
    where either is missing, the earlier one is 0, or the sign changed.  ``reason`` says
    why there is no earlier value (a code of ``resources/languages``, filled by ``details``).
    """

    kind: str
    period: Period
    value: Number | None
    change: Number | None
    change_ratio: float | None
    quality: Quality = "ok"
    reason: str | None = None
    event: str | None = None
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Value:
    """One metric over one period and one cut.

    ``value`` is None exactly when ``quality`` says why, with ``reason`` a code of
    ``resources/languages``.  Money is in minor units of ``currency``.
    ``covered`` of ``period.days`` days have data.  ``word`` is what a class is called (``A``, ``at_risk``);
    its ``value`` is then its place in the order of classes, 1 first.
    """

    metric: str
    period: Period
    bucket: str | None
    per: dict[str, str]
    value: Number | None
    numerator: Number | None
    denominator: Number | None
    unit: str
    currency: str | None
    quality: Quality
    reason: str | None = None
    details: dict[str, object] = field(default_factory=dict)
    covered: int | None = None
    compare: Comparison | None = None
    word: str | None = None


@dataclass(frozen=True)
class Question:
    """What is asked: metrics, the period, how to cut it and what to compare with.

    Of a cut, ``top`` keeps the parts with the largest first metric over ``top_over`` (the
    whole period when None); each value's details then say under ``parts`` how many there are.
    Two values of one dimension in ``where`` mean either; two dimensions mean both; an
    empty value means rows without one.
    """

    metrics: tuple[str, ...]
    period: Period
    by: str | None = None
    per: tuple[str, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    compare: str | None = None
    top: int | None = None
    top_over: Period | None = None


@dataclass(frozen=True)
class Traded:
    """What a row's amounts were before they were converted: minor units of ``currency`` by column.

    ``rate_e9`` is what one unit was worth in the reporting currency, in 1/1 000 000 000, as ``rate_day`` says.
    """

    currency: str
    rate_e9: int | None
    rate_day: Day | None
    amounts: dict[str, int]


@dataclass(frozen=True)
class SourceRow:
    """One stored row behind a number, and the text it was read from.

    ``contributes`` is its part of the number, or of a quotient's numerator, and ``under`` its part of the
    denominator; ``counts_in`` says on which of the two sides it stands at all (``over`` where there is but one).
    ``gives`` is what was read from it, by what is worked out of it: an amount of a measure (``line.gross``), the
    value that is counted or ranked for a metric.  Import 0 without a file is a row that no file states.
    ``traded`` are the amounts of a row in another currency, as they were.
    """

    table: str
    import_id: int
    file: str
    sha256: str
    member: str | None
    record: int
    contributes: Number
    raw: dict[str, str]
    under: Number = 0
    counts_in: Literal["over", "under", "both"] = "over"
    day: Day | None = None
    gives: dict[str, tuple[object, ...]] = field(default_factory=dict)
    traded: tuple[Traded, ...] = ()


@dataclass(frozen=True)
class ImportBehind:
    """An import that a number rests on, with how many of the rows came with it; ``imported_utc`` in UTC seconds."""

    import_id: int
    file: str
    member: str | None
    imported_utc: int
    rows: int


@dataclass(frozen=True)
class Part:
    """A metric that another is made of, with its value there.

    ``side``: over and under of a quotient; ``sum`` with its ``sign``; ``part`` of anything else.
    """

    metric: str
    name: str
    value: Value
    side: Literal["over", "under", "sum", "part"] = "part"
    sign: int = 1
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a number is what it is.

    ``rows`` are those asked for of ``row_count``, from the ``offset``-th on; ``imports`` count all of them.
    ``numerator`` and ``denominator`` are the words for the two sides of a quotient, empty where it is none, and
    ``over`` and ``under`` their units (``money`` is in minor units); what is no quotient has its own unit above.
    """

    value: Value
    name: str
    definition: str
    formula: str
    row_count: int
    rows: tuple[SourceRow, ...]
    numerator: str = ""
    denominator: str = ""
    over: str = "count"
    under: str = "count"
    parts: tuple[Part, ...] = ()
    imports: tuple[ImportBehind, ...] = ()
    where: tuple[tuple[str, str], ...] = ()
    offset: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every row behind the number is among ``rows``."""
        return self.offset == 0 and len(self.rows) == self.row_count

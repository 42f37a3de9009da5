"""What a number is: measures that are summed ahead, and metrics made of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Unit = Literal["money", "count", "ratio", "days", "hours", "minutes", "seconds", "ms", "score", "times", "position", "units"]
Direction = Literal["higher", "lower", "neutral", "target_range"]


@dataclass(frozen=True)
class Measure:
    """A quantity that adds up over days and dimensions.

    ``view`` is a view of ``store/views.py`` with a ``day`` column; ``expression``
    is portable SQL over its columns that is summed.  Written ``view.name``.
    ``where`` restricts the rows.  Measures of one view are kept as daily sums in
    one table, ``sum_<view>``, by day and the view's summed dimensions.
    """

    view: str
    name: str
    expression: str
    where: str | None = None

    @property
    def id(self) -> str:
        return f"{self.view}.{self.name}"


@dataclass(frozen=True)
class Term:
    """A measure (``line.gross``) or another metric, with its sign."""

    of: str
    sign: int = 1


@dataclass(frozen=True)
class Sum:
    """Measures added up."""

    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Ratio:
    """One sum, or distinct count, over another.

    Both sides are summed before dividing, so a week is never the average of
    seven daily ratios.  ``scale`` multiplies the quotient (1000 for a CPM).
    """

    over: tuple[Term, ...]
    under: tuple[Term, ...]
    scale: float = 1.0
    complement: bool = False  # 1 - over/under


@dataclass(frozen=True)
class Distinct:
    """How many different values of ``of`` the rows of ``view`` hold; blanks never count.

    ``at_least`` counts only values that stand in that many rows.
    """

    view: str
    of: str
    where: str | None = None
    at_least: int = 1


@dataclass(frozen=True)
class Last:
    """A level: the measure on the last day of the period that has a snapshot."""

    measure: str


@dataclass(frozen=True)
class AverageLevel:
    """A level: slices of each snapshot day added, then the mean over the days that have one."""

    measure: str


@dataclass(frozen=True)
class Percentile:
    """Nearest rank: the smallest value whose cumulative count reaches ``p`` of all.

    ``weight`` is a column that counts how often the value occurred, or None.
    ``scale`` multiplies the result.
    """

    view: str
    of: str
    p: float
    where: str | None = None
    weight: str | None = None
    scale: float = 1.0


@dataclass(frozen=True)
class Deviation:
    """Sample standard deviation of ``of`` over the rows of ``view``, from n, sum and sum of squares."""

    view: str
    of: str
    where: str | None = None


@dataclass(frozen=True)
class Formula:
    """Arithmetic over other metrics: ``+ - * / ( )``, numbers and metric ids, each asked for the same scope."""

    text: str


Calculation: TypeAlias = Sum | Ratio | Distinct | Last | AverageLevel | Percentile | Deviation | Formula


@dataclass(frozen=True)
class Metric:
    """One number we show: what it means, how it is worked out and how it may be cut.

    Texts are by language (``en``, ``zh``).  ``dimensions`` are the keys ``--per``
    and ``--where`` accept.  ``needs`` names the coverage without which there is no
    number; ``wants`` the coverage whose absence makes it partial.  ``low_n`` is the
    base below which the value is flagged.
    """

    id: str
    area: str
    name: dict[str, str]
    definition: dict[str, str]
    formula_text: dict[str, str]
    calculation: Calculation
    unit: Unit
    direction: Direction
    dimensions: tuple[str, ...]
    grains: tuple[str, ...]
    needs: tuple[str, ...]
    wants: tuple[str, ...] = ()
    low_n: int | None = None
    edge_rules: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    short: dict[str, str] = field(default_factory=dict)
    decimals: int | None = None

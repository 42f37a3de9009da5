"""What the window asks of a reading workspace: a page, the standing of the data, an explanation, the ledger.

Each function runs in the reader's thread and gives back plain values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from ecoperf_desktop import actions
from ecoperf_desktop.errors import EcoPerfError
from ecoperf_desktop.model.calendars import CIVIL, Calendar
from ecoperf_desktop.model.days import Bucket, Day, Grain
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import Progress
from ecoperf_desktop.model.value import Explanation
from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports.blocks import Compare, PageSummary, RateChange, Reference, Scope
from ecoperf_desktop.store import standing
from ecoperf_desktop.store.coverage import Coverage
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.events import yearly

if TYPE_CHECKING:
    from pathlib import Path

    from ecoperf_desktop.metrics.catalogue import Catalogue
    from ecoperf_desktop.model.metric import OwnMetric
    from ecoperf_desktop.model.quality import SourceDays
    from ecoperf_desktop.reports.make.quality import Told
    from ecoperf_desktop.store.backup import Health
    from ecoperf_desktop.store.ledger import ImportEntry
    from ecoperf_desktop.store.restatements import Restated

_RESTATED = 50


@dataclass(frozen=True)
class LedgerView:
    """What the Data tab shows.

    ``covered`` holds, by kind of data, the covered days as ranges; ``titles`` the names of formats by id;
    ``told`` what is doubtful, ``nothing`` why nothing is; ``restated`` what the newest exports changed of what was known.
    """

    entries: tuple[ImportEntry, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    covered: Mapping[str, Sequence[tuple[Day, Day]]] = field(default_factory=dict)
    through: Day | None = None
    week_start: int = 1
    told: tuple[Told, ...] = ()
    nothing: str = ""
    sources: tuple[SourceDays, ...] = ()
    restated: tuple[Restated, ...] = ()


@dataclass(frozen=True)
class Standing:
    """What there is to choose from.  ``week`` is the newest whole week, None in an empty workspace.

    ``events`` are the codes of promotions and holidays to compare round.
    """

    generation: int = 0
    week: Bucket | None = None
    first: Day | None = None
    through: Day | None = None
    calendar: Calendar = CIVIL
    shops: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    brand_words: tuple[str, ...] = ()

    def scope(self, language: str, rate_change: RateChange, compare: Compare = "aligned") -> Scope | None:
        """Return the scope to begin with, None when there is nothing to show."""
        if self.week is None:
            return None
        return Scope.of(self.week, Grain.WEEK, compare=compare, language=language, rate_change=rate_change)


def stand(opened: Workspace) -> Standing:
    calendar = actions.calendar(opened)
    try:
        week = actions.last_week(opened)
    except EcoPerfError:
        return Standing(opened.generation, calendar=calendar, brand_words=tuple(actions.brand_words(opened)))
    coverage = Coverage.read(opened.conn)
    through = coverage.through("sales")
    return Standing(
        opened.generation, week, coverage.since(), coverage.through() if through is None else through, calendar,
        tuple(standing.shops(opened.conn)), tuple(standing.channels(opened.conn)), tuple(yearly(opened.conn)),
        tuple(actions.brand_words(opened)),
    )  # fmt: skip


@dataclass(frozen=True)
class Notices:
    """What a person is to be told when the window stands: codes and details of sentences; whether a check is due."""

    problems: tuple[tuple[str, dict[str, object]], ...]
    is_check_due: bool


def notices(opened: Workspace) -> Notices:
    """Ask what is to be said about the workspace's place and its backups; with the writer, so that it is said once."""
    problems = (actions.place_notice(opened), actions.backup_warning(opened))
    return Notices(tuple(problem for problem in problems if problem is not None), actions.is_check_due(opened))


def look_over(path: Path, progress: Progress) -> Health:
    """Check the whole file on a connection of its own."""
    with actions.workspace(path) as opened:
        return actions.check(opened, progress)


def summary(opened: Workspace, page: str, scope: Scope) -> PageSummary:
    return actions.summary(opened, page, scope)


def explanation(opened: Workspace, reference: Reference, limit: int = 20, offset: int = 0) -> Explanation:
    return actions.explain(opened, reference.metric, reference.period, reference.where, limit, offset)


KnownMetrics: TypeAlias = "tuple[Catalogue, list[OwnMetric]]"


def known_metrics(opened: Workspace) -> KnownMetrics:
    """Return all metrics, and what a person wrote of them."""
    return actions.known_metrics(opened), actions.own_metrics(opened)


def sides(opened: Workspace, metric_id: str) -> tuple[str, str]:
    """Return the units of a quotient's two sides, ``money`` or ``count``; both the metric's own when it is none."""
    from ecoperf_desktop.metrics.sides import side_units

    known = actions.known_metrics(opened)
    return side_units(known, known.metric(metric_id))


def ledger_view(opened: Workspace, language: str) -> LedgerView:
    from ecoperf_desktop.reports.make.quality import nothing_text, tell
    from ecoperf_desktop.store import restatements

    coverage = Coverage.read(opened.conn)
    titles, currency = format_titles(language), opened.reporting_currency
    quality = actions.quality(opened)
    return LedgerView(
        tuple(actions.ledger(opened)), titles, {kind: coverage.ranges(kind) for kind in coverage.kinds()}, quality.through,
        actions.week_start(opened), tuple(tell(doubt, language, currency, titles) for doubt in quality.doubts),
        nothing_text(quality, language), quality.sources, tuple(restatements.summed_up(opened.conn, limit=_RESTATED)),
    )  # fmt: skip


def doubts_to_mend(opened: Workspace) -> int:
    """Return how many doubts about the data make numbers wrong."""
    return actions.quality(opened).grave


def findings(opened: Workspace, import_id: int) -> list[Finding]:
    from ecoperf_desktop.store import ledger

    return ledger.findings(opened.conn, import_id)


@cache
def format_titles(language: str) -> Mapping[str, str]:
    """Return the names of the formats we ship, by id."""
    from ecoperf_desktop.importing.shelf import shipped

    return {known.id: known.title.get(language) or known.title.get("en", known.id) for known in shipped()}


def metric_names(opened: Workspace, language: str) -> dict[str, tuple[str, str]]:
    """Return the name of every metric, and the words it can be found by, by id."""
    return {
        metric.id: (metric.name[language], " ".join((*metric.aliases, *metric.short.values(), metric.definition[language])))
        for metric in actions.known_metrics(opened).metrics.values()
    }

"""A page worked out: asks the engine everything at once, then fills the blocks the page lists.

Called for the tab, the sheet, the text and the JSON alike, so that all of them show the same numbers from the same
rounding.  Nothing here reads the clock, and nothing heavy is imported: the Overview is painted from it at start-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import assert_never

from ecoperf_desktop import collector
from ecoperf_desktop.errors import UsageError
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.reports import facts as standing_facts
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    HALF,
    Block,
    Bridge,
    Empty,
    Facts,
    Notes,
    PageSummary,
    Scope,
    Span,
    Table,
    Trend612,
)
from ecoperf_desktop.reports.bridges import (
    PROFIT_METRICS,
    SALES_METRICS,
    ask_prices,
    price_bridge,
    profit_bridge,
    sales_bridge,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.make import (
    buyers,
    charts,
    grouped,
    ledger,
    money,
    people,
    scores,
    selling,
    spend,
    stock,
    tables,
    web,
)
from ecoperf_desktop.reports.pages import PAGES
from ecoperf_desktop.reports.pages.shape import (
    Breakdown,
    BridgeKind,
    BridgeOf,
    Budgets,
    Cards,
    Claims,
    ClassesOf,
    Cohorts,
    Costs,
    DeviceGap,
    Discuss,
    Doubts,
    DriversBy,
    Duties,
    Entry,
    FunnelOf,
    Headline,
    LabRuns,
    Ledger,
    LinesOf,
    NewAndReturning,
    Numbers,
    Outages,
    Page,
    Partners,
    PartsOf,
    Pauses,
    People,
    Privacy,
    ProfitChain,
    PromoterCard,
    Promoters,
    Reorder,
    RepeatCard,
    Returns,
    Scorecard,
    Searches,
    Segments,
    ShopScores,
    Sources,
    SpendBy,
    SpendDots,
    StepsOf,
    Told,
    Trainings,
    Trends,
    UpByDay,
)
from ecoperf_desktop.store import coverage, standing

# Months differ by up to three days, which everyone knows; retail periods by a week, and some years.
UNEQUAL = 3

BRIDGES: dict[BridgeKind, Callable[[Desk, Span], Bridge | None]] = {
    "net_sales": sales_bridge,
    "profit": profit_bridge,
    "prices": price_bridge,
}


def summarise(engine: Engine, page_id: str, scope: Scope) -> PageSummary:
    """Work out the page ``page_id`` for ``scope``; raise UsageError when there is no such page.

    A page of which nothing is known holds one Empty block.
    """
    return summaries(engine, (page_id,), scope)[0]


def summaries(engine: Engine, page_ids: Sequence[str], scope: Scope) -> list[PageSummary]:
    """Work out several pages; what they share is asked for once.  Raise UsageError for an unknown page."""
    for page_id in page_ids:
        if page_id not in PAGES:
            raise UsageError("reports.unknown_page", page=page_id, pages=", ".join(PAGES))
    # Some ten thousand small objects would send the collector over all of them again and again.
    with collector.resting():
        pages = [PAGES[page_id] for page_id in page_ids]
        desk = Desk.laid(engine, scope, coverage.data_through(engine.conn), standing.currency(engine.conn))
        for page in pages:
            for entry in page.entries:
                _ask(desk, entry)
        standing_facts.ask(desk)
        desk.batch.run()
        for page in pages:
            for entry in page.entries:
                if isinstance(entry, Reorder):
                    stock.ask_reorder_rows(desk, entry)
                elif isinstance(entry, SpendBy | Searches):
                    spend.ask_rows(desk, entry)
                elif isinstance(entry, Breakdown):
                    tables.ask_parts(desk, entry)
                    if (by := grouped.dimension(desk, entry)) is not None:
                        grouped.ask_groups(desk, entry, by)
        desk.batch.run()
        if scope.groups:
            _ask_groups(desk, pages)
        facts = standing_facts.facts(desk)
        made = [_summary(desk, page, facts) for page in pages]
        engine.forget()
        return made


def _ask_groups(desk: Desk, pages: Sequence[Page]) -> None:
    """Ask for the rows of tables that are to stand in groups: which rows are the largest is known only after the groups."""
    for ask in (grouped.ask_rows, grouped.ask_rest):
        for page in pages:
            for entry in page.entries:
                if isinstance(entry, Breakdown) and (by := grouped.dimension(desk, entry)) is not None:
                    ask(desk, entry, by)
        desk.batch.run()


def _breakdown(desk: Desk, entry: Breakdown) -> Table | None:
    by = grouped.dimension(desk, entry)
    table = tables.breakdown(desk, entry) if by is None else grouped.grouped(desk, entry, by)
    return None if table is None else replace(table, groups=grouped.offered(desk, entry))


def _summary(desk: Desk, page: Page, facts: Facts) -> PageSummary:
    watched = _watched(desk, page)
    blocks: list[Block] = []
    for entry in page.entries:
        blocks.extend(_made(desk, page, entry, watched))
    if not any(scores.says_something(block) for block in blocks):
        blocks = [_empty(desk, page)]
    blocks = _with_silent_trends_named(desk, blocks)
    return PageSummary(
        page.id,
        desk.say(f"page_{page.id}"),
        desk.scope,
        _period_text(desk),
        _scope_text(desk),
        tuple(blocks),
        facts,
        _footnotes(desk, blocks),
        sum(1 for metric in watched if desk.state(metric).mark in ("up", "down", "off_target")),
    )


def _with_silent_trends_named(desk: Desk, blocks: list[Block]) -> list[Block]:
    """Leave out trends that have no point at all; one note says which, and what they lack."""
    silent = [block for block in blocks if isinstance(block, Trend612) and not scores.says_something(block)]
    if not silent:
        return blocks
    lines = tuple(f"{block.title}: {block.figure.reason or desk.say('no_figure')}" for block in silent)
    kept = [block for block in blocks if not any(block is one for one in silent)]
    return [*kept, Notes(desk.say("title_silent"), lines, HALF)]


def _ask(desk: Desk, entry: Entry) -> None:
    times = desk.times
    match entry:
        case Headline(metric):
            desk.ask_numbers(desk.known((metric,)))
        case Scorecard():
            desk.ask_numbers([metric for _, metrics in scores.groups(desk, entry) for metric in metrics])
        case Cards(metrics):
            desk.ask_numbers(desk.known(metrics))
        case Trends(inputs, outputs):
            desk.ask_trend(desk.known((*inputs, *outputs)))
        case BridgeOf("net_sales"):
            for period in (times.period, times.base):
                desk.batch.want(desk.known(SALES_METRICS), period)
        case BridgeOf("prices"):
            ask_prices(desk)
        case BridgeOf():
            for period in (times.period, times.base):
                desk.batch.want(desk.known(PROFIT_METRICS), period)
        case Breakdown():
            tables.ask_breakdown(desk, entry)
        case People():
            people.ask_people(desk, entry)
        case Duties():
            people.ask_duties(desk, entry)
        case Trainings():
            people.ask_trainings(desk)
        case Reorder() | StepsOf() | ClassesOf() | Partners():
            stock.ask(desk, entry)
        case UpByDay() | Outages() | LabRuns() | DeviceGap():
            web.ask(desk, entry)
        case Claims() | SpendBy() | SpendDots() | Searches():
            spend.ask(desk, entry)
        case LinesOf():
            charts.ask_lines(desk, entry)
        case PartsOf(_, metrics):
            desk.batch.want(desk.known(metrics), times.period)
        case FunnelOf():
            selling.ask_funnel(desk, entry)
        case DriversBy():
            selling.ask_drivers(desk, entry)
        case Numbers():
            money.ask_numbers(desk, entry)
        case ProfitChain():
            money.ask_chain(desk)
        case Costs():
            money.ask_costs(desk)
        case Budgets():
            money.ask_budgets(desk, entry)
        case RepeatCard() | PromoterCard() | Cohorts() | Segments() | NewAndReturning() | Pauses() | Returns() | Promoters() | Told():
            buyers.ask(desk, entry)
        case Discuss() | Ledger() | Sources() | Doubts() | Privacy() | ShopScores():
            pass
        case _:
            assert_never(entry)


def _made(desk: Desk, page: Page, entry: Entry, watched: Sequence[str]) -> list[Block]:
    match entry:
        case Headline(metric):
            return [scores.headline(desk, metric, watched)] if desk.known((metric,)) else []
        case Scorecard():
            return [scores.scorecard(desk, entry)]
        case Discuss():
            return [scores.discuss(desk, entry, watched)]
        case Cards(metrics):
            return [scores.card(desk, metric) for metric in desk.known(metrics)]
        case Trends(inputs, outputs):
            made: list[Block] = [charts.trend(desk, metric, "input", entry.span) for metric in desk.known(inputs)]
            made.extend(charts.trend(desk, metric, "output", entry.span) for metric in desk.known(outputs))
            return made
        case BridgeOf():
            bridge = BRIDGES[entry.kind](desk, entry.span)
            return [bridge] if bridge else []
        case Breakdown():
            return [block for block in (_breakdown(desk, entry),) if block]
        case People():
            return [block for block in (people.people(desk, entry),) if block]
        case Duties():
            return [block for block in (people.duties(desk, entry),) if block]
        case Trainings():
            return [block for block in (people.trainings(desk, entry),) if block]
        case Privacy():
            return [people.privacy(desk, entry)]
        case FunnelOf():
            return [block for block in (selling.funnel(desk, entry),) if block]
        case DriversBy():
            return [block for block in (selling.drivers(desk, entry),) if block]
        case Numbers():
            return [block for block in (money.numbers(desk, entry),) if block]
        case ProfitChain():
            return [block for block in (money.chain(desk, entry),) if block]
        case Costs():
            return [block for block in (money.costs(desk, entry),) if block]
        case Budgets():
            return [block for block in (money.budgets(desk, entry),) if block]
        case Reorder() | StepsOf() | ClassesOf() | Partners():
            return [block for block in (stock.made(desk, entry),) if block]
        case UpByDay() | Outages() | LabRuns() | DeviceGap():
            return [block for block in (web.made(desk, entry),) if block]
        case Claims() | SpendBy() | SpendDots() | Searches():
            return [block for block in (spend.made(desk, entry),) if block]
        case LinesOf():
            return [charts.lines(desk, entry)] if desk.known((entry.metric,)) else []
        case PartsOf():
            return [block for block in (charts.parts(desk, entry),) if block]
        case RepeatCard() | PromoterCard() | Cohorts() | Segments() | NewAndReturning() | Pauses() | Returns() | Promoters() | Told():
            return [block for block in (buyers.made(desk, entry),) if block]
        case ShopScores():
            return [block for block in (buyers.shop_scores(desk, entry),) if block]
        case Ledger():
            return [ledger.imports(desk, entry)]
        case Sources():
            return [ledger.sources(desk, entry)]
        case Doubts():
            from ecoperf_desktop.reports.make import quality  # no part of start-up

            return [quality.doubts(desk, entry)]
        case _:
            assert_never(entry)


def _watched(desk: Desk, page: Page) -> list[str]:
    """Return the metrics of the page that are judged, each once."""
    found: dict[str, None] = {}
    for entry in page.entries:
        match entry:
            case Scorecard():
                found.update(dict.fromkeys(metric for _, metrics in scores.groups(desk, entry) for metric in metrics))
            case Cards(metrics):
                found.update(dict.fromkeys(metrics))
            case Trends(inputs, outputs):
                found.update(dict.fromkeys((*inputs, *outputs)))
            case LinesOf():
                found[entry.judged] = None
            case _:
                pass
    return desk.known(found)


def _empty(desk: Desk, page: Page) -> Empty:
    title = desk.say(f"page_{page.id}")
    if desk.through is None:
        return Empty(title, desk.say("empty_workspace"), desk.say(f"needs_{page.id}"))
    period = _period_text(desk)
    return Empty(title, desk.say("empty_page", page=title, period=period), desk.say(f"needs_{page.id}"))


def _footnotes(desk: Desk, blocks: Sequence[Block]) -> tuple[str, ...]:
    """Return the notes that marks on the page refer to."""
    notes = []
    if any(scores.has_dagger(block) for block in blocks):
        notes.append(desk.say("dagger"))
    if desk.times.is_running:
        notes.append(desk.say("running", covered=desk.times.period.days, days=desk.scope.period.days))
    own, base = desk.times.period.days, desk.times.base.days
    if abs(own - base) > UNEQUAL:
        notes.append(desk.say("unequal", own=own, base=base))
    notes.append(desk.compare_text())
    return tuple(notes)


def _period_text(desk: Desk) -> str:
    times = desk.times
    if times.grain is None:
        return figures.span_text(desk.scope.period, desk.language)
    return figures.bucket_title(times.series[-1], times.grain, desk.language)


def _scope_text(desk: Desk) -> str:
    """Return the shops and channels the page speaks of."""
    shops = [desk.scope.shop] if desk.scope.shop else standing.shops(desk.engine.conn)
    text = desk.say("list_joint").join(shops)
    return desk.say("shop_and_channel", shops=text, channel=desk.scope.channel) if desk.scope.channel else text

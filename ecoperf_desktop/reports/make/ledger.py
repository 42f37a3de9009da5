"""Where the numbers come from: the imports, and what each source covers."""

from __future__ import annotations

from datetime import UTC, datetime

from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import Period, day_of
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import Column, Figure, NumberCell, PillCell, Row, Table, TextCell, Tone
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.facts import covered_days
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.store import standing
from ecoperf_desktop.store.standing import Covered

_TONES: dict[str, Tone] = {"late": "worse", "in_time": "neutral"}


def imports(desk: Desk, entry: shape.Ledger) -> Table:
    """Return the ledger, newest import first."""
    # The ledger's own room brings numpy for undoing; reading it is no part of start-up.
    from ecoperf_desktop.store import ledger

    made = ledger.count(desk.engine.conn)
    heads = (("new", "number"), ("changed", "number"), ("same", "number"), ("refused", "number"))
    columns = (
        Column("when", desk.say("head_when"), "text", 1.2),
        Column("file", desk.say("head_file"), "text", 2.6),
        Column("source", desk.say("head_source"), "text", 1.1, drop=2),
        Column("format", desk.say("head_format"), "text", 1.3, drop=3),
        Column("days", desk.say("head_days"), "text", 1.9),
        *(Column(key, desk.say(f"head_{key}"), "number", 0.8) for key, _ in heads),
        Column("state", desk.say("head_state"), "pill", 0.9),
    )
    rows = []
    for found in reversed(ledger.imports(desk.engine.conn, entry.most)):
        when = datetime.fromtimestamp(found.imported_utc, UTC)
        is_undone = found.state == "undone"
        rows.append(
            Row(
                (
                    TextCell(f"{figures.day_text(day_of(when.date()), desk.language)} {when:%H:%M}", muted=is_undone),
                    TextCell(f"{found.file} › {found.member}" if found.member else found.file, strong=not is_undone, muted=is_undone),
                    TextCell(found.source, muted=is_undone),
                    TextCell(found.format, muted=True),
                    TextCell(figures.span_text(found.period, desk.language) if found.period else figures.MISSING, muted=is_undone),
                    *(
                        NumberCell(Figure(count, figures.grouped(figures.rounded(count))), muted=is_undone)
                        for count in (found.rows.new, found.rows.changed, found.rows.unchanged, found.rows.rejected)
                    ),
                    PillCell(desk.say("import_undone" if is_undone else "import_active"), "quiet" if is_undone else "neutral"),
                ),
                str(found.import_id),
            )
        )
    corner = desk.say("rows_of", shown=len(rows), all=made) if made > len(rows) else ""
    return Table("imports", desk.say("title_imports"), columns, tuple(rows), desk.say("imports_subtitle"), corner, span=entry.span)


def sources(desk: Desk, entry: shape.Sources) -> Table:
    """Return what each source covers, how many days of the period it leaves out, and whether it is in time."""
    # Judging the sources is no part of start-up either.
    from ecoperf_desktop.analysis.quality import days_of_sources
    from ecoperf_desktop.reports.make.quality import kind_name, pace_text

    spans: dict[tuple[str, str, str | None], list[Covered]] = {}
    for span in standing.covered(desk.engine.conn):
        spans.setdefault((span.source, span.kind, span.shop), []).append(span)
    columns = (
        Column("source", desk.say("head_source"), "text", 1.6),
        Column("kind", desk.say("head_kind"), "text", 1.4),
        Column("shop", desk.say("head_shop"), "text", 1.4, drop=1),
        Column("days", desk.say("head_days"), "text", 2.2),
        Column("covered", desk.say("head_covered"), "number", 0.9),
        Column("period", desk.period_name(), "number", 1.0),
        Column("rhythm", sentence("quality.head_rhythm", desk.language), "text", 1.1, drop=2),
        Column("pace", sentence("quality.head_pace", desk.language), "pill", 1.2),
    )
    paces = {(one.source, one.kind, one.shop): one for one in days_of_sources(desk.engine.conn)}
    rows = []
    for (source, kind, shop), mine in sorted(spans.items(), key=lambda pair: (pair[0][0], pair[0][1], pair[0][2] or "")):
        whole = Period(min(span.first for span in mine), max(span.last for span in mine))
        pace = paces.get((source, kind, shop))
        days, own = len(covered_days(mine, whole)), len(covered_days(mine, desk.scope.period))
        rows.append(
            Row(
                (
                    TextCell(source, strong=True),
                    TextCell(kind_name(kind, desk.language)),
                    TextCell(shop or desk.say("company")),
                    TextCell(figures.span_text(whole, desk.language)),
                    NumberCell(Figure(days, figures.grouped(figures.rounded(days)))),
                    NumberCell(Figure(own, desk.say("of_days", covered=own, days=desk.scope.period.days))),
                    TextCell(sentence("quality.rhythm", desk.language, n=pace.rhythm) if pace and pace.rhythm else figures.MISSING, muted=True),
                    PillCell(pace_text(pace, desk.language) if pace else figures.MISSING, _TONES.get(pace.pace if pace else "", "quiet")),
                ),
                f"{source}/{kind}/{shop or ''}",
            )
        )
    return Table("sources", desk.say("title_sources"), columns, tuple(rows), desk.say("sources_subtitle"), span=entry.span)

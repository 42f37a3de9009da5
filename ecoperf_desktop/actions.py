"""Everything a person can ask for.  The window and the command line call these and nothing else."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ecoperf_desktop import language
from ecoperf_desktop import paths as places
from ecoperf_desktop.errors import EcoPerfError, FileRefused, MetricRefused, UsageError, WorkspaceError
from ecoperf_desktop.model.calendars import Calendar
from ecoperf_desktop.model.days import Bucket, Day, Grain, Period, bucket_of
from ecoperf_desktop.model.importing import FileReport, ImportReport, Progress, no_progress
from ecoperf_desktop.model.value import Explanation, Question, Value
from ecoperf_desktop.store import sums
from ecoperf_desktop.store.database import Workspace

if TYPE_CHECKING:
    from decimal import Decimal

    from ecoperf_desktop.importing.apart import ReadingProcess
    from ecoperf_desktop.importing.container import Member
    from ecoperf_desktop.importing.known_fields import Catalogue
    from ecoperf_desktop.importing.plan import FilePlan, ImportPlan
    from ecoperf_desktop.importing.suggest import Draft
    from ecoperf_desktop.importing.trial import Trial
    from ecoperf_desktop.metrics.catalogue import Catalogue as Metrics
    from ecoperf_desktop.metrics.evaluate import Engine
    from ecoperf_desktop.model.metric import Metric, OwnMetric
    from ecoperf_desktop.model.quality import Quality
    from ecoperf_desktop.reports.blocks import PageSummary, Scope
    from ecoperf_desktop.reports.pack import Pack
    from ecoperf_desktop.store.answers import Answer, Changed
    from ecoperf_desktop.store.backup import Health, Problem, Restored
    from ecoperf_desktop.store.copies import Copy
    from ecoperf_desktop.store.events import Event
    from ecoperf_desktop.store.ledger import ImportEntry
    from ecoperf_desktop.store.privacy import Personal
    from ecoperf_desktop.store.rate_changes import RateChanged
    from ecoperf_desktop.store.rates import Known, Wanted
    from ecoperf_desktop.store.restatements import Restated, Restatement
    from ecoperf_desktop.store.safekeeping import Damaged
    from ecoperf_desktop.store.salvage import Salvaged

# Heavy rooms (importing pulls numpy, reports pull pages) are imported where they are used, so
# that the window paints before any of them is loaded.


@dataclass(frozen=True)
class ImportChoices:
    """How files are to be read: what ``--format``, ``--mapping``, ``--source`` and ``--set`` say."""

    format: str | None = None
    mappings: tuple[Path, ...] = ()
    source: str | None = None
    settings: tuple[tuple[str, str], ...] = ()


def open_workspace(path: Path, *, write: bool = False) -> Workspace:
    """Open the workspace, created when it is absent; close it again yourself.

    Daily sums that another release declared differently are made anew when it is
    opened for writing, and the days of events marked anew.  Raise the WorkspaceError family.
    """
    if not write and not os.path.lexists(path):
        Workspace.open(path, write=True).close()
    opened = Workspace.open(path, write=write)
    if write and not opened.read_only:
        from ecoperf_desktop.store import events

        if not sums.are_current(opened.conn) or not events.are_current(opened.conn):
            with opened.transaction() as conn:
                sums.ensure(conn)
                events.follow(conn)
    return opened


@contextlib.contextmanager
def workspace(path: Path, *, write: bool = False) -> Iterator[Workspace]:
    """Open the workspace as ``open_workspace`` does, and close it again."""
    opened = open_workspace(path, write=write)
    try:
        yield opened
    finally:
        opened.close()


@contextlib.contextmanager
def reading_apart(paths: Sequence[Path], choices: ImportChoices) -> Iterator[ReadingProcess | None]:
    """Have a process ready for a long text, for as long as it is imported; None where it would not be worth it."""
    from ecoperf_desktop.importing import apart

    if not apart.worth_it(paths):
        yield None
        return
    with apart.ReadingProcess(choices.mappings) as process:
        yield process


def plan_import(
    paths: Sequence[Path], choices: ImportChoices, opened: Workspace, progress: Progress = no_progress, *, unseen: bool = False,
    apart: ReadingProcess | None = None,
) -> ImportPlan:
    """Read files, folders and zips and say what would be loaded; nothing is stored.

    ``unseen`` plans for a load that follows at once: a single long text is read while it is stored, by ``apart``.
    """
    from ecoperf_desktop.importing.plan import ImportOptions, plan
    from ecoperf_desktop.store import ledger as room

    options = ImportOptions(
        format=choices.format,
        mappings=choices.mappings,
        source=choices.source,
        settings=dict(choices.settings),
    )
    confirmed = partial(room.is_confirmed, opened)
    return plan(paths, options, opened.answers, progress, unseen=unseen, apart=apart, confirmed=confirmed)


def is_imported(opened: Workspace, file: FilePlan) -> bool:
    """Say whether the bytes of a planned file are imported already, read the same way."""
    from ecoperf_desktop.store.load import known_import

    if file.prepared is None:
        return False
    head = file.prepared.head
    known = known_import(opened.conn, sha256=head.sha256, member=head.member, format_id=head.format_id, source=head.answers.source)
    return known is not None


def apply_import(
    planned: ImportPlan, opened: Workspace, progress: Progress = no_progress, *, dry_run: bool = False
) -> ImportReport:
    """Load a plan: each file whole or not at all.

    A copy of the workspace is begun before, when one is due; it never stops the import (see ``backup_warning``).  Raise
    WorkspaceError with the megabytes needed when the disk has no room for the files.
    """
    from ecoperf_desktop.importing.plan import apply
    from ecoperf_desktop.store import safekeeping

    if not dry_run and not opened.read_only:
        safekeeping.require_room_for_import(opened, {Path(file.path) for file in planned.files})
        safekeeping.before_import(opened)
    return apply(planned, opened, progress, dry_run=dry_run)


def ledger(opened: Workspace) -> list[ImportEntry]:
    from ecoperf_desktop.store import ledger as room

    return room.imports(opened.conn)


def undo(opened: Workspace, import_ids: Sequence[int], progress: Progress = no_progress) -> None:
    """Take imports back as if they had never been; raise EcoPerfError for an unknown or undone one.

    A copy of the workspace is begun before.
    """
    from ecoperf_desktop.store import ledger as room
    from ecoperf_desktop.store import safekeeping

    safekeeping.before_undo(opened)
    room.undo(opened, import_ids, progress)


def engine(opened: Workspace) -> Engine:
    from ecoperf_desktop.metrics.evaluate import Engine

    return Engine(opened.conn, known_metrics(opened), calendar=calendar(opened))


def known_metrics(opened: Workspace | None) -> Metrics:
    """Return every metric: the shipped ones and, of a workspace, the person's own."""
    from ecoperf_desktop.metrics.catalogue import catalogue
    from ecoperf_desktop.metrics.own import with_own
    from ecoperf_desktop.store import own_metrics as room

    return catalogue() if opened is None else with_own(catalogue(), room.own_metrics(opened.conn))


def own_metrics(opened: Workspace) -> list[OwnMetric]:
    from ecoperf_desktop.store import own_metrics as room

    return room.own_metrics(opened.conn)


def check_own_metric(opened: Workspace, own: OwnMetric) -> Metric:
    """Return the metric that ``own`` describes; raise MetricRefused that says what is wrong with it."""
    from ecoperf_desktop.metrics.own import checked

    return checked(own, known_metrics(opened))


def keep_own_metric(opened: Workspace, own: OwnMetric) -> Metric:
    """Check and keep a metric of one's own, in place of an earlier one of the same id; raise MetricRefused."""
    from ecoperf_desktop.store import own_metrics as room

    metric = check_own_metric(opened, own)
    with opened.transaction():
        room.keep(opened.conn, own)
    return metric


def remove_own_metric(opened: Workspace, metric_id: str) -> None:
    """Remove a metric of one's own; raise MetricRefused when there is none or another one is made of it."""
    from ecoperf_desktop.metrics.own import made_of
    from ecoperf_desktop.store import own_metrics as room

    others = made_of(metric_id, room.own_metrics(opened.conn))
    if others:
        raise MetricRefused("metrics.own_needed", id=metric_id, others=", ".join(others))
    with opened.transaction():
        if not room.remove(opened.conn, metric_id):
            raise MetricRefused("metrics.own_unknown", id=metric_id)


def calendar(opened: Workspace) -> Calendar:
    """Return how the workspace's days fall into weeks, months and the periods of its financial year."""
    from ecoperf_desktop.store import calendars as room

    return room.calendar(opened.conn)


def calendar_settings(opened: Workspace) -> dict[str, str]:
    """Return every setting of the calendar."""
    from ecoperf_desktop.store import calendars as room

    return room.settings(opened.conn)


def change_calendar(opened: Workspace, changes: Mapping[str, str]) -> Calendar:
    """Change settings of the calendar, all or none; raise UsageError that names what can be chosen."""
    from ecoperf_desktop.store import calendars as room

    return room.change(opened, changes)


def brand_words(opened: Workspace) -> list[str]:
    """Return the words by which people search for the shop itself."""
    from ecoperf_desktop.store import brands as room

    return room.words(opened.conn)


def change_brand_words(opened: Workspace, text: str) -> list[str]:
    """Keep the words of a line with commas between them as brand words; return them as they are kept."""
    from ecoperf_desktop.store import brands as room

    with opened.transaction():
        return room.keep(opened.conn, room.read(text))


def events(opened: Workspace, year: int | None = None) -> list[Event]:
    """Return the promotions and holidays of all years, or of one: shipped, imported and typed."""
    from ecoperf_desktop.store import events as room

    return room.events(opened.conn, year)


def set_event(
    opened: Workspace, code: str, year: int, first: str, last: str, anchor: str | None = None, kind: str | None = None
) -> Event:
    """Enter an event, or other days of a known one; raise EcoPerfError for what are no days of one."""
    from ecoperf_desktop.store import events as room

    return room.put(opened, code, year, first, last, anchor, kind)


def remove_event(opened: Workspace, code: str, year: int) -> Event:
    """Let an event of one year count no longer; raise EcoPerfError when there is none."""
    from ecoperf_desktop.store import events as room

    return room.remove(opened, code, year)


def reset_event(opened: Workspace, code: str, year: int) -> Event | None:
    """Forget what was typed of an event; return it as it is then, None when nothing else speaks of it."""
    from ecoperf_desktop.store import events as room

    return room.reset(opened, code, year)


def week_start(opened: Workspace) -> int:
    """Return 1 for weeks from Monday (the default), 7 for weeks from Sunday."""
    return calendar(opened).week_start


def values(opened: Workspace, question: Question) -> list[Value]:
    return engine(opened).answer([question])[0]


def explain(
    opened: Workspace,
    metric: str,
    period: Period,
    where: Sequence[tuple[str, str]] = (),
    limit: int | None = 20,
    offset: int = 0,
) -> Explanation:
    """Return why a number is what it is, with ``limit`` of the rows behind it (None: all) from the ``offset``-th on."""
    from ecoperf_desktop.metrics.explain import explain as explain_metric

    return explain_metric(engine(opened), metric, period, tuple(where), limit, offset=offset)


def last_week(opened: Workspace) -> Bucket:
    """Return the newest week that ended on or before the day the data reach; raise when there are none."""
    from ecoperf_desktop.store.coverage import data_through

    through = data_through(opened.conn)
    if through is None:
        raise EcoPerfError("cli.nothing_imported")
    start = week_start(opened)
    bucket = bucket_of(through, Grain.WEEK, start)
    return bucket if bucket.period.last <= through else bucket_of(bucket.period.first - 1, Grain.WEEK, start)


def bucket(opened: Workspace, text: str) -> tuple[Bucket, Grain]:
    """Read a bucket as a person writes it (``2011-W05``, ``2011-05``, ``2011-Q2``, ``FY2011-P03``, ``last``)."""
    if text == "last":
        return last_week(opened), Grain.WEEK
    try:
        return calendar(opened).parse(text)
    except ValueError:
        raise UsageError("cli.bad_period", text=text) from None


def summary(opened: Workspace, page: str, scope: Scope) -> PageSummary:
    """Work out one page: every number, sentence and mark that the tab, the sheet and the text show."""
    from ecoperf_desktop.reports.summary import summarise

    return summarise(engine(opened), page, scope)


def pack(opened: Workspace, scope: Scope, pages: Sequence[str]) -> Pack:
    from ecoperf_desktop.reports.pack import pack as make_pack

    return make_pack(engine(opened), scope, tuple(pages))


def report(opened: Workspace, scope: Scope, pages: Sequence[str], target: Path, paper: str = "A4") -> None:
    """Write the printed summary; the form follows the file's name.

    The old file stays until the new one is whole.
    """
    writers = {".pdf": _write_pdf, ".html": _write_html, ".txt": _write_text, ".json": _write_json}
    write = writers.get(target.suffix.lower())
    if write is None:
        raise UsageError("cli.report_form", suffix=target.suffix or target.name, forms=", ".join(sorted(writers)))
    made = pack(opened, scope, pages)
    try:
        with places.replacing(target) as draft:
            write(made, draft, paper)
    except OSError as problem:
        raise WorkspaceError("cli.cannot_write", path=str(target), problem=problem.strerror or str(problem)) from problem


def answers(opened: Workspace) -> list[Answer]:
    """Return what was answered once about every source that has an import."""
    from ecoperf_desktop.store import answers as room

    return room.answers(opened.conn)


def change_answer(opened: Workspace, source: str, key: str, value: str) -> Changed:
    """Change an answer (keys and values as ``--set`` takes them) and restate what depends on it, in one transaction.

    ``left`` of what is returned names the files that have to be imported again. Raise EcoPerfError for what is no answer.
    """
    from ecoperf_desktop.store import answers as room

    if key not in ("tz", "day_start"):
        return room.change(opened, source, key, value)
    from ecoperf_desktop.importing.clocks import clocks_of

    return room.change(opened, source, key, value, clocks_of(opened.conn, source))


def exchange_rates(opened: Workspace, currency: str | None = None) -> tuple[list[Known], list[Wanted]]:
    """Return the rates known into the workspace's currency, the newest first, and those that stored rows wait for."""
    from ecoperf_desktop.store import rates as room

    reporting = opened.reporting_currency
    known = [] if reporting is None else room.known(opened.conn, reporting, currency)
    return known, [one for one in room.wanted(opened.conn) if currency in (None, one.currency)]


def set_rate(opened: Workspace, currency: str, day: Day, rate: Decimal | None) -> RateChanged:
    """Say what one unit of a currency was worth on a day, or with None take back what was said; all amounts follow.

    Raise EcoPerfError for what is no rate or no currency.
    """
    from ecoperf_desktop.store import rate_changes as room

    return room.take_back(opened, currency, day) if rate is None else room.put(opened, currency, day, rate)


def restatements(
    opened: Workspace, period: Period | None = None, import_ids: Sequence[int] | None = None, limit: int | None = None
) -> list[Restatement]:
    """Return what newer exports and changed answers made of what was known, the newest first."""
    from ecoperf_desktop.store import restatements as room

    return room.restatements(opened.conn, period, import_ids, limit)


def restated(
    opened: Workspace, period: Period | None = None, import_ids: Sequence[int] | None = None, limit: int | None = None
) -> list[Restated]:
    """Return the same, counted by import or answer, table and field."""
    from ecoperf_desktop.store import restatements as room

    return room.summed_up(opened.conn, period, import_ids, limit)


def personal(opened: Workspace, progress: Progress = no_progress) -> list[Personal]:
    """Return what in the workspace looks personal; nothing, when all is well."""
    from ecoperf_desktop.store import privacy

    return privacy.search(opened.conn, progress)


def check(opened: Workspace, progress: Progress = no_progress) -> Health:
    """Check every page, reference and count; a writer remembers the day when all is well."""
    from ecoperf_desktop.store import backup

    return backup.check(opened, progress)


def is_check_due(opened: Workspace) -> bool:
    """Say whether the last whole check is a week old."""
    from ecoperf_desktop.store import safekeeping

    return safekeeping.is_check_due(opened)


def quality(opened: Workspace) -> Quality:
    """Say what is doubtful about the data, with what mends it, and how each source comes."""
    from ecoperf_desktop.analysis.quality import look_over

    return look_over(opened.conn)


def write_products_to_complete(opened: Workspace, target: Path) -> int:
    """Write the products without cost or category as a list to fill in (.xlsx, .csv); return how many there are.

    Those sold of late come first, by what they sold.
    """
    from ecoperf_desktop.analysis.quality import incomplete_products
    from ecoperf_desktop.importing.filling import write_products

    gaps = incomplete_products(opened.conn)
    try:
        write_products(gaps, target, opened.reporting_currency)
    except ValueError:
        raise UsageError("quality.list_form", suffix=target.suffix or target.name) from None
    except OSError as problem:
        raise WorkspaceError("cli.cannot_write", path=str(target), problem=problem.strerror or str(problem)) from problem
    return len(gaps)


def back_up(opened: Workspace, folder: Path | None = None, *, pinned: bool = False, progress: Progress = no_progress) -> Copy:
    """Make a proven copy of the workspace, in its own folder of backups or in another one; raise WorkspaceError."""
    from ecoperf_desktop.store import backup, safekeeping

    copy = backup.back_up(opened, folder, pinned=pinned, progress=progress)
    if folder is None:
        problem = safekeeping.keep_second(copy, opened.path)
        if problem is not None:
            raise WorkspaceError(problem[0], **problem[1])
    return copy


def backups(path: Path) -> list[Copy]:
    """Return the backups of the workspace at ``path``, the newest first; it need not be open, nor there."""
    from ecoperf_desktop.store import backup

    return backup.backups(path)


def newest_backup(path: Path, progress: Progress = no_progress) -> Copy | None:
    """Return the newest backup that passes the whole check now."""
    from ecoperf_desktop.store import backup

    return backup.newest_backup(path, progress)


def verify_backup(copy: Copy, progress: Progress = no_progress) -> Health:
    """Read a whole backup and say what a restore would say."""
    from ecoperf_desktop.store import backup

    return backup.verify(copy, progress)


def pin_backup(copy: Copy, pinned: bool = True) -> Copy:
    """Keep a backup for good, or let it be thinned out again."""
    from ecoperf_desktop.store import copies

    return copies.pin(copy, pinned)


def back_up_on_exit(opened: Workspace, progress: Progress = no_progress) -> Copy | None:
    """Make a backup when something changed since the newest one; what goes wrong is kept for ``backup_warning``."""
    from ecoperf_desktop.store import safekeeping

    return safekeeping.on_exit(opened, progress)


def finish_backups(opened: Workspace, progress: Progress = no_progress) -> None:
    """Wait for a copy that was begun before an import or undo; closing the workspace does so too."""
    from ecoperf_desktop.store import safekeeping

    safekeeping.finish(opened, progress)


def backup_warning(opened: Workspace) -> Problem | None:
    """Return what is wrong with the copies that are made by themselves, at most once a day."""
    from ecoperf_desktop.store import safekeeping

    return safekeeping.warning(opened)


def place_notice(opened: Workspace) -> Problem | None:
    """Return that the workspace lies on a disk of another computer or in a folder that is copied, once a workspace."""
    from ecoperf_desktop.store import safekeeping

    return safekeeping.place_notice(opened)


def restore(path: Path, copy: Path, progress: Progress = no_progress) -> Restored:
    """Put a backup in the place of the workspace, which may not be open; what it replaces is kept."""
    from ecoperf_desktop.store import backup

    return backup.restore(path, copy, progress)


def damaged(path: Path, progress: Progress = no_progress) -> Damaged | None:
    """Look again at a workspace that was found damaged, set it aside and say what there is; None when it is sound after all."""
    from ecoperf_desktop.store import safekeeping

    return safekeeping.look_at_damage(path, progress)


def salvage(kept: Path, path: Path, progress: Progress = no_progress) -> Salvaged:
    """Read what can be read of a damaged file into a new workspace at ``path``."""
    from ecoperf_desktop.store import salvage as room

    return room.salvage(kept, path, progress)


def demo(
    opened: Workspace, folder: Path, *, shop: str = "small", orders: int | None = None, progress: Progress = no_progress
) -> ImportReport:
    """Write the demo shop's exports below ``folder`` as real platform files and import them like any others."""
    from ecoperf_desktop.demo.shop import write

    reports: list[FileReport] = []
    for delivery in write(folder, shop=shop, orders=orders):
        choices = ImportChoices(source=delivery.source, settings=delivery.settings)
        planned = plan_import(delivery.paths, choices, opened, progress)
        reports.extend(apply_import(planned, opened, progress).files)
    return ImportReport(tuple(reports))


def write_templates(folder: Path) -> list[Path]:
    """Write our own tables as empty workbooks and texts into ``folder``; files that are there are left alone."""
    from ecoperf_desktop.importing.templates import write
    from ecoperf_desktop.metrics.catalogue import catalogue

    return write(folder, known={"metric": sorted(catalogue().metrics)})


def write_template(format_id: str, target: Path) -> None:
    """Write one of our own empty tables to fill in (.xlsx, .csv); raise UsageError when there is none of that id."""
    from ecoperf_desktop.importing.templates import templates, write_one

    template = next((one for one in templates() if one.format_id == format_id), None)
    if template is None:
        raise UsageError("importing.no_such_format", format=format_id, known=", ".join(one.format_id for one in templates()))
    try:
        write_one(template, target, language.current())
    except ValueError:
        raise UsageError("quality.list_form", suffix=target.suffix or target.name) from None
    except OSError as problem:
        raise WorkspaceError("cli.cannot_write", path=str(target), problem=problem.strerror or str(problem)) from problem


def member_of(path: Path) -> Member:
    """Return the one file that a path is; raise FileRefused for a folder, an archive of several, or nothing."""
    from ecoperf_desktop.importing.container import members

    if path.is_dir():
        raise FileRefused("importing.suggest_one_file", path=str(path))
    inside = list(members(path)) if path.exists() else []
    if len(inside) != 1:
        raise FileRefused("importing.suggest_one_file" if inside else "importing.absent", path=str(path))
    return inside[0]


def suggest_format(member: Member, *, partly: bool = False) -> Draft:
    """Return what an unknown file could be; with ``partly`` also what still lacks something, for a person to complete.

    Raise FileRefused for what is no table or fits none of ours.
    """
    from ecoperf_desktop.importing import suggest
    from ecoperf_desktop.importing.shelf import shipped

    formats = shipped()
    ids = [outlined.id for outlined in formats.outlines]
    return suggest.suggest(member, list(formats), ids, partly=partly)


def sources(opened: Workspace) -> list[str]:
    """Return the names of the sources that were imported from."""
    return [str(name) for (name,) in opened.conn.execute("SELECT name FROM source ORDER BY name")]


def field_catalogue() -> Catalogue:
    """Return what columns can be, with the headers of all formats at hand."""
    from ecoperf_desktop.importing.known_fields import catalogue
    from ecoperf_desktop.importing.shelf import shipped

    return catalogue().with_headers(shipped())


def draft_text(draft: Draft, known: Catalogue) -> str:
    """Return a draft as a descriptor's text; raise FileRefused for what it lacks."""
    from ecoperf_desktop.importing import drafting

    drafting.form(draft, known)  # what would not be read is not given out
    return drafting.toml(draft, known)


def try_format(draft: Draft, known: Catalogue, member: Member, choices: ImportChoices, opened: Workspace) -> Trial:
    """Say what the first records of a file become by a draft; nothing is stored.

    Raise FileRefused for what the draft lacks.
    """
    from ecoperf_desktop.importing import drafting, trial

    source = choices.source or draft.platform
    return trial.tried(member, drafting.form(draft, known), source, dict(choices.settings), opened.answers(source))


def keep_format(draft: Draft, known: Catalogue) -> Path:
    """Write a draft into the person's folder of formats, never over another; return where."""
    from ecoperf_desktop import paths
    from ecoperf_desktop.importing import drafting
    from ecoperf_desktop.importing.shelf import shipped

    if draft.id in [outlined.id for outlined in shipped().outlines]:
        raise FileRefused("importing.suggest_exists", path=draft.id)
    return drafting.keep(draft_text(draft, known), draft.id, paths.user_formats())


def with_setting(choices: ImportChoices, name: str, value: str) -> ImportChoices:
    kept = tuple(pair for pair in choices.settings if pair[0] != name)
    return replace(choices, settings=(*kept, (name, value)))


def _write_pdf(made: Pack, target: Path, paper: str) -> None:
    from ecoperf_desktop.reports.paper import write_pdf

    write_pdf(made, target, paper)


def _write_html(made: Pack, target: Path, paper: str) -> None:
    from ecoperf_desktop.reports.html import html

    target.write_text(html(made), encoding="utf-8")


def _write_text(made: Pack, target: Path, paper: str) -> None:
    from ecoperf_desktop.reports.text import text

    target.write_text(text(made), encoding="utf-8")


def _write_json(made: Pack, target: Path, paper: str) -> None:
    from ecoperf_desktop.reports.as_json import as_json

    target.write_text(as_json(made), encoding="utf-8")

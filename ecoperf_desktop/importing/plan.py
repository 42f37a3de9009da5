"""What an import would do, and doing it: preview, dry run and import share one plan."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Literal

from ecoperf_desktop import paths
from ecoperf_desktop.errors import Cancelled, FileRefused, UsageError
from ecoperf_desktop.importing import descriptor, limits
from ecoperf_desktop.importing.answers import asked, check_settings
from ecoperf_desktop.importing.apart import ReadingProcess
from ecoperf_desktop.importing.container import Member, as_text
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.importing.detect import Detector, Recognised
from ecoperf_desktop.importing.prepare import (
    SEVERAL_CURRENCIES,
    Prepared,
    ReadAgain,
    Stretch,
    begin,
    findings_of,
    in_each_currency,
    member_of,
    prepare,
)
from ecoperf_desktop.importing.shelf import Shelf, shipped
from ecoperf_desktop.importing.sources import Found, found
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import Answers, FileReport, ImportReport, Progress, RowCounts, Status
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.ledger import confirm
from ecoperf_desktop.store.load import Loaded, Loading, known_import, loading

# What says that something met in a folder or archive is no export, rather than a broken one.
_NO_EXPORT = frozenset({"importing.unknown_format", "importing.near_miss"})
# Whether a person has confirmed a format for a source, by source and format id.
Confirmed = Callable[[str, str], bool]
_HELD_AT_ONCE = 128 * limits.MIB  # of all files together


@dataclass(frozen=True)
class ImportOptions:
    """How files are to be read: what ``--format``, ``--mapping``, ``--source`` and ``--set`` say."""

    format: str | None = None
    mappings: tuple[Path, ...] = ()
    source: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict)
    dry_run: bool = False


@dataclass(frozen=True)
class FilePlan:
    """What would become of one file or member.

    ``outcome`` is ``load``, ``refused`` (the first finding says why) or ``skipped`` (met in a
    folder or archive, and no export).  ``question`` is the ``--set`` key whose answer would let a
    refused file in.  ``rows`` counts by table what would be asserted.  ``unmapped`` are the
    headers nobody takes.  Of a file that is only begun the counts, findings and days are not known yet.
    """

    path: Path
    member: str | None
    name: str
    outcome: Literal["load", "refused", "skipped"]
    findings: tuple[Finding, ...] = ()
    question: str | None = None
    format: Format | None = None
    sha256: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    answers: Answers | None = None
    period: Period | None = None
    period_from: str | None = None
    as_of: int | None = None
    as_of_from: str | None = None
    read: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)
    rejected: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    prepared: Prepared | None = field(default=None, repr=False)
    file: Member | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ImportPlan:
    """Everything an import would do; nothing is stored yet."""

    files: tuple[FilePlan, ...]
    options: ImportOptions

    @property
    def questions(self) -> tuple[str, ...]:
        """Return the ``--set`` keys that refused files wait for."""
        return tuple(dict.fromkeys(file.question for file in self.files if file.question))

    @property
    def refused(self) -> bool:
        return any(file.outcome == "refused" for file in self.files)


def plan(
    paths: Sequence[Path], options: ImportOptions, known: Callable[[str], Answers | None], progress: Progress, *,
    unseen: bool = False, apart: ReadingProcess | None = None, confirmed: Confirmed = lambda source, format_id: False,
) -> ImportPlan:
    """Read files, folders and archives once and say what would be loaded; nothing is written.

    ``unseen`` says that nobody looks at the plan before it is loaded: a single text is then only begun,
    and read to its end while it is being stored, by ``apart`` where that is given.  The import is the same.

    ``known`` gives what was answered about a source before, ``confirmed`` whether a person has confirmed that an
    unverified format reads that source rightly.  Raises UsageError for options
    that make no sense, MappingError for a wrong descriptor and Cancelled; everything that is wrong
    with a file is in its FilePlan.
    """
    formats = _formats(options)
    check_settings(options.settings, formats)
    only = _only(formats, options.format)
    detector = Detector(formats)
    ticker = _Ticker(progress)
    with ThreadPoolExecutor(1, thread_name_prefix="raw text") as compressor:
        planner = _Planner(options, known, detector, only, compressor, ticker, apart if unseen else None, confirmed, unseen)
        try:
            met = found(paths, ticker.looking)
            first = list(islice(met, 2))
            plans = [file for one in chain(first, met) for file in planner.planned(one, begin_only=unseen and len(first) == 1)]
            plans = planner.asked_again(plans)
        except BaseException:
            compressor.shutdown(wait=False, cancel_futures=True)
            raise
    ticker.finished()
    if not plans:
        plans = [_refused(Found(path, True, None), FileRefused("importing.empty_folder", path=as_text(path))) for path in paths]
    elif all(file.outcome == "skipped" for file in plans):
        # Whoever names a folder or an archive expects something of it.
        named = Path(paths[0])
        plans.append(_refused(Found(named, True, None), FileRefused("importing.nothing_to_read", path=as_text(named), n=len(plans))))
    return ImportPlan(tuple(plans), options)


def apply(plan: ImportPlan, workspace: Workspace, progress: Progress, *, dry_run: bool = False) -> ImportReport:
    """Load a plan, each file whole or not at all, oldest first; with ``dry_run`` nothing stays.

    Raises Cancelled; files that were whole by then stay and are counted in its sentence.
    """
    dry_run = dry_run or plan.options.dry_run
    reports: dict[int, list[FileReport]] = {}
    waiting = [number for number, file in enumerate(plan.files) if file.outcome == "load"]
    waiting.sort(key=lambda number: (plan.files[number].as_of or 0, number))
    if not dry_run:
        _set_reporting_currency(plan, workspace)
    stored = 0
    ticker = _Ticker(progress)
    for done, number in enumerate(waiting):
        file = plan.files[number]
        try:
            progress(done, len(waiting), file.name)
            reports[number] = _applied(file, workspace, dry_run, ticker)
        except Cancelled as stop:
            if stored:
                stop.code, stop.details = "importing.stopped_after", {"n": stored}
            raise
        stored += any(one.status == "loaded" for one in reports[number]) and not dry_run
        if any(one.status in ("loaded", "unchanged") for one in reports[number]) and not dry_run:
            _remember_confirmed(file, plan.options, workspace)
    with suppress(Cancelled):  # all is stored: there is nothing left to stop
        progress(len(waiting), len(waiting), "")
    return ImportReport(tuple(
        report for number, file in enumerate(plan.files) for report in reports.get(number) or [_report(file, _STATUS[file.outcome])]
    ))  # fmt: skip


_STATUS: dict[str, Status] = {"refused": "refused", "skipped": "skipped", "load": "loaded"}


class _Planner:
    def __init__(
        self, options: ImportOptions, known: Callable[[str], Answers | None], detector: Detector, only: Format | None,
        compressor: ThreadPoolExecutor, ticker: _Ticker, apart: ReadingProcess | None, confirmed: Confirmed, unseen: bool,
    ) -> None:
        self._options = options
        self._known = known
        self._detector = detector
        self._only = only
        self._compressor = compressor
        self._ticker = ticker
        self._apart = apart
        self._confirmed = confirmed
        self._unseen = unseen
        self._told: dict[str, Answers] = {}
        self._held = 0

    def planned(self, one: Found, *, begin_only: bool = False) -> list[FilePlan]:
        """Return what would become of one member: a plan for each of its tables.

        ``begin_only`` reads no more of a text than its beginning, where that decides how the rest is read.
        """
        member = one.member
        if member is None:
            return [_refused(one, one.problem or FileRefused("importing.absent", path=as_text(one.path)))]
        recognised: tuple[Recognised, ...] = ()
        try:
            self._check_size(member)
            recognised = self._detector.recognise(member, self._options.settings, self._only)
            begin_only = begin_only and member.kind == "text" and len(recognised) == 1
            return [plan for table in recognised for plan in self._table_planned(one, member, table, begin_only)]
        except FileRefused as problem:
            passed_over = not one.named and (
                problem.code in _NO_EXPORT if member.problem is None else not member.damaged
            )
            return [_refused(one, problem, skipped=passed_over)]
        finally:
            for table in recognised[:1]:
                table.close()

    def asked_again(self, plans: list[FilePlan]) -> list[FilePlan]:
        """Plan anew the files whose question another file of the same source has answered."""
        again: list[FilePlan] = []
        done: set[str | None] = set()
        for file in plans:
            answered = file.question in ("currency", "tz") and file.format is not None and self._source(file.format) in self._told
            if not answered or file.file is None:
                again.append(file)
            elif file.sha256 not in done:
                done.add(file.sha256)
                again.extend(self.planned(Found(file.path, True, file.file)))
        return again

    def _source(self, form: Format) -> str:
        return self._options.source or form.platform

    def _table_planned(self, one: Found, member: Member, recognised: Recognised, begin_only: bool) -> list[FilePlan]:
        """Return what would become of one table: a plan, or one for each currency of its amounts."""
        form = recognised.form
        source = self._source(form)
        known = self._known(source) or self._told.get(source)
        asked = (source, self._options.settings, known)
        doubt = self._doubt(form, source, member)
        if doubt is not None and self._unseen:
            return [_refused(one, doubt, form, part=recognised.part)]
        try:
            made = self._begun(member, recognised, asked) if begin_only else None
            every = [made] if made is not None else self._prepared(member, recognised, asked)
            if not member.unchanged():
                raise FileRefused("importing.being_written", file=member.name)
        except FileRefused as problem:
            return [_refused(one, problem, form, part=recognised.part)]
        if doubt is not None:
            # What it would become is shown beside the question; it is read again when that is answered.
            every[0].let_go_but_first()
            return [_with_sample(_refused(one, doubt, form, part=recognised.part), every[0])]
        for prepared in every:
            self._hold(prepared)
            self._told.setdefault(source, prepared.head.answers)
        return [
            _with_outcome(
                FilePlan(one.path, prepared.head.member, member.name, "load", format=form, sha256=member.sha256, prepared=prepared, file=member),
                prepared,
            )
            for prepared in every
        ]

    def _begun(self, member: Member, recognised: Recognised, asked: tuple[str, Mapping[str, str], Answers | None]) -> Prepared | None:
        try:
            return begin(member, recognised, *asked, apart=self._apart)
        except FileRefused as problem:
            if problem.code != SEVERAL_CURRENCIES:
                raise
            return None

    def _prepared(
        self, member: Member, recognised: Recognised, asked: tuple[str, Mapping[str, str], Answers | None]
    ) -> list[Prepared]:
        tick = self._ticker.reading(member)
        try:
            return [prepare(member, recognised, *asked, self._compressor, tick)]
        except FileRefused as problem:
            if problem.code != SEVERAL_CURRENCIES:
                raise
            return in_each_currency(problem, member, recognised, *asked, self._compressor, tick)

    def _doubt(self, form: Format, source: str, member: Member) -> FileRefused | None:
        """Return what a person has to confirm before an unverified format may be used, None when there is nothing.

        Formats of the person's own, and one that was named, are what the person wants.
        """
        if form.verified != "unverified" or self._only is not None or self._options.settings.get("confirm") == "yes":
            return None
        if form.path.parent != paths.resources() / "formats" or self._confirmed(source, form.id):
            return None
        return FileRefused("importing.confirm_format", file=member.name, format=form.id, source=source)

    def _hold(self, made: Prepared) -> None:
        """Keep a file's rows for the import as long as all files together are not too much; else it is read again then."""
        self._held += made.size
        if self._held > _HELD_AT_ONCE and made.stretches is not None:
            self._held -= made.size
            made.let_go()

    def _check_size(self, member: Member) -> None:
        if member.kind == "text" and member.size > limits.TEXT_FILE_ASKED and "large" not in self._options.settings:
            raise FileRefused("importing.large", file=member.name, size=limits.shown(member.size))


class _Ticker:
    """Tells of progress at most 20 times a second."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._next = 0.0

    def looking(self, done: int, total: int, what: str) -> None:
        self._tell(done, total, what)

    def reading(self, member: Member) -> Callable[[int], None]:
        read = 0

        def tick(more: int) -> None:
            nonlocal read
            read += more
            self._tell(min(read, member.size), max(member.size, 1), member.name)

        return tick

    def finished(self) -> None:
        self._next = 0.0
        self._tell(1, 1, "")

    def _tell(self, done: int, total: int, what: str) -> None:
        now = time.monotonic()
        if now >= self._next:
            self._next = now + 0.05
            self._progress(done, total, what)


def _with_outcome(file: FilePlan, made: Prepared) -> FilePlan:
    """Return the plan of a file with what reading it showed."""
    head = made.head
    return replace(
        file, findings=tuple(made.findings), encoding=head.encoding, delimiter=head.delimiter, answers=head.answers, period=head.period,
        period_from=made.period_from, as_of=head.as_of, as_of_from=head.as_of_from, read=made.read, dropped=made.dropped,
        rejected=made.rejected, rows=made.tables, unmapped=made.unmapped, prepared=made,
    )


def _with_sample(file: FilePlan, made: Prepared) -> FilePlan:
    """Return a refused plan with what its file would become, for a person to look at."""
    shown = _with_outcome(file, made)
    return replace(shown, findings=(*file.findings, *shown.findings))


def _formats(options: ImportOptions) -> Shelf:
    """Return the shipped formats and the given ones, which win on equal id."""
    given = descriptor.read_all(options.mappings) if options.mappings else []
    return shipped().with_given(given)


def _only(formats: Shelf, wanted: str | None) -> Format | None:
    if wanted is None:
        return None
    ids = [outlined.id for outlined in formats.outlines]
    if wanted in ids:
        return formats[ids.index(wanted)]
    near = [known for known in ids if wanted.split(".")[0] in known] or ids
    raise UsageError("importing.no_such_format", format=wanted, known=", ".join(sorted(near)[:20]))


def _refused(
    one: Found, problem: FileRefused, form: Format | None = None, *, skipped: bool = False, part: str | None = None
) -> FilePlan:
    member = one.member
    return FilePlan(
        path=one.path,
        member=member_of(member, part) if member else part,
        name=member.name if member else as_text(one.path.name),
        outcome="skipped" if skipped else "refused",
        findings=findings_of(problem),
        question=None if skipped else asked(problem),
        format=form,
        sha256=member.sha256 if member else None,
        file=member,
    )


def _set_reporting_currency(plan: ImportPlan, workspace: Workspace) -> None:
    wanted = plan.options.settings.get("reporting_currency")
    if wanted is None:
        return
    before = workspace.reporting_currency
    if before is None:
        workspace.set_setting("reporting_currency", wanted)
    elif before != wanted:
        raise UsageError("importing.reporting_currency", before=before, wanted=wanted)


def _remember_confirmed(file: FilePlan, options: ImportOptions, workspace: Workspace) -> None:
    """Keep that a person confirmed an unverified format for a source."""
    if file.format is None or file.prepared is None or file.format.verified != "unverified":
        return
    if options.settings.get("confirm") == "yes" or options.format is not None:
        confirm(workspace, file.prepared.head.answers.source, file.format.id)


def _applied(file: FilePlan, workspace: Workspace, dry_run: bool, ticker: _Ticker) -> list[FileReport]:
    """Load one file; a refusal by the store, or by what is read only now, is its report.

    There are several reports where only now several currencies were met in it.
    """
    made = file.prepared
    assert made is not None and file.file is not None
    head = made.head
    known = known_import(
        workspace.conn, sha256=head.sha256, member=head.member, format_id=head.format_id, source=head.answers.source
    )
    stretches = _stretches(made, file.file, ticker, keep=dry_run)
    try:
        if known is not None:
            return [_unchanged(file, made, known, stretches)]
        with loading(workspace, head, dry_run=dry_run) as load:
            loaded = _loaded(load, made, stretches)
            ticker.finished()  # the last moment at which the person can stop it
    except ReadAgain:
        return [
            report
            for one in _read_whole(file, made, ticker)
            for report in (_applied(one, workspace, dry_run, ticker) if one.outcome == "load" else [_report(one, "refused")])
        ]
    except FileRefused as problem:
        if problem is made.refusal:
            return [_report(_refused(Found(file.path, True, file.file), problem, file.format), "refused")]
        return [_report(file, "refused", findings=findings_of(problem))]
    file = _with_outcome(file, made)
    rows = loaded.rows
    findings = (*file.findings, *loaded.findings)
    status: Status = "loaded" if rows.new or rows.changed or not rows.unchanged else "unchanged"
    return [_report(file, status, None if dry_run else loaded.import_id, rows, loaded.period, findings)]


def _read_whole(file: FilePlan, made: Prepared, ticker: _Ticker) -> list[FilePlan]:
    """Plan a file to its end whose rest decides otherwise than its beginning."""
    assert file.file is not None
    try:
        with ThreadPoolExecutor(1, thread_name_prefix="raw text") as compressor:
            every = made.read_whole(compressor, ticker.reading(file.file))
    except FileRefused as problem:
        return [_refused(Found(file.path, True, file.file), problem, file.format)]
    return [_with_outcome(replace(file, member=one.head.member), one) for one in every]


def _unchanged(file: FilePlan, made: Prepared, import_id: int, stretches: Iterator[Stretch]) -> FileReport:
    """Report a file that is stored already."""
    if not made.is_read:
        for _ in stretches:
            pass  # only its rows are counted
    dropped = sum(made.dropped.values())
    counts = RowCounts(read=made.read, unchanged=made.read - dropped - made.rejected, dropped=dropped, rejected=made.rejected)
    return _report(_with_outcome(file, made), "unchanged", import_id, counts)


def _loaded(load: Loading, made: Prepared, stretches: Iterator[Stretch]) -> Loaded:
    for stretch in stretches:
        if stretch.tables:
            load.assert_rows(stretch.tables)
        for waiting in stretch.raw:
            for chunk in waiting():
                load.keep_raw(*chunk)
    for kind, (first, last) in made.covers.items():
        load.cover(kind, first, last)
    return load.finish(read=made.read, dropped=made.dropped, findings=made.findings, rejected=made.rejected)


def _stretches(made: Prepared, file: Member, ticker: _Ticker, *, keep: bool) -> Iterator[Stretch]:
    """Yield what was kept of the file, or read it: to its end, or again with the same decisions."""
    if made.stretches is not None and keep:
        yield from made.stretches
        return
    if made.stretches is not None:
        # What is loaded need not be held any longer; should the load fail, the file is read again.
        kept = made.stretches[::-1]
        made.let_go()
        while kept:
            yield kept.pop()
        return
    if not file.unchanged():
        raise FileRefused("importing.being_written", file=file.name)
    yield from made.stream(ticker.reading(file))
    if not file.unchanged():
        raise FileRefused("importing.being_written", file=file.name)


def _report(
    file: FilePlan, status: Status, import_id: int | None = None, rows: RowCounts | None = None, period: Period | None = None,
    findings: tuple[Finding, ...] | None = None,
) -> FileReport:
    refused = status in ("refused", "skipped")
    return FileReport(
        path=as_text(file.path),
        member=file.member,
        sha256=file.sha256,
        import_id=import_id,
        status=status,
        format=file.format.id if file.format else None,
        encoding=file.encoding,
        delimiter=file.delimiter,
        period=period or file.period,
        rows=rows or RowCounts(),
        dropped={} if refused else dict(file.dropped),
        findings=file.findings if findings is None else findings,
    )

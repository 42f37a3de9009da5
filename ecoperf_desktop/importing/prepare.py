"""One recognised file: what its rows become, what is dropped or refused, which days it covers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import PurePosixPath

import numpy as np

from ecoperf_desktop import paths
from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import limits
from ecoperf_desktop.importing.answers import resolved
from ecoperf_desktop.importing.apart import Begun, Ended, ReadingProcess, Whole
from ecoperf_desktop.importing.binding import Bound
from ecoperf_desktop.importing.checks import Checking
from ecoperf_desktop.importing.container import Member, as_text
from ecoperf_desktop.importing.descriptor import Emit, Format, normal
from ecoperf_desktop.importing.detect import Recognised, Table
from ecoperf_desktop.importing.emit import Emitter
from ecoperf_desktop.importing.evaluation import FileFacts, Rows, is_absent
from ecoperf_desktop.importing.period import AsOfFrom, PeriodFrom, business_day, stated_as_of, stated_period
from ecoperf_desktop.importing.raw import Chunk, chunks_of
from ecoperf_desktop.importing.redaction import of_columns
from ecoperf_desktop.importing.split import TableReader, header_findings
from ecoperf_desktop.importing.text import Block
from ecoperf_desktop.importing.typed import Decisions, ReadAgain, Typing, absent_values
from ecoperf_desktop.importing.usual import absent_columns
from ecoperf_desktop.model.columns import Asserted, Coded, Numbers
from ecoperf_desktop.model.days import Period, iso
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import Answers, ImportHead
from ecoperf_desktop.model.money import exponent

REJECTED_LEAST, REJECTED_SHARE = 10, 0.05
SEVERAL_CURRENCIES = "importing.currencies"
KEPT_MOST = 64 * limits.MIB  # of rows held between the plan and its import; beyond it the file is read twice

Compressor = ThreadPoolExecutor
Tick = Callable[[int], None]
RawChunks = Callable[[], list[Chunk]]  # waits for the compression and returns what it made


@dataclass
class Stretch:
    """What one block of the file gives: rows of tables, and its text, compressed on another thread.

    ``size`` is how many bytes of the file it stands for.
    """

    tables: list[Asserted]
    size: int = 0
    text: RawChunks | None = field(default=None, repr=False)
    raw: list[RawChunks] = field(default_factory=list, repr=False)

    def compress(self, compressor: Compressor) -> None:
        """Have the text compressed; it is not held any longer than that takes."""
        if self.text is not None:
            self.raw, self.text = [compressor.submit(self.text).result], None


@dataclass
class Prepared:
    """A file that would be loaded.

    ``stretches`` is None when it was too much to keep, and of a file that is only begun.
    Of the latter the head is known; the counts, findings and days stand when ``stream`` has
    come to its end.
    """

    head: ImportHead
    form: Format
    read: int
    dropped: dict[str, int]
    rejected: int
    findings: list[Finding]
    tables: dict[str, int]
    covers: dict[str, tuple[int, int]]
    period_from: PeriodFrom | None
    unmapped: tuple[str, ...]
    stretches: list[Stretch] | None
    reading: _Reading = field(repr=False)
    size: int = 0
    newest: int | None = None  # the latest time that a column says about the file's age
    is_read: bool = True
    refusal: FileRefused | None = None  # what reading on showed

    def let_go(self) -> None:
        """Forget the rows; the import reads the file again."""
        self.stretches, self.size = None, 0

    def let_go_but_first(self) -> None:
        """Forget all rows but the first stretch, which is only looked at."""
        if self.stretches is not None:
            self.stretches, self.size = self.stretches[:1], 0

    def stream(self, tick: Tick) -> Iterator[Stretch]:
        """Yield the stretches as the file is read, on from where it was begun or once more, with the same decisions.

        Raises what ``prepare`` raises, and ReadAgain where the rest of a file that was only begun decides
        otherwise than its beginning: nothing of what was yielded holds then, and ``read_whole`` is to be called.
        """
        try:
            whole = yield from self.reading.stream(tick)
        except FileRefused as problem:
            self.refusal = problem
            raise
        for name, value in vars(whole).items():
            setattr(self, name, value)

    def read_whole(self, compressor: Compressor, tick: Tick) -> list[Prepared]:
        """Return the file read to its end: once for each currency where the rest of it showed several."""
        reading = self.reading
        try:
            return [reading.prepared(compressor, tick)]
        except FileRefused as problem:
            if problem.code != SEVERAL_CURRENCIES:
                raise
            given = (reading.member, reading.recognised, reading.source, reading.settings, reading.known)
            return in_each_currency(problem, *given, compressor, tick)


def prepare(
    member: Member, recognised: Recognised, source: str, settings: Mapping[str, str], known: Answers | None, compressor: Compressor,
    tick: Tick,
) -> Prepared:
    """Read the file once and say what it would become; ``tick`` hears of bytes read and may raise Cancelled.

    Raises FileRefused when nothing of it may be stored.
    """
    return _Reading(member, recognised, source, settings, known).prepared(compressor, tick)


def in_each_currency(
    problem: FileRefused, member: Member, recognised: Recognised, source: str, settings: Mapping[str, str], known: Answers | None,
    compressor: Compressor, tick: Tick,
) -> list[Prepared]:
    """Read a file once for each currency that ``problem`` found in it: an import of its own, without the rows of the others."""
    found = str(problem.details["found"]).split(", ")
    return [
        prepare(member, replace(recognised, part=" ".join(filter(None, (recognised.part, one)))), source, {**settings, "currency": one},
                known, compressor, tick)
        for one in found
    ]  # fmt: skip


def begin(
    member: Member, recognised: Recognised, source: str, settings: Mapping[str, str], known: Answers | None, *,
    apart: ReadingProcess | None = None,
) -> Prepared | None:
    """Read the beginning of a file, which decides how the rest is read; None when all of it has to be read first.

    ``apart`` is the process that is to read it, None for this one.  Raises FileRefused like ``prepare``, as far as
    the beginning shows.
    """
    return _Reading(member, recognised, source, settings, known).begun(apart)


class _Reading:
    def __init__(
        self, member: Member, recognised: Recognised, source: str, settings: Mapping[str, str], known: Answers | None
    ) -> None:
        self.member = member
        self.recognised = recognised
        self.form = recognised.form
        self.source = source
        self.settings = settings
        self.known = known
        self.table = recognised.table
        try:
            self.answers, self.given = resolved(self.form, source, settings, known, self.table.bound, member.name)
        except FileRefused as problem:
            if problem.code != "importing.ask_currency" or not _only_noughts(self.form, self.table):
                raise
            # Nothing was earned or spent: no currency is needed to say so, and no amount is stored without one.
            self.table = _without_money(self.table)
            self.answers, self.given = resolved(self.form, source, settings, known, self.table.bound, member.name)
        self.decisions = Decisions(currency=self.answers.currency, tz=self.answers.tz, day_start_min=self.answers.day_start_min)
        if self.decisions.tz is None and self.form.answers.tz is None and not _has_datetime(self.table.bound):
            self.decisions.tz = "UTC"
        preamble = self.table.preamble
        self.as_of, self.as_of_from = stated_as_of(self.form, member, preamble, settings, self.answers.tz)
        self.period, self.period_from = self._period(preamble)
        # How the file has to be read, as far as that is known by now.
        self._looked_at_all = False
        self._whole = False
        self._begun: Callable[[Tick], Generator[Stretch, None, Prepared]] | None = None

    def prepared(self, compressor: Compressor, tick: Tick) -> Prepared:
        """Read with what the first block decides; where a later one decides otherwise, or a group is split, read again."""
        while True:
            attempt = self._attempt()
            try:
                stretches = attempt.kept(compressor, tick)
            except ReadAgain as reason:
                self._note(reason)
                continue
            return self._judged(attempt, stretches)

    def begun(self, apart: ReadingProcess | None) -> Prepared | None:
        """Read the first block, here or apart."""
        if self.form.as_of.column is not None:
            return None  # how old the file is stands in its rows
        try:
            begun = self._begun_here() if apart is None else self._begun_apart(apart)
        except ReadAgain as reason:
            self._note(reason)
            return None
        if begun is None:
            return None
        return Prepared(
            self._head(begun.newest), self.form, 0, {}, 0, [], {}, {}, self.period_from, self.table.bound.unmapped, None, self,
            newest=begun.newest, is_read=False,
        )

    def _begun_here(self) -> Begun | None:
        attempt = self._attempt()
        stretches = attempt.stretches()
        first = next(stretches, None)
        if first is None:
            return None
        self._begun = partial(self._streamed, attempt, chain((first,), stretches))
        return Begun(self.decisions.currency, attempt.newest)

    def _begun_apart(self, apart: ReadingProcess) -> Begun | None:
        job = {
            "path": str(self.member.path.absolute()), "sha256": self.member.sha256, "size": self.member.size, "mtime": self.member.mtime,
            "format": self.form.id, "source": self.source, "settings": dict(self.settings),
            "known": None if self.known is None else asdict(self.known),
        }
        try:
            begun = apart.begin(job, recognised_as(self.recognised))
        except Ended:
            return self._begun_here()
        if begun is not None:
            self.decisions.currency = begun.currency
            self._begun = partial(self._streamed_apart, apart)
        return begun

    def stream(self, tick: Tick) -> Generator[Stretch, None, Prepared]:
        """Yield the stretches, then return what is found at the end."""
        begun, self._begun = self._begun, None
        if begun is None:
            attempt = self._attempt()
            begun = partial(self._streamed, attempt, attempt.stretches())
        try:
            return (yield from begun(tick))
        except ReadAgain as reason:
            self._note(reason)
            raise
        finally:
            self.recognised.close()

    def _streamed(self, attempt: _Attempt, stretches: Iterator[Stretch], tick: Tick) -> Generator[Stretch, None, Prepared]:
        with ThreadPoolExecutor(1, thread_name_prefix="raw text") as compressor:
            for stretch in stretches:
                tick(stretch.size)
                stretch.compress(compressor)
                yield stretch
        return self._judged(attempt, None)

    def _streamed_apart(self, apart: ReadingProcess, tick: Tick) -> Generator[Stretch, None, Prepared]:
        pieces = apart.stream(tick)
        try:
            while True:
                piece = next(pieces)
                yield Stretch(piece.tables, piece.size, raw=[partial(list, piece.chunks)])
        except StopIteration as end:
            whole: Whole = end.value
        except Ended:
            raise ReadAgain from None
        finally:
            pieces.close()
        self.decisions.currency = whole.begun.currency
        return Prepared(
            self._head(whole.begun.newest), self.form, whole.read, whole.dropped, whole.rejected, whole.findings, whole.tables,
            whole.covers, self.period_from, self.table.bound.unmapped, None, self, newest=whole.begun.newest,
        )

    def _attempt(self) -> _Attempt:
        return _Attempt(self, looked_at_all=self._looked_at_all, whole=self._whole)

    def _note(self, reason: ReadAgain) -> None:
        if isinstance(reason, _GroupSplit):
            self._whole = True
        else:
            self._looked_at_all = True

    def _judged(self, attempt: _Attempt, stretches: list[Stretch] | None) -> Prepared:
        dropped, rejected, read = attempt.dropped(), attempt.rejected, attempt.read
        findings = [
            *([] if read else [Finding("importing.no_rows", "warning", details={"file": self.member.name})]), *self._header_remarks(),
            *self._tables_passed_over(), *self._absent_columns(), *attempt.findings, *attempt.checking.close(),
        ]  # fmt: skip
        if read:
            self._refuse_too_many(read, dropped, rejected, findings, says_days=attempt.spoken_for is not None)
        return Prepared(
            self._head(attempt.newest), self.form, read, dropped, rejected, findings, dict(attempt.emitter.counts), self._covers(attempt),
            self.period_from, self.table.bound.unmapped, stretches, self, attempt.size, attempt.newest,
        )

    def _header_remarks(self) -> list[Finding]:
        """Return what is odd about the header; of an export whose format ships, only what makes a used column doubtful."""
        if self.form.read.layout != "table" or self.form.read.header == "none":
            return []
        bound = self.table.bound
        as_written = {normal(name): name for name in reversed(bound.header)}
        remarks = [
            replace(one, column=as_written.get(one.column, one.column)) if one.column else one for one in header_findings(bound.header, normal)
        ]
        if self.form.path.parent == paths.resources() / "formats":
            used = {normal(bound.header[place]) for place, _ in bound.places.values()}
            used -= {alias.partition("#")[0] for rule in self.form.columns for alias in rule.aliases if "#" in alias}
            return [one for one in remarks if one.code == "reading.same_name_twice" and normal(one.column or "") in used]
        return remarks

    def _tables_passed_over(self) -> list[Finding]:
        unread = self.recognised.passed_over
        return [Finding("importing.tables_passed_over", "warning", details={"n": len(unread), "columns": "; ".join(unread)})] if unread else []

    def _absent_columns(self) -> list[Finding]:
        if self.form.read.layout != "table" or self.form.read.header == "none":
            return []
        absent = absent_columns(self.form, self.table.bound)
        return [Finding("importing.columns_absent", "warning", details={"columns": ", ".join(absent)})] if absent else []

    def _head(self, newest: int | None) -> ImportHead:
        as_of, as_of_from = self.as_of, self.as_of_from
        if newest is not None and as_of_from not in ("given",):
            as_of, as_of_from = newest, "content"
        hidden, hashed = _kept_back(self.table.bound)
        return ImportHead(
            answers=replace(self.answers, currency=self.decisions.currency, tz=self.answers.tz),
            path=as_text(self.member.path),
            file=as_text(self.member.path.name),
            member=member_of(self.member, self.recognised.part),
            sha256=self.member.sha256,
            size=self.member.size,
            format_id=self.form.id,
            format_version=self.form.version,
            mapping_hash=self.form.mapping_hash,
            encoding=self.recognised.encoding,
            delimiter=self.recognised.delimiter,
            header=self.table.bound.header,
            hidden=hidden,
            hashed=hashed,
            as_of=as_of,
            as_of_from=as_of_from,
            period=self.period,
        )

    def _covers(self, attempt: _Attempt) -> dict[str, tuple[int, int]]:
        """Return the days for which the format says that the file speaks, whatever its rows are.

        A file of orders that would also tell their refunds speaks for the refunds of its days, if there are none.
        """
        emitter = attempt.emitter
        if not attempt.read:
            return {}  # an export of nothing may as well be one that failed: it says nothing about its days
        if not self.form.covers:
            tells = {emit.into for emit in self.form.emits}
            if "sales" in emitter.first_day and {"orders", "refunds"} <= tells:
                return {"refunds": (emitter.first_day["sales"], emitter.last_day["sales"])}
            return {}
        if self.period is not None:
            span = (self.period.first, self.period.last)
        elif attempt.spoken_for is not None:
            span = attempt.spoken_for
        elif emitter.first_day:
            span = (min(emitter.first_day.values()), max(emitter.last_day.values()))
        else:
            return {}
        return {kind: span for kind in self.form.covers}

    def _refuse_too_many(
        self, read: int, dropped: Mapping[str, int], rejected: int, findings: Sequence[Finding], *, says_days: bool
    ) -> None:
        file = self.member.name
        limit = rejected_limit(self.settings, read)
        left = read - rejected - sum(dropped.values())
        nothing_left = left <= 0 and (rejected > 0 or self.period is None and not says_days)
        if not nothing_left and rejected <= limit:
            return
        errors = [finding for finding in findings if finding.severity == "error"]
        damaged = sum(1 for finding in errors if finding.code == "importing.bad_id")
        if damaged * 2 > len(errors):
            first = next(finding for finding in errors if finding.code == "importing.bad_id")
            raise _Refused("importing.damaged_ids", errors, file=file, n=damaged, column=first.column, found=first.details.get("found"))
        if nothing_left and not rejected:
            raise FileRefused("importing.all_dropped", file=file, n=sum(dropped.values()))
        if nothing_left:
            raise _Refused("importing.nothing_left", errors, file=file, n=rejected)
        raise _Refused("importing.too_many_rejected", errors, file=file, n=rejected, read=read, limit=limit)

    def _period(self, preamble: Sequence[str]) -> tuple[Period | None, PeriodFrom | None]:
        facts = self.facts(None)
        absent = absent_values(self.form, self.table.bound, facts)
        has_days = any(rule.type in ("date", "datetime") for _, rule in self.table.bound.places.values())
        waiting = [emit.table for emit in self.form.emits if _needs_period(emit, absent, facts)]
        period, origin = stated_period(self.form, self.member, preamble, self.settings, has_days=has_days, needed=bool(waiting))
        if period is not None and period.days > 1 and any(all(f.name != "last_day" for f in table.fields) for table in waiting):
            # such rows would stand for the first day alone
            raise FileRefused("importing.more_than_a_day", file=self.member.name, first=iso(period.first), last=iso(period.last))
        return period, origin

    def facts(self, period: Period | None) -> FileFacts:
        inside = PurePosixPath(self.member.member) if self.member.member else None
        folder = inside.parent.name if inside is not None and inside.parent.name else self.member.path.parent.name
        name = self.member.name
        return FileFacts(
            name=name,
            stem=name.rpartition(".")[0] or name,
            sheet=self.table.sheet,
            folder=folder,
            member=self.member.member or "",
            headers=self.table.bound.header,
            preamble=self.table.preamble,
            answers=self.given,
            exponent=exponent(self.decisions.currency or "EUR"),
            period=period,
            as_of=self.as_of,
            as_of_day=business_day(self.as_of, self.answers.tz),
        )


def recognised_as(recognised: Recognised) -> dict[str, str | None]:
    """Return how a file was recognised: what has to be the same wherever it is read."""
    return {"mapping": recognised.form.mapping_hash, "encoding": recognised.encoding, "delimiter": recognised.delimiter}


def member_of(member: Member, part: str | None) -> str | None:
    """Return how the ledger names a part of a file: the archive's member, the sheet, or both."""
    return "/".join(name for name in (member.member, part) if name) or None


class _Refused(FileRefused):
    """A refusal that carries the findings which led to it."""

    def __init__(self, code: str, findings: Sequence[Finding], **details: object) -> None:
        super().__init__(code, **details)
        self.findings = tuple(findings)


def findings_of(problem: FileRefused) -> tuple[Finding, ...]:
    """Return a refusal as findings: itself first, then the rows that led to it."""
    return (Finding(problem.code, "error", details=dict(problem.details)), *getattr(problem, "findings", ()))


def rejected_limit(settings: Mapping[str, str], read: int) -> int:
    """Return how many rows may be refused before the whole file is."""
    given = settings.get("reject_limit")
    if given is None:
        return max(REJECTED_LEAST, int(read * REJECTED_SHARE))
    return int(read * int(given[:-1]) / 100) if given.endswith("%") else int(given)


class _GroupSplit(ReadAgain):
    """Rows of one group stand in several places of the file; all of it has to be held to put them together."""


class _Attempt:
    """One reading of the file from its first to its last record."""

    def __init__(self, reading: _Reading, *, looked_at_all: bool, whole: bool) -> None:
        self.reading = reading
        self.read = 0
        self.size = 0
        self.newest: int | None = None
        self.spoken_for: tuple[int, int] | None = None
        self.findings: list[Finding] = []
        self.rejected = 0
        self._looked_at_all = looked_at_all
        self._whole = whole
        self._dropped: Counter[str] = Counter()
        bound = reading.table.bound
        facts = reading.facts(reading.period)
        self._typing = Typing(
            reading.form, bound, facts, reading.decisions, settings=reading.settings, file=reading.member.name,
            is_text=reading.recognised.encoding is not None,
        )
        form = _spoken(reading.form, self._typing.absent, facts, reading.member.name)
        self.emitter = Emitter(form, whole=whole, headers=bound.headers)
        self.checking = Checking(reading.form, reading.member.name)
        self._changes = of_columns(reading.form, bound)

    def dropped(self) -> dict[str, int]:
        counts = Counter(self._dropped)
        counts.update(self.emitter.dropped)
        return {reason: count for reason, count in sorted(counts.items()) if count}

    def kept(self, compressor: Compressor, tick: Tick) -> list[Stretch] | None:
        """Return all stretches, or None when they are too much to hold."""
        kept: list[Stretch] | None = []
        for stretch in self.stretches():
            tick(stretch.size)
            if kept is None:
                continue
            self.size += sum(_size(asserted) for asserted in stretch.tables)
            stretch.compress(compressor)
            kept.append(stretch)
            if self.size > KEPT_MOST:
                kept, self.size = None, 0
        return kept

    def stretches(self) -> Iterator[Stretch]:
        """Yield the file block by block; the last stretch holds what needed all of it."""
        reader = self.reading.table.open()
        for first, block in self._looked_at(reader):
            rows = self._described(self._typing.rows(block, first=first))
            self.checking.feed(rows)
            self._note_days(rows)
            yield Stretch(self._together(self.emitter.feed(rows)), _bytes(block), self._text(block))
        self.read = reader.records
        last = self._together(self.emitter.close())
        self._close(reader)
        if last:
            yield Stretch(last)

    def _together(self, tables: list[Asserted]) -> list[Asserted]:
        """Return the rows, as long as they show every group whole."""
        if self.emitter.split_group and not self._whole:
            raise _GroupSplit
        return tables

    def _note_days(self, rows: Rows) -> None:
        """Take the days of all rows into account, those that become nothing included."""
        valued = rows.values.get(self.reading.form.covers_day or "")
        if valued is None or not isinstance(valued.column, Numbers):
            return
        days = valued.column.values[~valued.missing]
        if len(days):
            ends = days
            lasting = rows.values.get(self.reading.form.covers_lasting or "")
            if lasting is not None and isinstance(lasting.column, Numbers):
                # Whole days only: a state of 30 hours that began in the evening is sure of the next day, not of the one after.
                seconds = np.where(lasting.missing, 0, lasting.column.values)[~valued.missing]
                ends = days + np.maximum(seconds, 0) // 86400
            first, last = self.spoken_for or (int(days[0]), int(days[0]))
            self.spoken_for = (min(first, int(days.min())), max(last, int(ends.max())))

    def _looked_at(self, reader: TableReader) -> Iterator[tuple[bool, Block]]:
        """Yield the blocks, the first with what it decides, having looked at all of them where that is needed."""
        typing, blocks = self._typing, reader.blocks()
        if self._looked_at_all:
            for block in self.reading.table.open().blocks():
                typing.look(block, thorough=True)
        first = next(blocks, None)
        if first is None:
            typing.decide(looked_at_all=True)
            return
        if not self._looked_at_all:
            typing.look(first)
            if typing.undecided() and next(blocks, None) is not None:
                raise ReadAgain  # the first block leaves something open
        self._decide_currency(typing)
        typing.decide(looked_at_all=self._looked_at_all)
        yield True, first
        for block in blocks:
            yield False, block

    def _decide_currency(self, typing: Typing) -> None:
        """Settle the one currency of the file's amounts."""
        reading, found = self.reading, list(typing.currencies)
        if not found or "currency" in reading.settings:
            return
        if len(found) == 1:
            reading.decisions.currency = found[0]
        else:
            raise FileRefused(SEVERAL_CURRENCIES, file=reading.member.name, found=", ".join(sorted(found)))
        typing.facts = replace(typing.facts, exponent=exponent(reading.decisions.currency or "EUR"))

    def _described(self, rows: Rows) -> Rows:
        """Return the rows without those right below the header that explain it."""
        count = self.reading.form.read.description_rows
        if not count or not rows.count or int(rows.records[0]) > count:
            return rows
        explaining = rows.records <= count
        self._dropped["description"] += int(explaining.sum())
        return rows.kept(~explaining)

    def _text(self, block: Block) -> RawChunks | None:
        """Return what compresses the block's text, None when no column of it is kept."""
        bound, delimiter = self.reading.table.bound, self.reading.recognised.delimiter or ","
        hidden, _ = _kept_back(bound)
        kept = [place for place, name in enumerate(bound.header) if name not in hidden]
        return partial(chunks_of, block, kept, delimiter, self._changes) if kept else None

    def _close(self, reader: TableReader) -> None:
        for reason, count in reader.dropped.items():
            self._dropped[{"header": "repeated_header"}.get(reason, reason)] += count
        self._dropped.update(self._typing.dropped)
        self.rejected = reader.rejected + self._typing.rejected + self.emitter.rejected
        self.findings = [*reader.findings, *self._typing.findings, *self.emitter.findings, *self._typing.closing_findings()]
        self.newest = self._typing.newest


def _spoken(form: Format, absent: frozenset[str], facts: FileFacts, file: str) -> Format:
    """Return the format with only those emits and fields that the file says something about."""
    emits: list[Emit] = []
    for emit in form.emits:
        fills = {name: node for name, node in emit.fills.items() if not is_absent(node, absent, facts)}
        by_period = emit.table.day == "day" and facts.period is not None
        needed = [field.name for field in emit.table.fields if field.needed and not (field.name == "day" and by_period)]
        if all(name in fills for name in needed):
            emits.append(replace(emit, fills=fills))
    if not emits:
        raise FileRefused("importing.nothing_said", file=file, format=form.id)
    return replace(form, emits=tuple(emits))


def _needs_period(emit: Emit, absent: frozenset[str], facts: FileFacts) -> bool:
    """Return whether rows of a table have no day of their own."""
    if emit.table.day != "day" or not any(field.name == "day" and field.needed for field in emit.table.fields):
        return False
    node = emit.fills.get("day")
    return node is None or is_absent(node, absent, facts)


def _only_noughts(form: Format, table: Table) -> bool:
    """Return whether a report that is about something else has no amount but 0 in all of its columns of money."""
    beside = all(emit.table.strategy == "block" and not any(f.needed and f.kind == "money" for f in emit.table.fields) for emit in form.emits)
    if not beside or any(rule.type == "money" and rule.required for _, rule in table.bound.places.values()):
        return False
    money = [place for place, rule in table.bound.places.values() if rule.type == "money"]
    for block in table.open().blocks():
        for place in money:
            _, first = block.columns[place].distinct()
            if any(_NOUGHT.fullmatch(text) is None for text in block.columns[place].texts(first)):
                return False
    return True


_NOUGHT = re.compile(r"[\s\-–—]*(?:0[.,]?0*)?")


def _without_money(table: Table) -> Table:
    places = {field: (place, rule) for field, (place, rule) in table.bound.places.items() if rule.type != "money"}
    return replace(table, bound=replace(table.bound, places=places))


def _has_datetime(bound: Bound) -> bool:
    return any(rule.type == "datetime" for _, rule in bound.places.values())


def _kept_back(bound: Bound) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the headers whose raw text is not kept, and those of them that are shown as hashed."""
    shown = {place for place, rule in bound.places.values() if not rule.private}
    hashed = tuple(bound.header[place] for place, rule in bound.places.values() if rule.type == "hash")
    return tuple(name for place, name in enumerate(bound.header) if place not in shown), hashed


def _bytes(block: Block) -> int:
    if not block.columns or not len(block):
        return 0
    return int(sum(int(np.sum(cells.lengths)) + len(cells) for cells in block.columns))


def _size(asserted: Asserted) -> int:
    total = asserted.records.nbytes
    for column in asserted.columns.values():
        total += column.codes.nbytes + 60 * len(column.words) if isinstance(column, Coded) else column.values.nbytes
    return total


__all__ = ["AsOfFrom", "Prepared", "ReadAgain", "Stretch", "begin", "findings_of", "prepare", "rejected_limit"]

"""Results in the shapes that the command line promises: JSON objects and one-line texts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ecoperf_desktop import language
from ecoperf_desktop.language import sentence, worded
from ecoperf_desktop.model.days import Period, iso, written_days
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.model.importing import FileReport, ImportReport
from ecoperf_desktop.model.metric import Metric
from ecoperf_desktop.model.money import exponent, to_major
from ecoperf_desktop.model.quality import Doubt, Quality
from ecoperf_desktop.model.value import Comparison, Explanation, Number, Part, SourceRow, Value
from ecoperf_desktop.plain import one_line

if TYPE_CHECKING:
    from ecoperf_desktop.importing.descriptor import Format
    from ecoperf_desktop.importing.suggest import Draft
    from ecoperf_desktop.metrics.catalogue import Catalogue
    from ecoperf_desktop.store.answers import Answer, Changed
    from ecoperf_desktop.store.copies import Copy
    from ecoperf_desktop.store.events import Event
    from ecoperf_desktop.store.ledger import ImportEntry
    from ecoperf_desktop.store.privacy import Personal
    from ecoperf_desktop.store.rate_changes import RateChanged
    from ecoperf_desktop.store.rates import Known, Wanted
    from ecoperf_desktop.store.restatements import Restatement
    from ecoperf_desktop.store.safekeeping import Damaged
    from ecoperf_desktop.store.salvage import Lost

Json = dict[str, Any]


def import_report(report: ImportReport) -> Json:
    return {"files": [_file(file) for file in report.files]}


def _file(file: FileReport) -> Json:
    rows = file.rows
    return {
        "path": file.path,
        "member": file.member,
        "sha256": file.sha256,
        "import_id": file.import_id,
        "status": file.status,
        "format": file.format,
        "encoding": file.encoding,
        "delimiter": file.delimiter,
        "period": _period(file.period),
        "rows": {
            "read": rows.read,
            "new": rows.new,
            "changed": rows.changed,
            "unchanged": rows.unchanged,
            "dropped": rows.dropped,
            "rejected": rows.rejected,
        },
        "dropped": dict(file.dropped),
        "findings": [
            {
                "row": finding.record,
                "line": finding.line,
                "column": finding.column,
                "severity": finding.severity,
                "message": sentence(finding.code, **finding.details),
            }
            for finding in file.findings
        ],
    }


def finding_sentence(finding: Finding) -> str:
    """Say where and what, in one line."""
    words = sentence(finding.code, **finding.details)
    places = []
    if finding.line is not None:
        places.append(sentence("cli.at_line", line=finding.line))
    elif finding.record is not None:
        places.append(sentence("cli.at_row", row=finding.record))
    if finding.column:
        places.append(sentence("cli.at_column", column=finding.column))
    return f"{', '.join(places)}: {words}" if places else words


def ledger_entry(entry: ImportEntry) -> Json:
    return {
        "import_id": entry.import_id,
        "file": entry.file,
        "path": entry.path,
        "member": entry.member,
        "sha256": entry.sha256,
        "format": entry.format,
        "source": entry.source,
        "state": entry.state,
        "period": _period(entry.period),
        "imported_utc": entry.imported_utc,
        "rows": {
            "read": entry.rows.read,
            "new": entry.rows.new,
            "changed": entry.rows.changed,
            "unchanged": entry.rows.unchanged,
            "dropped": entry.rows.dropped,
            "rejected": entry.rows.rejected,
        },
    }


def ledger_line(entry: ImportEntry) -> str:
    name = f"{entry.file} › {entry.member}" if entry.member else entry.file
    days = f"{iso(entry.period.first)} – {iso(entry.period.last)}" if entry.period else "–"
    return one_line(f"{entry.import_id:>5}  {sentence(f'cli.state_{entry.state}'):<8}  {entry.format:<24} {days:<25} {entry.rows.read:>9}  {name}")


def backup_entry(copy: Copy) -> Json:
    """``sound`` says that it was proven when it was made and still has its size."""
    return {
        "path": str(copy.path), "sequence": copy.sequence, "made_utc": copy.made.isoformat(timespec="seconds"), "version": copy.version,
        "size": copy.size, "reason": copy.reason or None, "pinned": copy.pinned, "imports": copy.imports, "imported_utc": copy.imported_utc,
        "sound": copy.sound, "sha256": copy.sha256 or None,
    }  # fmt: skip


def backup_line(copy: Copy) -> str:
    marks = [sentence(f"backup.reason_{copy.reason or 'unknown'}")]
    marks += [sentence("backup.is_pinned")] * copy.pinned + [sentence("backup.is_not_proven")] * (not copy.sound)
    held = "–" if copy.imports is None else sentence("backup.holds", n=copy.imports)
    made = copy.made.astimezone()
    return one_line(f"{copy.sequence:>6}  {made:%Y-%m-%d %H:%M}  {copy.size / 1e6:>9.1f} MB  {held}  {', '.join(marks)}  {copy.path}")


def lost_entry(lost: Lost) -> Json:
    return {
        "file": lost.file, "path": lost.path, "member": lost.member, "imported_utc": lost.imported_utc, "size": lost.size, "sha256": lost.sha256,
    }  # fmt: skip


def damaged_lines(found: Damaged) -> list[str]:
    """Return what is left of a damaged workspace and what can be done, a line each."""
    lines = [sentence("cli.damaged_kept" if found.moved else "cli.damaged_left", file=found.kept[0])]
    if found.newest_backup is not None:
        made = found.newest_backup.made.astimezone()
        lines.append(sentence("cli.damaged_newest", when=f"{made:%Y-%m-%d %H:%M}", n=found.newest_backup.imports or 0))
    else:
        lines.append(sentence("cli.damaged_no_backup"))
    lines += [f"    {sentence('cli.import_lost', path=one_line(lost.path))}" for lost in found.lost]
    if found.salvageable:
        lines.append(sentence("cli.damaged_salvage"))
    return lines


def answers(known: Sequence[Answer]) -> list[Json]:
    """Return the sources, each with its answers and when they were changed."""
    sources: dict[str, Json] = {}
    for one in known:
        entry = sources.setdefault(one.source, {"source": one.source, "answers": {}, "changed_utc": {}})
        entry["answers"][one.key] = one.value
        if one.changed_utc is not None:
            entry["changed_utc"][one.key] = one.changed_utc
    return list(sources.values())


def answer_lines(known: Sequence[Answer]) -> list[str]:
    lines: list[str] = []
    source: str | None = None
    for one in known:
        if one.source != source:
            lines.append(one_line(one.source))
        source = one.source
        changed = "" if one.changed_utc is None else f"  ({sentence('cli.changed_on', day=_day_of(one.changed_utc))})"
        lines.append(one_line(f"    {one.key:<18} {one.value or '–'}{changed}"))
    return lines


def changed_answer(key: str, change: Changed) -> Json:
    left = [{"import_id": one.import_id, "path": one.path, "table": one.table, "rows": one.rows} for one in change.left]
    return {"key": key, "restated": change.restated, "import_again": left}


def restatement(one: Restatement, currency: str | None) -> Json:
    currency = one.currency or currency
    return {
        "import_id": one.import_id, "file": one.file, "answer": one.answer, "source": one.source, "table": one.table, "key": one.row_key,
        "field": one.field, "day": None if one.day is None else iso(one.day), "old": _restated(one, one.old, currency),
        "new": _restated(one, one.new, currency), "currency": currency if one.kind in ("money", "cost_e4") else None,
    }  # fmt: skip


def restatement_line(one: Restatement, currency: str | None) -> str:
    currency = one.currency or currency
    by = one.file or sentence("cli.by_answer", key=one.answer or "")
    day = "–" if one.day is None else iso(one.day)
    old, new = ("–" if value is None else value for value in (_restated(one, one.old, currency), _restated(one, one.new, currency)))
    return one_line(f"{day:<10}  {one.table}.{one.field:<16} {one.row_key}: {old} → {new}  ({by})")


def _restated(one: Restatement, value: int | float | str | None, currency: str | None) -> int | float | str | None:
    """Money as a decimal string in major units, days as they are written."""
    if not isinstance(value, int):
        return value
    match one.kind:
        case "money":
            return f"{to_major(value, currency):f}" if currency else value
        case "cost_e4":
            return f"{Decimal(value).scaleb(-exponent(currency) - 4):f}" if currency else value
        case "day":
            return iso(value)
        case "ts":
            return (datetime(1970, 1, 1) + timedelta(seconds=value)).isoformat() + "Z"
        case _:
            return value


def _day_of(moment: int) -> str:
    return iso(moment // 86_400)


def personal(one: Personal) -> Json:
    return {
        "table": one.table, "column": one.column, "kind": one.kind, "texts": one.texts, "shown": one.shown, "import_id": one.import_id,
        "file": one.file,
    }  # fmt: skip


def personal_line(one: Personal) -> str:
    where = f"{one.table} · {one.column}" + (f" · {one.file}" if one.file else "")
    return sentence("cli.personal", where=where, kind=sentence(f"cli.kind_{one.kind}"), n=one.texts, shown=one.shown)


def format_entry(entry: Format) -> Json:
    return {
        "id": entry.id,
        "title": entry.title.get(language.current()) or entry.title.get("en") or entry.id,
        "platform": entry.platform,
        "version": entry.version,
        "verified": entry.verified,
    }


def metric_entry(metric: Metric) -> Json:
    here = language.current()
    return {
        "id": metric.id,
        "name": metric.name[here],
        "area": metric.area,
        "unit": metric.unit,
        "direction": metric.direction,
        "definition": metric.definition[here],
        "formula": metric.formula_text[here],
        "dimensions": list(metric.dimensions),
        "grains": list(metric.grains),
        "own": metric.own,
    }


def metric_told(metric: Metric, known: Catalogue) -> Json:
    """Return everything the catalogue says about a metric, codes beside words."""
    from ecoperf_desktop.metrics.catalogue import rollup
    from ecoperf_desktop.reports.described import described

    over_time, over_parts = rollup(metric)
    told = described(metric, known)
    return {
        **metric_entry(metric), "names": dict(metric.name), "aliases": list(metric.aliases), "zero": metric.zero_policy,
        "rollup_time": over_time, "rollup_parts": over_parts, "needs": list(metric.needs), "edge": list(metric.edge_rules),
        "source": list(metric.sources), "low_n": metric.low_n, "words": dict(told.lines),
    }  # fmt: skip


def metric_lines(metric: Metric, known: Catalogue) -> list[str]:
    from ecoperf_desktop.reports.described import described

    told = described(metric, known)
    lines = [f"{told.name} · {told.area}"]
    for head, text in told.lines:
        lines += [one_line(f"  {head}: {one}" if place == 0 else f"    {one}") for place, one in enumerate(text.split("\n"))]
    return lines


def value_entry(value: Value) -> Json:
    return {
        "metric": value.metric,
        "from": iso(value.period.first),
        "to": iso(value.period.last),
        "bucket": value.bucket,
        "per": dict(value.per),
        "value": _number(value.value, value),
        "numerator": _part(value.numerator),
        "denominator": _part(value.denominator),
        "unit": value.unit,
        "currency": value.currency if value.unit == "money" else None,
        "quality": value.quality,
        "class": value.word,
        "reason": sentence(value.reason, **value.details) if value.reason else None,
        "compare": _comparison(value.compare, value) if value.compare else None,
    }


def _comparison(comparison: Comparison, value: Value) -> Json:
    return {
        "kind": comparison.kind,
        "from": iso(comparison.period.first),
        "to": iso(comparison.period.last),
        "value": _number(comparison.value, value),
        "change": _number(comparison.change, value),
        "change_ratio": comparison.change_ratio,
        "event": comparison.event,
        "reason": sentence(comparison.reason, **comparison.details) if comparison.reason and comparison.value is None else None,
    }


def _compared(comparison: Comparison, value: Value) -> str:
    """Say what a number was compared with, and how it changed."""
    event = ""
    if comparison.event is not None:
        from ecoperf_desktop.store.events import title

        event = f" ({title(comparison.event)})"
    if comparison.value is None:
        why = sentence(comparison.reason, **comparison.details) if comparison.reason else comparison.quality
        return sentence("cli.not_compared", event=event, reason=why)
    shown = f"{_number(comparison.value, value)}" + (f" {value.currency}" if value.unit == "money" else "")
    change = "–" if comparison.change_ratio is None else f"{comparison.change_ratio:+.1%}"
    return sentence(
        "cli.compared", first=iso(comparison.period.first), last=iso(comparison.period.last), event=event, value=shown, change=change
    )


def event_entry(event: Event) -> Json:
    return {
        "code": event.code, "name": event.title(), "year": event.year, "from": iso(event.first), "to": iso(event.last),
        "anchor": iso(event.anchor), "kind": event.kind, "market": event.market, "basis": event.basis, "origin": event.origin,
    }  # fmt: skip


def event_line(event: Event) -> str:
    how = sentence(f"events.basis_{event.basis}" if event.origin == "shipped" else f"events.origin_{event.origin}")
    span = f"{iso(event.first)} – {iso(event.last)}"
    return one_line(f"{event.year}  {span}  {iso(event.anchor)}  {event.code:<20} {event.title()}  ({how})")


def value_line(value: Value) -> str:
    cut = " ".join(f"{name}={text}" for name, text in value.per.items())
    where = value.bucket or f"{iso(value.period.first)}..{iso(value.period.last)}"
    if value.value is None:
        shown = f"–  {sentence(value.reason, **value.details) if value.reason else value.quality}"
    else:
        # A class is read by its word; its number is only its place among the classes.
        shown = value.word or f"{_number(value.value, value)}" + (f" {value.currency}" if value.unit == "money" else "")
        if value.quality != "ok":
            shown += f"  ({sentence(value.reason, **value.details) if value.reason else value.quality})"
    compared = _compared(value.compare, value) if value.compare else ""
    return one_line("  ".join(part for part in (f"{where:<24}", f"{value.metric:<28}", cut, shown, compared) if part))


def explanation(explained: Explanation) -> Json:
    value = explained.value
    return {
        "metric": value.metric,
        "name": explained.name,
        "definition": explained.definition,
        "formula": explained.formula,
        "value": _number(value.value, value),
        "numerator": _part(value.numerator),
        "denominator": _part(value.denominator),
        "unit": value.unit,
        "currency": value.currency if value.unit == "money" else None,
        "quality": value.quality,
        "reason": sentence(value.reason, **value.details) if value.reason else None,
        "numerator_of": explained.numerator or None,
        "denominator_of": explained.denominator or None,
        "where": dict(explained.where),
        "parts": [_explained_part(part) for part in explained.parts],
        "imports": [
            {
                "import_id": entry.import_id,
                "file": entry.file,
                "member": entry.member,
                "imported_utc": entry.imported_utc,
                "rows": entry.rows,
            }
            for entry in explained.imports
        ],
        "row_count": explained.row_count,
        "rows": [
            {
                "table": row.table,
                "import_id": row.import_id,
                "file": row.file,
                "sha256": row.sha256,
                "member": row.member,
                "record": row.record,
                "contributes": _number(row.contributes, value) if value.unit == "money" else _part(row.contributes),
                "under": _part(row.under) if explained.numerator else None,
                "counts_in": row.counts_in,
                "day": None if row.day is None else iso(row.day),
                "gives": {key: list(given) for key, given in row.gives.items()},
                "raw": row.raw,
                "traded": [
                    {
                        "currency": one.currency,
                        "rate": None if one.rate_e9 is None else str(Decimal(one.rate_e9).scaleb(-9).normalize()),
                        "rate_day": None if one.rate_day is None else iso(one.rate_day),
                        "amounts": {name.removesuffix("_minor"): str(to_major(amount, one.currency)) for name, amount in one.amounts.items()},
                    }
                    for one in row.traded
                ],
            }
            for row in explained.rows
        ],
    }


def _explained_part(part: Part) -> Json:
    value = part.value
    return {
        "metric": part.metric,
        "name": part.name or None,
        "side": part.side,
        "sign": part.sign,
        "from": iso(value.period.first),
        "to": iso(value.period.last),
        "value": _number(value.value, value),
        "unit": value.unit,
        "currency": value.currency if value.unit == "money" else None,
        "quality": value.quality,
        "parts": [_explained_part(one) for one in part.parts],
    }


def explanation_lines(explained: Explanation) -> list[str]:
    from ecoperf_desktop.reports.references import traded_text

    value = explained.value
    lines = [f"{explained.name} ({value.metric})", explained.definition, explained.formula, value_line(value)]
    if explained.numerator:
        sides = ((explained.numerator, value.numerator, explained.over), (explained.denominator, value.denominator, explained.under))
        over, under = (
            words if number is None else f"{words} = {_of_side(number, unit, explained)}" for words, number, unit in sides
        )
        lines += [sentence("cli.explain_over", words=over), sentence("cli.explain_under", words=under)]
    parts = _part_lines(explained.parts, 1)
    lines += [sentence("cli.explain_parts"), *parts] if parts else []
    if explained.imports:
        lines.append(sentence("cli.explain_imports"))
    for entry in explained.imports:
        name = f"{entry.file} › {entry.member}" if entry.member else entry.file
        when = _day_of(entry.imported_utc)
        lines.append("  " + sentence("cli.explain_import", id=entry.import_id, file=name, when=when, n=entry.rows))
    lines.append(sentence("cli.rows_behind", n=explained.row_count))
    for row in explained.rows:
        place = f"{row.file} › {row.member}" if row.member else row.file
        raw = ", ".join(f"{name}={text}" for name, text in row.raw.items())
        lines.append(f"  {place} #{row.record} [{row.table}] {_contribution(row, explained)}  {raw}")
        lines += [f"      {traded_text(one, language.current())}" for one in row.traded]
    return [one_line(line) for line in lines]


def _contribution(row: SourceRow, explained: Explanation) -> str:
    """Write what a row adds to the number; of a quotient to which of its sides."""
    over = _of_side(row.contributes, explained.over, explained)
    if not explained.numerator:
        return over
    under = f"÷ {_of_side(row.under, explained.under, explained)}"
    return {"over": over, "under": under}.get(row.counts_in, f"{over} {under}")


def _of_side(number: Number | None, unit: str, explained: Explanation) -> str:
    value = replace(explained.value, unit=unit, currency=explained.value.currency or _currency_of(explained.parts))
    return str(_number(number, value))


def _currency_of(parts: Sequence[Part]) -> str | None:
    found = (part.value.currency or _currency_of(part.parts) for part in parts)
    return next((currency for currency in found if currency is not None), None)


def _part_lines(parts: Sequence[Part], depth: int) -> list[str]:
    """Write the parts that have a name; one without is known by its own parts."""
    lines = []
    for part in parts:
        if part.name:
            signed = {"over": "", "under": "÷ "}.get(part.side, "− " if part.sign < 0 else "")
            lines.append(f"{'  ' * depth}{signed}{part.name}: {value_line(part.value).strip()}")
        lines += _part_lines(part.parts, depth + bool(part.name))
    return lines


def _period(period: Period | None) -> list[str] | None:
    return [iso(period.first), iso(period.last)] if period else None


def _number(number: Number | None, value: Value) -> str | int | float | None:
    """Money as a decimal string in major units; everything else as a number."""
    if number is None:
        return None
    if value.unit != "money" or value.currency is None:
        return _part(number)
    if isinstance(number, int):
        return f"{to_major(number, value.currency):f}"
    # A quotient of money (value per order) keeps four more digits than the currency.
    places = Decimal(1).scaleb(-exponent(value.currency) - 4)
    exact = Fraction(number) / 10 ** exponent(value.currency)
    return f"{(Decimal(exact.numerator) / Decimal(exact.denominator)).quantize(places):f}"


def _part(number: Number | None) -> int | float | None:
    if number is None or isinstance(number, int):
        return number
    if isinstance(number, Fraction) and number.denominator == 1:
        return number.numerator
    return float(number)


def quality(found: Quality, currency: str | None) -> Json:
    """Return what is doubtful: every doubt with its words, its plain details, examples and what mends it."""
    return {
        "quality": {
            "data_through": iso(found.through) if found.through is not None else None,
            "doubts": [_doubt(doubt, currency) for doubt in found.doubts],
            "sources": [
                {
                    "source": days.source, "kind": days.kind, "shop": days.shop, "covered": [[iso(first), iso(last)] for first, last in days.ranges],
                    "missing": [iso(day) for day in days.holes], "rhythm_days": days.rhythm, "behind_days": days.awaited, "state": days.pace,
                }
                for days in found.sources
            ],
        }
    }  # fmt: skip


def quality_lines(found: Quality, currency: str | None) -> list[str]:
    """Say what is doubtful, a paragraph a doubt."""
    from ecoperf_desktop.reports.make.quality import nothing_text, tell

    if not found.doubts:
        return [nothing_text(found, language.current())]
    lines = []
    for doubt in found.doubts:
        told = tell(doubt, language.current(), currency)
        lines.append(f"{told.state.text}: {told.title}")
        lines.append(f"    {told.text}")
        if told.example:
            lines.append(f"    {told.example}")
    return [one_line(line) for line in lines]


def _doubt(doubt: Doubt, currency: str | None) -> Json:
    from ecoperf_desktop.reports.make.quality import tell

    told = tell(doubt, language.current(), currency)
    return {
        "kind": doubt.kind,
        "weight": doubt.weight,
        "source": doubt.source,
        "n": doubt.n,
        "title": told.title,
        "message": told.text,
        "details": {name.removesuffix("_minor"): _detail(name, value, currency) for name, value in doubt.details.items()},
        "examples": [{"text": example.text, "file": example.file or None, "row": example.record} for example in doubt.examples],
        "mends": [{"action": mend.kind, "import_id": mend.import_id, "about": mend.about or None} for mend in doubt.mends],
    }


def _detail(name: str, value: object, currency: str | None) -> object:
    if isinstance(value, Period):
        return _period(value)
    if name.endswith("_day") and isinstance(value, int):
        return iso(value)
    if name.endswith("_minor") and isinstance(value, int):
        return str(to_major(value, currency or ""))
    return worded(value)


def draft_entry(draft: Draft, text: str) -> dict[str, object]:
    """Return a draft of a descriptor: what each column could be, and its text."""
    columns = [
        {"header": column.header, "field": column.field, "type": column.type if column.field else None, "doubt": column.doubt or None}
        for column in draft.columns
    ]
    return {"id": draft.id, "file": draft.look.name, "table": draft.table, "tables": list(draft.likely), "columns": columns, "toml": text}


def rates(known: Sequence[Known], wanted: Sequence[Wanted], reporting: str | None) -> Json:
    """Return the exchange rates that are known, and those that rows wait for."""
    return {
        "reporting_currency": reporting,
        "rates": [
            {"currency": one.currency, "day": iso(one.day), "rate": one.written, "typed": one.file is None, "file": one.file} for one in known
        ],
        "wanted": [_wanted(one) for one in wanted],
    }


def rate_changed(changed: RateChanged) -> Json:
    return {"freed": changed.freed, "restated": changed.restated, "wanted": [_wanted(one) for one in changed.waiting]}


def rate_lines(known: Sequence[Known], wanted: Sequence[Wanted], reporting: str | None) -> list[str]:
    """Write the same for people."""
    lines = [
        sentence(
            "cli.rate_line", day=iso(one.day), currency=one.currency, rate=one.written, reporting=reporting,
            origin=one.file or sentence("cli.rate_typed"),
        )
        for one in known
    ]  # fmt: skip
    return (lines or [sentence("cli.rates_none")]) + waiting_lines(wanted)


def waiting_lines(wanted: Sequence[Wanted]) -> list[str]:
    """Write a line a currency for what waits for its rate."""
    lines = []
    for currency in sorted({one.currency for one in wanted}):
        mine = [one for one in wanted if one.currency == currency]
        days = written_days([one.day for one in mine])
        lines.append(sentence("cli.rate_wanted", currency=currency, days=days, n=sum(one.rows for one in mine), orders=sum(one.orders for one in mine)))
    return lines


def _wanted(one: Wanted) -> Json:
    return {"currency": one.currency, "day": iso(one.day), "orders": one.orders, "rows": one.rows}

"""What no file can say: given by the person, known of the source, or a constant of the format; else asked for by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ecoperf_desktop.errors import FileRefused, UsageError
from ecoperf_desktop.importing.binding import Bound
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.model.importing import Answers

# What --set understands, besides the further answers that formats ask for.
KEYS = frozenset({
    "currency", "tz", "day_start", "recognition_basis", "tax_inclusive", "attribution", "shop", "period", "as_of", "encoding",
    "delimiter", "decimal",
    "dates", "reject_limit", "large", "reporting_currency", "confirm",
})
_TRUE, _FALSE = frozenset({"true", "yes", "1"}), frozenset({"false", "no", "0"})


def check_settings(settings: Mapping[str, str], formats: Sequence[Format]) -> None:
    """Raise UsageError for a key nobody asks for or a value that is none of its kind."""
    further = settings.keys() - KEYS
    known = KEYS | {key for form in formats for key in form.answers.further} if further else KEYS
    for key, value in settings.items():
        if key not in known:
            raise UsageError("importing.unknown_setting", key=key, known=", ".join(sorted(known)))
        rule = _VALUES.get(key)
        if rule is not None and not rule[0].fullmatch(value):
            raise UsageError("importing.setting_value", key=key, value=value, expected=rule[1])
    if "tz" in settings:
        _zone(settings["tz"])


_VALUES: dict[str, tuple[re.Pattern[str], str]] = {
    "currency": (re.compile(r"[A-Z]{3}"), "EUR"),
    "reporting_currency": (re.compile(r"[A-Z]{3}"), "EUR"),
    "day_start": (re.compile(r"([01]\d|2[0-3]):[0-5]\d"), "04:00"),
    "recognition_basis": (re.compile(r"paid|placed"), "paid, placed"),
    "tax_inclusive": (re.compile(r"true|false|yes|no|0|1"), "true, false"),
    "attribution": (re.compile(r"\S(.{0,58}\S)?"), "7-day click"),
    "decimal": (re.compile(r"[.,]"), '".", ","'),
    "dates": (re.compile(r"day_first|month_first|year_first"), "day_first, month_first"),
    "reject_limit": (re.compile(r"\d+%?"), "100, 5%"),
    "period": (re.compile(r"\d{4}-\d\d-\d\d(\.\.\d{4}-\d\d-\d\d)?"), "2026-01-01..2026-01-31"),
    "as_of": (re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?"), "2026-01-31"),
    "large": (re.compile(r"yes"), "yes"),
    "confirm": (re.compile(r"yes"), "yes"),
}


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError("importing.setting_value", key="tz", value=name, expected="Europe/London") from None
    return name


def resolved(
    form: Format, source: str, settings: Mapping[str, str], known: Answers | None, bound: Bound, file: str
) -> tuple[Answers, dict[str, str]]:
    """Return the answers for a file, and those that are only text for its rows.

    The currency stays None where a column of the file says it, or nothing is money; the zone where
    nobody knows one.  Raise FileRefused, naming the key, for what is not known.
    """
    rules = form.answers
    given: dict[str, str] = {}

    def pick(key: str, said: str | None, constant: str | None) -> str | None:
        if key in settings:
            return settings[key]
        return said or (constant if constant != "ask" else None)

    # what the file itself says is not overruled: --set answers what no file can say
    currency = bound.currency or settings.get("currency")
    if currency is None and not _has(bound, "currency"):
        currency = (known.currency if known else None) or (rules.currency if rules.currency != "ask" else None)
    if currency is None and not _has(bound, "currency") and _has(bound, "money"):
        raise FileRefused("importing.ask_currency", file=file, source=source)
    tz = pick("tz", known.tz if known else None, rules.tz)
    if tz is None and rules.tz == "ask" and _has(bound, "datetime"):
        raise FileRefused("importing.ask_tz", file=file, column=_has(bound, "datetime")[0])
    chosen = known.recognition_basis if known and known.basis_chosen else None
    basis = pick("recognition_basis", chosen, rules.recognition_basis) or (known.recognition_basis if known else None)
    if basis is None and rules.recognition_basis == "ask":
        raise FileRefused("importing.ask_recognition_basis", file=file)
    inclusive = _inclusive(rules.tax_inclusive, settings, known, file)
    day_start = pick("day_start", None, rules.day_start)
    if day_start is None and rules.day_start == "ask" and known is None:
        raise FileRefused("importing.ask_day_start", file=file)
    minutes = _minutes(day_start) if day_start is not None else known.day_start_min if known else 0
    given["shop"] = _shop(rules.shop, source, settings, file)
    for key, value in rules.further.items():
        answer = settings.get(key) or (value if value != "ask" else None)
        if answer is None:
            raise FileRefused("importing.ask_further", file=file, key=key)
        given[key] = answer
    given["source"] = source
    if currency:
        given["currency"] = currency
    attribution = settings.get("attribution") or (known.attribution if known else None)
    answers = Answers(source, form.platform, currency, tz, minutes, basis or "paid", inclusive, attribution)
    return answers, {key: value for key, value in given.items() if value}


def asked(problem: FileRefused) -> str | None:
    """Return the ``--set`` key that would decide what a refusal leaves open, None when none would."""
    key = problem.details.get("key")
    if problem.code == "importing.ask_further" and isinstance(key, str):
        return key
    return _ASKED.get(problem.code)


_ASKED = {
    "importing.ask_currency": "currency", "importing.ask_tz": "tz", "importing.ask_recognition_basis": "recognition_basis",
    "importing.ask_tax_inclusive": "tax_inclusive", "importing.ask_day_start": "day_start", "importing.ask_shop": "shop",
    "importing.ask_period": "period", "importing.currencies": "currency", "importing.large": "large", "importing.confirm_format": "confirm",
    "reading.encoding_undecided": "encoding", "reading.decimal_undecided": "decimal", "reading.date_order_undecided": "dates",
}


def _inclusive(rule: bool | str | None, settings: Mapping[str, str], known: Answers | None, file: str) -> bool:
    if "tax_inclusive" in settings:
        return settings["tax_inclusive"] in _TRUE
    if isinstance(rule, bool):
        return rule
    if known is not None:
        return known.tax_inclusive
    if rule == "ask":
        raise FileRefused("importing.ask_tax_inclusive", file=file)
    return True


def _shop(rule: str, source: str, settings: Mapping[str, str], file: str) -> str:
    if "shop" in settings:
        return settings["shop"]
    if rule == "ask":
        raise FileRefused("importing.ask_shop", file=file)
    if rule.startswith("="):
        return rule[1:].strip()
    return source if rule == "source" else ""


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def _has(bound: Bound, kind: str) -> list[str]:
    """Return the headers of the columns of a type."""
    return [bound.header[place] for place, rule in bound.places.values() if rule.type == kind]

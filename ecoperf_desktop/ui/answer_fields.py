"""Fields for what no file can say: one for each key that ``--set`` knows, with the choices that there are."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QCompleter, QLineEdit

from ecoperf_desktop.language import sentence
from ecoperf_desktop.ui import looks

ENCODINGS = ("utf-8", "gb18030", "cp1252", "cp1250", "utf-16", "shift_jis", "big5", "euc-kr")
DELIMITERS = ((",", "plan_comma"), (";", "plan_semicolon"), ("\t", "plan_tab"), ("|", "plan_bar"))
_DATES = ("year_first", "day_first", "month_first")
_DECIMALS = (".", ",")
_CURRENCIES = ("CNY", "USD", "EUR", "GBP", "JPY", "HKD", "TWD", "AUD", "CAD", "SGD", "KRW", "INR", "BRL", "MXN")


def answer_field(key: str, before: str) -> QLineEdit | QComboBox:
    """Return a field for the answer to ``key``; keys without choices of their own are a plain line of text."""
    choices = _choices(key)
    if choices:
        box = QComboBox()
        for value, word in choices:
            box.addItem(word, value)
        box.setCurrentIndex(max(0, box.findData(before)))
        box.setAccessibleName(key_name(key))
        return box
    field = QLineEdit(before)
    field.setMinimumWidth(looks.px(180))
    field.setAccessibleName(key_name(key))
    words = _CURRENCIES if key == "currency" else _zones() if key == "tz" else ()
    if key == "currency":
        field.setPlaceholderText(sentence("ui.plan_currency_hint"))
    elif key == "tz":
        field.setPlaceholderText("Asia/Shanghai")
    elif key == "period":
        field.setPlaceholderText("2026-01-01..2026-01-31")
    if words:
        completer = QCompleter(list(words), field)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        field.setCompleter(completer)
    return field


def answer_of(key: str, field: QLineEdit | QComboBox) -> str:
    """Return what was chosen or typed, as ``--set`` writes it."""
    value = str(field.currentData()) if isinstance(field, QComboBox) else field.text().strip()
    return value.upper() if key in ("currency", "reporting_currency") else value


def key_name(key: str) -> str:
    code = f"ui.plan_{key}"
    name = sentence(code)
    return key.replace("_", " ") if name == code else name


def _choices(key: str) -> Sequence[tuple[str, str]]:
    if key == "dates":
        return [(value, sentence(f"ui.plan_dates_{value}")) for value in _DATES]
    if key == "decimal":
        return [(value, sentence("ui.plan_point" if value == "." else "ui.plan_decimal_comma")) for value in _DECIMALS]
    if key == "delimiter":
        return [(value, sentence(f"ui.{code}")) for value, code in DELIMITERS]
    if key == "encoding":
        return [(value, value) for value in ENCODINGS]
    if key == "recognition_basis":
        return [(value, sentence(f"ui.plan_basis_{value}")) for value in ("paid", "placed")]
    if key == "tax_inclusive":
        return [(value, sentence(f"ui.plan_tax_{value}")) for value in ("true", "false")]
    return [("yes", sentence("ui.plan_large_yes"))] if key == "large" else ()


def _zones() -> tuple[str, ...]:
    from zoneinfo import available_timezones

    return tuple(sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/", "SystemV/"))))

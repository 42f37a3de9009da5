"""Text from data as it may be put out: nothing in it steers a terminal, a line, a reading direction or a spreadsheet."""

from __future__ import annotations

import re
import unicodedata

_SIGNS = {"\n": "⏎", "\r": "⏎", "\t": "⇥", "\u2028": "⏎", "\u2029": "⏎"}
_UNSHOWN = "�"
# Controls, marks of direction and half characters.
_STEERING = frozenset(("Cc", "Cf", "Cs", "Zl", "Zp"))
# Without them families of emoji fall apart and Persian words run together; they steer nothing.
_JOINERS = "\u200c\u200d"


def one_line(text: str) -> str:
    """Return ``text`` with control, line and direction characters made visible, for one-line places."""
    return text if text.isprintable() else "".join(map(_shown, text))


def lines(text: str) -> str:
    """Return ``text`` with all of these but line feeds made visible, for places of several lines."""
    return text if text.isprintable() else "\n".join(one_line(line) for line in text.replace("\r\n", "\n").split("\n"))


def in_json(document: str) -> str:
    """Return a JSON document with whatever could steer a terminal written as ``\\uXXXX``: the same document."""
    return document if document.isprintable() else _IN_JSON.sub(_escaped, document)


def _shown(sign: str) -> str:
    known = _SIGNS.get(sign)
    if known is not None:
        return known
    return _UNSHOWN if sign not in _JOINERS and unicodedata.category(sign) in _STEERING else sign


_IN_JSON = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"


# ---- spreadsheets take a cell that begins like a formula for one; an apostrophe before it keeps it text

_BLANKS = " \u00a0\u202f\u2007\u3000\ufeff\u200b\0"
_BEGINS = frozenset("=+-@|%＝＋－＠｜％")
_BREAKS = ("\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?%?")
_SIGN_ALONE = frozenset(("", "+", "-", "%", "--"))
# What needs no apostrophe and is often given one, so that it stays as it is: numbers, days, times and codes.
_FIGURES = re.compile(r"[\d\s:/.,+\-TZAPMapm年月日时分秒¥$€£%]*\d[\d\s:/.,+\-TZAPMapm年月日时分秒¥$€£%]*")


def could_be_formula(text: str) -> bool:
    """Return whether a spreadsheet might work ``text`` out instead of showing it; plain numbers it may."""
    if text.startswith(_BREAKS):
        return True
    begins = text.lstrip(_BLANKS + "\t\r\n")
    return begins[:1] in _BEGINS and begins not in _SIGN_ALONE and not _NUMBER.fullmatch(begins)


def guarded(text: str) -> str:
    """Return ``text`` with an apostrophe before it where a spreadsheet might take it for a formula.

    So has a text that ``unguarded`` would change otherwise: the one undoes the other for every text.
    """
    return "'" + text if could_be_formula(text) or is_guarded(text) else text


def unguarded(text: str) -> str:
    """Return ``text`` without the apostrophe (or backtick) that keeps a formula, a number, a day or a code as text."""
    return text[1:] if is_guarded(text) else text


def is_guarded(text: str) -> bool:
    """Return whether ``text`` begins with a mark that is there for spreadsheets and not the word's own, as in ``'n' roll``."""
    marks = len(text) - len(text.lstrip("'`"))
    if not marks or marks == len(text):
        return False
    bare = text[marks:]
    if text.lstrip("'")[:1] == "`" and "`" not in bare:
        return True  # payment platforms set one before every cell, words too
    return could_be_formula(bare) or _FIGURES.fullmatch(bare) is not None or _is_code(bare)


def _is_code(text: str) -> bool:
    """Return whether ``text`` looks like a number of an order or a product: no blanks, and a digit or capitals only."""
    if any(sign.isspace() for sign in text) or text[-1] in "'`":
        return False
    return any(sign.isdigit() for sign in text) or (text.isascii() and text.upper() == text and text.isprintable())

"""Words in the person's language: one TOML file a room in ``resources/languages/<language>``."""

from __future__ import annotations

import os
from functools import cache
from pathlib import PurePath

from ecoperf_desktop import paths, plain
from ecoperf_desktop.declarations import declared

LANGUAGES = ("en", "zh")
_current = "en"


def set_language(language: str) -> None:
    """Use ``language`` (one of LANGUAGES) from now on in this process."""
    global _current
    if language not in LANGUAGES:
        raise ValueError(language)
    _current = language


def current() -> str:
    return _current


def system_language() -> str:
    """Return the language of the system's settings, English unless it is Chinese."""
    name = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG")
    if not name:
        import locale  # Windows and macOS only: it takes longer than all words together

        name = locale.getlocale()[0] or ""
    return "zh" if name.lower().startswith(("zh", "chinese")) else "en"


def sentence(code: str, language: str | None = None, /, **details: object) -> str:
    """Return the sentence that ``code`` names, its placeholders filled from ``details``.

    ``code`` is ``file.key``: the file of the language folder and the key in it.  A
    sentence with forms ``one`` and ``other`` is chosen by ``details["n"]``.  A detail
    may itself be words by language, such as those of a format's own check.  An
    unknown code is returned as it is, so that a missing word shows and never raises.
    """
    entry = _room(language or _current, code.partition(".")[0]).get(code.partition(".")[2])
    if isinstance(entry, dict):
        entry = entry["one" if details.get("n") == 1 and "one" in entry else "other"]
    if not isinstance(entry, str):
        return code if not details else f"{code} {details}"
    if not details and "{" not in entry and "}" not in entry:
        return entry
    try:
        return entry.format(**{name: worded(detail, language) for name, detail in details.items()})
    except (KeyError, IndexError, ValueError):
        return f"{entry} {details}"


def worded(detail: object, language: str | None = None) -> object:
    """Return the words of ``language``, English or any where it has none, of a detail in several.

    Any other text and every path in one line, its control characters visible; all else as it is.
    """
    if isinstance(detail, dict) and detail.keys() & {*LANGUAGES}:
        detail = detail.get(language or _current) or detail.get("en") or next(iter(detail.values()))
    if isinstance(detail, (str, PurePath)):
        return plain.one_line(str(detail))
    return detail


@cache
def _room(language: str, room: str) -> dict[str, object]:
    path = paths.resources() / "languages" / language / f"{room}.toml"
    try:
        return declared(path)
    except FileNotFoundError:
        return {}

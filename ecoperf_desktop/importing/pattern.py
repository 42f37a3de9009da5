"""Regular expressions of descriptors, compiled only when they cannot run away."""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST = 500
SEARCHED = 2_000  # characters of a cell that a pattern is shown at most

_QUANTIFIER = re.compile(r"(\*|\+|\?|\{(\d*)(,?)(\d*)\})([?+]?)")


class PatternRefused(ValueError):
    """A pattern that is wrong, too long, or could take for ever; ``reason`` is a key of the importing sentences."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@lru_cache(maxsize=2048)
def compiled(pattern: str, ignore_case: bool = False) -> re.Pattern[str]:
    """Return the compiled pattern; raise PatternRefused."""
    if len(pattern) > LONGEST:
        raise PatternRefused("pattern_long")
    try:
        made = re.compile(pattern, re.IGNORECASE if ignore_case else 0)
    except re.error as problem:
        raise PatternRefused("pattern_wrong", str(problem)) from None
    _refuse_runaways(pattern)
    return made


def _refuse_runaways(pattern: str) -> None:
    """Refuse a repeat of variable length inside a repeat, and back references.

    These are what makes a matching engine that tries every way take exponential time.
    """
    open_groups: list[bool] = []  # for each open group: does it hold something of variable length?
    place = 0
    while place < len(pattern):
        character = pattern[place]
        closed_varies = False
        if character == "\\":
            if pattern[place + 1 : place + 2].isdigit() and pattern[place + 1] != "0":
                raise PatternRefused("pattern_back_reference")
            place += 2
        elif character == "[":
            place = _behind_set(pattern, place)
        elif character == "(":
            if pattern.startswith("(?P=", place):
                raise PatternRefused("pattern_back_reference")
            open_groups.append(False)
            place += 1
            if pattern.startswith("?", place):
                place = _behind_group_head(pattern, place)
            continue
        elif character == ")":
            closed_varies = open_groups.pop() if open_groups else False
            if closed_varies and open_groups:
                open_groups[-1] = True
            place += 1
        elif character in "|^$":
            place += 1
            continue
        else:
            place += 1
        quantifier = _QUANTIFIER.match(pattern, place)
        if quantifier is None or (quantifier[1].startswith("{") and not (quantifier[2] or quantifier[4])):
            continue
        place = quantifier.end()
        least, most = _bounds(quantifier)
        if closed_varies and (most is None or most > 1):
            raise PatternRefused("pattern_nested")
        if least != most and most != 1:
            if open_groups:
                open_groups[-1] = True


def _bounds(quantifier: re.Match[str]) -> tuple[int, int | None]:
    mark = quantifier[1]
    if mark == "*":
        return 0, None
    if mark == "+":
        return 1, None
    if mark == "?":
        return 0, 1
    least = int(quantifier[2] or 0)
    if not quantifier[3]:
        return least, least
    return least, int(quantifier[4]) if quantifier[4] else None


def _behind_set(pattern: str, place: int) -> int:
    place += 1
    if pattern.startswith("^", place):
        place += 1
    if pattern.startswith("]", place):
        place += 1
    while place < len(pattern) and pattern[place] != "]":
        place += 2 if pattern[place] == "\\" else 1
    return place + 1


def _behind_group_head(pattern: str, place: int) -> int:
    """Return the place behind ``?:``, ``?P<name>``, ``?=``, ``?i:`` and the like."""
    if named := re.compile(r"\?P?<\w+>").match(pattern, place):
        return named.end()
    if head := re.compile(r"\?(?:[=!>:]|<[=!]|[aiLmsux-]+:?)").match(pattern, place):
        return head.end()
    return place + 1

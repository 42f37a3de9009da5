"""Whether a record with too few cells lacks them at its end, or has lost a delimiter somewhere before.

Both look the same but for what stands in the cells: behind a lost delimiter every cell stands under another
column's name.  A record is taken as it is only when each of its cells is what the whole records have there, and no
longer, and when a shift would have shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

WHOLE_LEAST = 2  # records to compare with
WHOLE_MOST = 200
_TIME = re.compile(r"\d{1,4}([-/.]\d{1,2}[-/.]\d{1,4}|年\d{1,2}月\d{1,2}日?)([T ].*)?|\d{1,2}:\d\d(:\d\d)?")
_NUMBER = re.compile(r"[-+(]?\s*[$€£¥]?\s*\d[\d.,'\s\u00a0]*%?\)?")


class WholeRecords:
    """What the cells of the whole records look like, column by column."""

    def __init__(self, records: Sequence[Sequence[str]], width: int) -> None:
        self._count = len(records)
        self._columns = [_Column([record[place].strip() for record in records]) for place in range(width)]

    def lacks_only_its_end(self, cells: Sequence[str]) -> bool:
        """Return whether the cells that are there stand where they belong."""
        found = len(cells)
        if self._count < WHOLE_LEAST or not len(self._columns) > found > len(self._columns) / 2:
            return False
        there, lacking = self._columns[:found], self._columns[found:]
        if not all(column.takes(cell.strip()) for column, cell in zip(there, cells, strict=True)):
            return False
        last = cells[-1].strip()
        if any(there[-1].may_hold(last[:cut]) and lacking[0].may_hold(last[cut:]) for cut in range(1, len(last))):
            return False  # it may be two that have run into one
        # Behind a lost delimiter the last cell would be one of those that seem to be lacking.
        would_show = bool(last) and not any(column.takes(last) for column in lacking)
        return would_show or not any(column.has_blanks for column in there)


class _Column:
    def __init__(self, cells: Sequence[str]) -> None:
        filled = [cell for cell in cells if cell]
        self.has_blanks = len(filled) < len(cells)
        self._longest = max(map(len, filled), default=0)
        self._shortest = min(map(len, filled), default=0)
        self._kinds = {_kind(cell) for cell in filled}

    def takes(self, cell: str) -> bool:
        """Return whether a cell could be one of this column: of a kind that is there, and no longer than the others."""
        if not cell:
            return self.has_blanks
        kind = _kind(cell)
        # Texts of many lengths may have others; codes have one, and numbers grow by running into each other.
        spread = self._longest - self._shortest if kind == "text" else 0
        return kind in self._kinds and len(cell) <= self._longest + spread

    def may_hold(self, part: str) -> bool:
        """Return whether a part of a cell could be a whole one here, which is of no other length than those there are."""
        return self.takes(part) and self._shortest <= len(part) <= self._longest


def _kind(cell: str) -> str:
    if _TIME.fullmatch(cell):
        return "time"
    if not _NUMBER.fullmatch(cell):
        return "text"
    return "decimal" if "." in cell or "," in cell else "whole"

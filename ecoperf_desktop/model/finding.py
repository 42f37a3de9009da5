"""What is wrong with a row or a file, as a value."""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from ecoperf_desktop.records import dataclass

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True)
class Finding:
    """One remark about an import.

    ``code`` names a sentence in ``resources/languages`` and ``details`` fill it.
    ``record`` counts records from 1 after the header; ``line`` is the physical
    line of the file from 1, None in a workbook; both None when the whole file
    is meant.  ``column`` is the header as it stands in the file.
    """

    code: str
    severity: Severity = "error"
    record: int | None = None
    line: int | None = None
    column: str | None = None
    details: dict[str, object] = field(default_factory=dict)

"""What an import is told, and what it reports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Literal

from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.finding import Finding
from ecoperf_desktop.records import dataclass

Status = Literal["loaded", "unchanged", "refused", "skipped"]

# Called with (done, total, what) at most 20 times a second; raises errors.Cancelled to stop.
Progress = Callable[[int, int, str], None]


def no_progress(done: int, total: int, what: str) -> None:
    """Report nothing."""


@dataclass(frozen=True)
class Answers:
    """What no file can say about its source, asked once and kept.

    ``currency`` is ISO 4217; ``tz`` an IANA zone; ``recognition_basis`` is
    ``paid`` or ``placed``; ``attribution`` the window in which ads count orders as theirs, in the vendor's words.
    ``basis_chosen``: a person changed the basis, so that no format's own takes its place.
    """

    source: str
    platform: str
    currency: str | None = None
    tz: str | None = None
    day_start_min: int = 0
    recognition_basis: str = "paid"
    tax_inclusive: bool = True
    attribution: str | None = None
    basis_chosen: bool = False


@dataclass(frozen=True)
class ImportHead:
    """The identity of one import: which bytes, read how, for which source.

    ``as_of`` is UTC seconds: the export time in the content, else in the name, else
    the file's modification time.  ``header`` are the columns as they stand in the
    file; ``hidden`` those whose raw text is not kept, ``hashed`` those shown as
    ``(hashed)``.  ``period`` is what the file states, if it does.
    """

    answers: Answers
    path: str
    file: str
    member: str | None
    sha256: str
    size: int
    format_id: str
    format_version: int
    mapping_hash: str
    encoding: str | None
    delimiter: str | None
    header: tuple[str, ...]
    hidden: tuple[str, ...]
    hashed: tuple[str, ...]
    as_of: int
    as_of_from: Literal["content", "name", "file", "given"]
    period: Period | None = None


@dataclass(frozen=True)
class RowCounts:
    """``read`` is the sum of the others."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    dropped: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class FileReport:
    """What became of one file or member."""

    path: str
    member: str | None
    sha256: str | None
    import_id: int | None
    status: Status
    format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    period: Period | None = None
    rows: RowCounts = RowCounts()
    dropped: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True)
class ImportReport:
    files: tuple[FileReport, ...]

    @property
    def refused(self) -> bool:
        return any(file.status == "refused" for file in self.files)

"""The reader under test as a scorer wants it: a path in, rows and what was rejected out, without a word about the dialect."""

from __future__ import annotations

from pathlib import Path

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.look import unclaimed
from ecoperf_desktop.model.finding import Finding


def rows(path: str | Path) -> tuple[list[list[str]], list[Finding]]:
    """Return header and records of a file that no format claims, and the findings about the others.

    Where nothing names the columns, the records come without a header.  An empty file has no rows; every other refusal is raised.
    """
    (member,) = members(Path(path))
    try:
        tables = unclaimed(member)
    except FileRefused as problem:
        if problem.code == "reading.empty":
            return [], []
        raise
    found: list[list[str]] = []
    findings: list[Finding] = []
    for table in tables:
        if table.header:
            found.append(list(table.header))
        for block in table.reader.blocks():
            found.extend(list(row) for row in zip(*(cells.texts() for cells in block.columns), strict=True))
        findings.extend(table.reader.findings)
    return found, findings

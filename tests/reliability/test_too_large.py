"""Files beyond every limit are refused by their size, before they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

from ecoperf_desktop.importing import container, limits

TEN_GB = 10 * limits.GIB
HEADER = b"order_no,paid_at,sku,qty,amount\n"
LINE = b"A%07d,2026-03-01,S1,1,10.00\n"


def _of_ten_gigabytes(path: Path, opening: bytes) -> Path:
    """Write a file of which the disk keeps only the opening."""
    with path.open("wb") as stream:
        stream.write(opening)
        try:
            stream.truncate(TEN_GB)
        except OSError as problem:
            pytest.skip(f"this disk keeps no file of ten gigabytes: {problem}")
    return path


@pytest.mark.parametrize("opening", [b"".join([HEADER, *(LINE % number for number in range(40_000))]), b"", b"\0\1\2" * 9000])
def test_c20_ten_gigabytes_are_refused_without_being_read(tmp_path: Path, opening: bytes) -> None:
    path = _of_ten_gigabytes(tmp_path / "ten.csv", opening)
    try:
        (member,) = container.members(path)
        assert member.problem is not None
        assert member.sha256 == ""  # reading ten gigabytes for it would have taken a minute
        if opening.startswith(HEADER):
            assert member.problem.code == "reading.too_big"
            assert limits.shown(limits.TEXT_FILE) in str(member.problem)
    finally:
        path.unlink()

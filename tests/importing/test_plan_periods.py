"""Which days a file speaks for and how old it is: from its lines, its name, the file beside it, or the person."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecoperf_desktop.importing.period import given_period
from ecoperf_desktop.importing.plan import FilePlan, ImportOptions, plan
from ecoperf_desktop.model.days import Period, date_of, iso, parse_day
from ecoperf_desktop.model.importing import no_progress

GA4 = "# ---\n# Traffic acquisition\n# Account: Shop\n# Start date: {start}\n# End date: {end}\n\nSession source / medium,Sessions\ngoogle / cpc,5\n"


def _planned(*paths: Path, **settings: str) -> tuple[FilePlan, ...]:
    return plan(paths, ImportOptions(settings=settings), lambda _: None, no_progress).files


def _period(first: str, last: str) -> Period:
    return Period(parse_day(first), parse_day(last))


def test_a_period_in_the_lines_above_the_header_is_that_of_the_rows(tmp_path: Path) -> None:
    path = tmp_path / "download.csv"
    path.write_text(GA4.format(start="20260907", end="20260913"), encoding="utf-8")
    (file,) = _planned(path)
    assert (file.outcome, file.period, file.period_from) == ("load", _period("2026-09-07", "2026-09-13"), "preamble")


def test_a_relative_period_counts_back_from_the_newest_day_of_the_file_beside(tmp_path: Path) -> None:
    path = tmp_path / "https___shop.example_-Performance-on-Search-2026-09-30.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("Chart.csv", "Date,Clicks,Impressions,CTR,Position\n2026-09-26,1,10,10%,3\n2026-09-27,2,10,20%,3\n")
        archive.writestr("Queries.csv", "Top queries,Clicks,Impressions,CTR,Position\nmug,3,20,15%,3\n")
        archive.writestr("Filters.csv", "Filter,Value\nSearch type,Web\nDate,Last 28 days\n")
    files = {file.member: file for file in _planned(path)}
    assert files["Queries.csv"].period == _period("2026-08-31", "2026-09-27")
    assert files["Queries.csv"].period_from == "sibling"
    assert files["Filters.csv"].outcome == "skipped"


def test_a_period_nobody_tells_is_asked_for_and_taken_from_the_person(tmp_path: Path) -> None:
    path = tmp_path / "Queries.csv"
    path.write_text("Top queries,Clicks,Impressions,CTR,Position\nmug,3,20,15%,3\n", encoding="utf-8")
    (file,) = _planned(path)
    assert (file.outcome, file.question) == ("refused", "period")
    (file,) = _planned(path, period="2026-09-01..2026-09-30")
    assert (file.outcome, file.period_from) == ("load", "given")


@given(st.integers(0, 40_000), st.integers(0, 400))
def test_a_period_is_read_as_it_is_written(first: int, more: int) -> None:
    assert given_period(f"{iso(first)}..{iso(first + more)}") == Period(first, first + more)
    assert given_period(iso(first)) == Period(first, first)
    assert date_of(first).isoformat() == iso(first)


@pytest.mark.parametrize("text", ["2026-13-01", "2026-01-02..2026-01-01", "May", ""])
def test_a_period_that_is_none_is_wrong(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        given_period(text)


def test_the_content_says_how_old_a_run_is_before_the_file_does(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(
        '{"lighthouseVersion": "12.1.0", "fetchTime": "2026-09-07T06:00:01.500Z", "finalDisplayedUrl": "https://shop.example/",'
        ' "configSettings": {"formFactor": "mobile"}, "categories": {"performance": {"score": 0.5}}, "audits": {}}',
        encoding="utf-8",
    )
    (file,) = _planned(path)
    assert file.as_of_from == "content"
    assert file.as_of == 1_788_760_801
    (file,) = _planned(path, as_of="2026-10-01")
    assert file.as_of_from == "given"

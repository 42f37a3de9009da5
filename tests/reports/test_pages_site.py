"""The Site tab: outages, lab runs, phones against desktops, traffic."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import little_shop
import pytest
from little_shop import LAST, _load

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Grain
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.blocks import Funnel, Heat, Lines, NumberCell, PageSummary, Points, Table
from ecoperf_desktop.reports.summary import summarise
from ecoperf_desktop.reports.tabular import table_of
from ecoperf_desktop.store.database import Workspace

FIRST = LAST - 7 * 30 + 1
MIDNIGHT = 16 * 3600  # in Shanghai, in UTC seconds of the day before


def _incidents() -> list[dict[str, Any]]:
    """Nine minutes on a Wednesday, a planned hour on the day after, and one long ago."""
    return [
        {"target": "shop.example", "started_ts": day * 86_400 - 86_400 + MIDNIGHT + clock, "ended_ts": day * 86_400 - 86_400 + MIDNIGHT + clock + seconds,
         "day": day, "planned": planned, "reason": reason, "seconds": seconds}
        for day, clock, seconds, planned, reason in (
            (LAST - 4, 37_800, 540, 0, "Bad gateway"), (LAST - 3, 7_200, 3_600, 1, "Database moved"), (LAST - 100, 0, 60, 0, None)
        )
    ]  # fmt: skip


def _runs() -> list[dict[str, Any]]:
    rows = []
    for week in range(30):
        for run, score in enumerate((0.70, 0.80, 0.90, 0.95, 0.99) if week < 29 else (0.60, 0.80)):
            rows.append({"ts": (FIRST + 7 * week) * 86_400 + run, "day": FIRST + 7 * week, "url": "https://shop.example/", "device": "mobile", "performance": score})
    return rows


def _visits() -> list[dict[str, Any]]:
    cuts: tuple[tuple[str, str | None, str | None, int, int, int | None], ...] = (
        ("device", "mobile", None, 1_000, 500, 10), ("device", "desktop", None, 400, 200, 12),
        ("channel", None, "search", 900, 400, None), ("channel", None, "mail", 500, 300, None),
    )  # fmt: skip
    return [
        {"day": day, "last_day": day, "shop": "S", "variant": variant, "device": device, "channel": channel, "sessions": sessions,
         "engaged_sessions": engaged, "purchase_sessions": bought, "pageviews": sessions * 3}
        for day in range(FIRST, LAST + 1)
        for variant, device, channel, sessions, engaged, bought in cuts
    ]  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("site") / "shop.ecoperf"
    with Workspace.open(path, write=True) as opened:
        _load(opened, "days.csv", {"monitor_days": [
            {"day": day, "target": "shop.example", "up_seconds": 86_400 - down, "down_seconds": down, "incidents": int(down > 0)}
            for day in range(FIRST, LAST + 1) for down in (540 if day == LAST - 4 else 0,)
        ]})  # fmt: skip
        _load(opened, "outages.csv", {"incidents": _incidents()})
        _load(opened, "runs.csv", {"lab_audits": _runs()})
        _load(opened, "visits.csv", {"site_traffic": _visits()})
    return path


@pytest.fixture
def shop(made: Path) -> Iterator[Engine]:
    opened = Workspace.open(made)
    yield little_shop.engine(opened)
    opened.close()


def page(engine: Engine, **changes: Any) -> PageSummary:
    return summarise(engine, "site", little_shop.scope(**changes))


def table(summary: PageSummary, key: str) -> Table:
    return next(block for block in summary.blocks if isinstance(block, Table) and block.key == key)


def row(found: Table, key: str) -> dict[str, Any]:
    cells = next(row.cells for row in found.rows if row.key == key)
    return {column.key: cell for column, cell in zip(found.columns, cells, strict=True)}


def only(summary: PageSummary, kind: type) -> Any:
    (block,) = (block for block in summary.blocks if isinstance(block, kind))
    return block


def test_each_day_has_its_minutes_of_outage_under_its_week_and_weekday(shop: Engine) -> None:
    heat = only(page(shop), Heat)
    assert heat.columns[-1] == "W33" and len(heat.columns) == 13
    assert [line.label for line in heat.rows] == ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    minutes = {(line.label, week): cell.figure.value for line in heat.rows for week, cell in zip(heat.columns, line.cells, strict=True)}
    assert minutes["Wed", "W33"] == 9
    assert sum(minutes.values()) == 9, "planned work is no outage"


def test_days_that_are_not_over_yet_are_blank(shop: Engine) -> None:
    heat = only(page(shop, day=LAST - 3), Heat)
    assert heat.columns[-1] == "W33"
    early = only(page(shop, day=LAST - 3, grain=Grain.DAY, as_grain=Grain.DAY), Heat)
    assert [line.cells[-1] is None for line in early.rows] == [False] * 4 + [True] * 3


def test_outages_are_listed_by_the_sources_clock_with_reason_and_what_is_left_of_a_month(shop: Engine) -> None:
    found = table(page(shop), "outages")
    assert [line.cells[0].text for line in found.rows] == ["13 Aug 2026 02:00", "12 Aug 2026 10:30"], "the newest first, the oldest too long ago"
    planned, real = (dict(zip((column.key for column in found.columns), line.cells, strict=True)) for line in found.rows)
    assert (planned["reason"].text, planned["reason"].pill, planned["minutes"].muted) == ("Database moved", "planned", True)
    assert (real["minutes"].figure.value, real["reason"].text, real["reason"].pill) == (9, "Bad gateway", None)
    assert "43.2" in found.foot and "9.0" in found.foot and "No target" in found.foot


def test_lab_runs_are_a_median_with_the_middle_half_and_hollow_where_few(shop: Engine) -> None:
    points = only(page(shop), Points)
    assert len(points.points) == 13
    first, last = points.points[0], points.points[-1]
    assert (first.figure.value, first.low.value, first.high.value) == (90, 80, 95)
    assert not first.is_hollow and last.is_hollow
    told = shop.answer([Question(("lighthouse_median",), little_shop.scope().period, where=(("device", "mobile"),))])[0][0]
    assert last.figure.value == told.value and ("device", "mobile") in last.figure.reference.where


def test_what_phones_lose_is_said_in_purchases(shop: Engine) -> None:
    found = table(page(shop), "mobile_gap")
    phones, desktops, gap = (row(found, key) for key in ("mobile", "desktop", "gap"))
    assert (phones["purchases"].figure.value, desktops["purchases"].figure.value) == (70, 84)
    assert phones["conversion_rate_sessions"].figure.value == Fraction(1, 100)
    assert gap["conversion_rate_sessions"].figure.value == -2
    assert gap["conversion_rate_sessions"].text == "−2.00 pp"
    # Three in a hundred of 7,000 visits in place of one.
    assert "140" in found.foot


def test_visits_become_purchases_on_both_devices(shop: Engine) -> None:
    funnel = only(page(shop), Funnel)
    assert [side.name for side in funnel.sides] == ["Mobile", "Desktop"]
    assert [side.steps[0].figure.value for side in funnel.sides] == [7_000, 2_800]


def test_traffic_is_cut_by_channel_without_columns_that_no_report_has(shop: Engine) -> None:
    found = table(page(shop), "traffic_channels")
    assert row(found, "search")["sessions"].figure.value == 6_300
    assert row(found, "mail")["engagement_rate_ga4"].figure.text == "60.0%"
    assert not {"bounce_rate_ua", "js_error_rate", "avg_dwell_time"} & {column.key for column in found.columns}
    assert row(table(page(shop), "devices"), "mobile")["device"].text == "Mobile"


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_reads_for_every_length_and_language(shop: Engine, grain: Grain, language: str) -> None:
    for block in page(shop, grain=grain, as_grain=grain, language=language).blocks:
        for line in table_of(block).rows:
            for cell in line.cells:
                assert not cell.text.startswith("reports."), (block, cell)
                if isinstance(cell, NumberCell) and cell.figure.value is None and cell.figure.text:
                    assert cell.figure.reason, (block, cell)


def test_a_shop_that_only_watches_its_traffic_has_no_outages_and_no_runs(tmp_path: Path) -> None:
    with Workspace.open(tmp_path / "w.ecoperf", write=True) as opened:
        _load(opened, "visits.csv", {"site_traffic": _visits()})
        summary = page(little_shop.engine(opened))
    keys = {block.key for block in summary.blocks if isinstance(block, Table)}
    assert {"traffic_channels", "mobile_gap"} <= keys and "outages" not in keys
    assert not [block for block in summary.blocks if isinstance(block, Heat | Points)]


def test_a_point_of_a_devices_line_is_explained_as_that_devices(tmp_path: Path) -> None:
    rows = [
        {"day": end - 27, "last_day": end, "page": "origin", "device": device, "metric": "LCP", "p75": p75}
        for end in range(LAST - 70, LAST + 1, 7) for device, p75 in (("mobile", 3_000.0), ("desktop", 1_500.0))
    ]  # fmt: skip
    with Workspace.open(tmp_path / "w.ecoperf", write=True) as opened:
        _load(opened, "speed.csv", {"page_p75": rows})
        engine = little_shop.engine(opened)
        lines = next(block for block in page(engine).blocks if isinstance(block, Lines) and block.code == "W-01")
        for series, device, p75 in zip(lines.series, ("mobile", "desktop"), (3_000, 1_500), strict=True):
            reference = series.last.reference
            assert reference is not None and ("device", device) in reference.where
            told = engine.answer([Question((reference.metric,), reference.period, where=reference.where)])[0][0]
            assert told.value == series.last.value == p75

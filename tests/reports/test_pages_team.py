"""The team's page on a small shop whose every case is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import little_shop
import pytest

from ecoperf_desktop.analysis.intervals import Z99, wilson
from ecoperf_desktop.model.days import parse_day
from ecoperf_desktop.reports.blocks import (
    Empty,
    IntervalCell,
    Lines,
    Notes,
    NumberCell,
    PageSummary,
    StateCell,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.summary import summarise
from ecoperf_desktop.store.database import Workspace

LAST = parse_day("2026-08-16")  # a Sunday
TAUGHT = LAST - 40
Tables = Mapping[str, Sequence[Mapping[str, Any]]]

AGENTS = tuple(f"Agent {number}" for number in range(10))
TRAINED = AGENTS[:5]


def _staff() -> list[dict[str, Any]]:
    rows = [{"name": name, "role": "service", "department": "Service", "hired_day": LAST - 900} for name in AGENTS[:9]]
    rows.append({"name": AGENTS[9], "role": "service", "department": "Service", "hired_day": LAST - 70})
    rows += [{"name": name, "role": "picker", "department": "Warehouse", "hired_day": LAST - 900} for name in ("Wu", "Xu", "Yan", "Zhao")]
    rows.append({"name": "Marke", "role": "ads", "department": "Marketing", "hired_day": LAST - 900})
    return rows


def _ratings() -> list[dict[str, Any]]:
    """Return ten ratings a day and agent, eight of them good; of those who were trained all ten afterwards."""
    return [
        {"day": day, "shop": "S", "agent": agent, "received": 20, "replied": 20, "inquirers": 10, "converted": 4, "first_reply_n": 20,
         "first_reply_seconds": 600, "csat_n": 10, "csat_ok": 10 if agent in TRAINED and day > TAUGHT else 8}
        for day in range(LAST - 90, LAST + 1)
        for agent in AGENTS
    ]  # fmt: skip


def _shifts() -> list[dict[str, Any]]:
    """Return shifts of the last day: two without an error, one with a hundred in a thousand, one of twenty pieces."""
    work = (("Wu", 400, 0), ("Xu", 300, 0), ("Yan", 1000, 100), ("Zhao", 20, 5))
    return [{"day": LAST, "staff": name, "hours": 8.0, "units_handled": units, "errors": errors} for name, units, errors in work]


def _trainings() -> list[dict[str, Any]]:
    rows = [{"topic": "Tone", "staff": name, "day": TAUGHT, "hours": 2.0, "metric": "agent_csat", "completed": 1} for name in TRAINED]
    rows.append({"topic": "Tone", "staff": AGENTS[9], "day": TAUGHT, "hours": 2.0, "metric": "agent_csat", "completed": 0})
    rows.append({"topic": "Talk", "staff": AGENTS[0], "day": LAST - 3, "hours": 1.0, "metric": "agent_csat", "completed": 1})
    return rows


def _ads() -> dict[str, list[dict[str, Any]]]:
    rows = [
        {"day": LAST, "last_day": LAST, "shop": "S", "channel": "google", "campaign": campaign, "impressions": 1000, "clicks": 50,
         "cost": cost, "conversions": 1.0, "conv_value": 4 * cost}
        for campaign, cost in (("owned", 6_000), ("nobody's", 2_000))
    ]  # fmt: skip
    return {"campaign": [{"name": "owned", "owner": "Marke"}], "ad_performance": rows}


FILES: dict[str, Tables] = {
    "staff.csv": {"staff": _staff()},
    "ratings.csv": {"agent_day": _ratings()},
    "shifts.csv": {"labour": _shifts()},
    "trainings.csv": {"training": _trainings()},
    "ads.csv": _ads(),
}


def _page(path: Path, files: Mapping[str, Tables], **changes: Any) -> PageSummary:
    with Workspace.open(path, write=True) as opened:
        for name, tables in files.items():
            little_shop._load(opened, name, tables)
    with Workspace.open(path) as opened:
        return summarise(little_shop.engine(opened), "team", little_shop.scope(day=LAST, **changes))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> PageSummary:
    return _page(tmp_path_factory.mktemp("team") / "shop.eco", FILES)


def table(summary: PageSummary, key: str) -> Table:
    return next(block for block in summary.blocks if isinstance(block, Table) and block.key == key)


def texts(of: Table) -> dict[str, list[str]]:
    """Return what stands in the rows, without the mark of days that were not imported."""
    return {row.key: [cell.text.rstrip("†") for cell in row.cells] for row in of.rows}


def test_who_is_new_bears_the_months_of_service(page: PageSummary) -> None:
    pills = {row.key: row.cells[0].pill for row in table(page, "agents").rows if isinstance(row.cells[0], TextCell)}
    assert pills[AGENTS[9]] == "2 mo"
    assert {pills[name] for name in AGENTS[:9]} == {None}


def test_without_single_conversations_there_is_no_spread_of_answers(page: PageSummary) -> None:
    assert "spread" not in [column.key for column in table(page, "agents").columns]


def test_with_single_conversations_median_and_ninetieth_percentile_are_shown(tmp_path: Path) -> None:
    begin = LAST * 86_400 + 30_000
    talks = [
        {"shop": "S", "ticket_no": f"{agent}{number}", "agent": agent, "day": LAST, "first_msg_ts": begin,
         "first_reply_ts": begin + number // 2 + (21 if agent == "Slow" else 1), "csat": 5}
        for agent in ("Quick", "Slow")
        for number in range(100)
    ]  # fmt: skip
    agents = table(_page(tmp_path / "talks.eco", {"talks.csv": {"support_conversations": talks}}), "agents")
    place = [column.key for column in agents.columns].index("spread")
    cells = {row.key: row.cells[place] for row in agents.rows}
    quick, slow = cells["Quick"], cells["Slow"]
    assert isinstance(quick, IntervalCell) and isinstance(slow, IntervalCell)
    assert (quick.text, slow.text) == ("25–45 s", "45–65 s")
    assert (quick.low, quick.high, slow.low, slow.high) == pytest.approx((25 / 65, 45 / 65, 45 / 65, 1.0))
    assert cells["total"].text.startswith("median ")


def test_nobody_is_called_on_few_cases_and_a_whole_sample_is_not_low(page: PageSummary) -> None:
    rows = [row for row in table(page, "duties").rows if row.key.startswith("pick_accuracy")]
    assert [row.key.partition("/")[2] for row in rows] == ["Yan", "Wu", "Xu", "Zhao"], "by cases, those with few last"
    calls = {row.key.partition("/")[2]: row.cells[-1].text for row in rows}
    assert calls == {"Yan": "One low", "Wu": "No difference", "Xu": "No difference", "Zhao": "Too few"}
    assert texts(table(page, "duties"))["pick_accuracy/Yan"][2:5] == ["900 / 1,000", "90.0%", "88.0–91.7%"]
    assert isinstance(rows[-1].cells[3], NumberCell) and rows[-1].cells[3].muted


def test_a_number_that_is_no_share_of_cases_is_shown_and_not_called(page: PageSummary) -> None:
    rows = texts(table(page, "duties"))
    assert rows["picks_per_hour/Yan"][2:5] == ["1,000 / 8", "125.0", ""]
    assert rows["picks_per_hour/Yan"][-1] == "No call"


def test_the_ends_of_a_sample_are_exact() -> None:
    for count in range(1, 400):
        assert wilson(count, count, Z99)[1] == 1.0 and wilson(0, count, Z99)[0] == 0.0


def test_a_training_is_set_against_others_of_the_same_role(page: PageSummary) -> None:
    trainings = table(page, "trainings")
    assert [row.cells[0].text for row in trainings.rows] == ["Talk", "Tone"], "the newest first"
    tone = texts(trainings)[f"Tone/{TAUGHT}"]
    assert tone[2:6] == ["5 / 6", "Agent satisfaction", "80.0% → 100.0%", "80.0% → 80.0%"]
    assert tone[6] == "+20.0 pp" and tone[7].startswith("+") and tone[8] == "Effective"
    day = trainings.rows[1].cells[1]
    assert isinstance(day, TextCell) and day.day == TAUGHT


def test_a_training_too_young_to_tell_says_so(page: PageSummary) -> None:
    talk = next(row for row in table(page, "trainings").rows if row.cells[0].text == "Talk")
    state = talk.cells[-1]
    assert isinstance(state, StateCell) and state.text == "Cannot tell" and state.state.why
    assert [cell.text for cell in talk.cells[4:8]] == ["–", "–", "–", "–"]


def test_marketers_are_told_by_the_campaigns_that_are_theirs(page: PageSummary) -> None:
    rows = texts(table(page, "marketers"))
    assert rows["Marke"][1] == "¥60" and rows["total"][1] == "¥80"
    assert rows[""][0] == "(not known)", "a campaign of nobody is not left out"


def test_labour_and_training_stand_with_what_they_rest_on(page: PageSummary) -> None:
    rows = texts(table(page, "workforce"))
    assert rows["pick_accuracy"][1:3] == ["93.9%", "1,720"]
    assert rows["training_completion_rate"][0].endswith("(12 months)")
    assert rows["training_completion_rate"][1] == "85.7%"


def test_the_page_says_what_holds_for_numbers_of_people(page: PageSummary) -> None:
    notes = next(block for block in page.blocks if isinstance(block, Notes) and block.title == "About numbers of people")
    assert "30 cases" in notes.lines[0]
    assert any(isinstance(block, Lines) for block in page.blocks)


def test_a_page_without_people_says_what_it_needs(tmp_path: Path) -> None:
    (empty,) = _page(tmp_path / "none.eco", {"products.csv": {"product": little_shop._products()}}).blocks
    assert isinstance(empty, Empty)


def test_one_source_alone_makes_the_rest_of_the_page_no_longer_than_it_is(tmp_path: Path) -> None:
    only = _page(tmp_path / "shifts.eco", {"staff.csv": FILES["staff.csv"], "shifts.csv": FILES["shifts.csv"]})
    assert {block.key for block in only.blocks if isinstance(block, Table)} == {"duties", "workforce"}

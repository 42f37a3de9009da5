"""Limits and the rules that read them."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path

import pytest

from ecoperf_desktop.metrics.methods import signals

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
BASE = [50.0, 53.0, 48.0, 51.0, 49.0, 52.0, 50.0, 47.0, 51.0, 49.0]


@pytest.fixture(scope="module")
def example() -> dict:
    path = SHARED / "metrics" / "oracles.json"
    if not path.exists():
        pytest.skip("the worked examples are not beside this checkout")
    return json.loads(path.read_text(encoding="utf-8"))["E49"]["expected"]


def test_limits_and_rules_agree_with_the_worked_example(example: dict) -> None:
    found = signals.limits(BASE, is_corrected=False)
    assert found is not None
    assert found.centre == pytest.approx(example["mean"])
    assert found.mean_range == pytest.approx(example["mean_mr"])
    assert found.upper == pytest.approx(example["unpl"])
    assert found.lower == pytest.approx(example["lnpl"])
    assert found.range_limit == pytest.approx(example["url"])
    whole = [*BASE, 58.0, 51.0]
    assert signals.outside(whole, found) == example["rule1_index"]
    assert signals.jumps(whole, found) == example["mr_signal_index"]
    assert signals.runs([51, 52, 50.5, 51, 50.4, 53, 51, 50.2, 50.1], found.centre) == example["rule2_index"]
    assert signals.clusters([50, 55, 54.9, 50, 55, 49], found) == example["rule3_index"]


def test_nine_weeks_are_too_few_and_ten_are_provisional() -> None:
    assert signals.limits(BASE[:9]) is None
    ten = signals.limits(BASE)
    assert ten is not None and ten.is_provisional
    firm = signals.limits(BASE + BASE[:5])
    assert firm is not None and not firm.is_provisional


def test_a_missing_week_is_no_point_and_breaks_the_moving_range() -> None:
    holed = signals.limits([*BASE[:5], None, *BASE[5:]], is_corrected=False)
    whole = signals.limits(BASE, is_corrected=False)
    assert holed is not None and whole is not None
    assert holed.base == 10
    assert holed.centre == whole.centre
    # The step from 49 to 52 spans the hole and is left out of the mean.
    assert holed.mean_range == pytest.approx((27 - 3) / 8)


def test_weeks_that_resemble_their_neighbours_widen_the_limits() -> None:
    slow = [50 + 10 * math.sin(week / 4) for week in range(26)]
    plain, corrected = signals.limits(slow, is_corrected=False), signals.limits(slow)
    assert plain is not None and corrected is not None
    assert corrected.r1 == pytest.approx(0.8)
    assert corrected.upper - corrected.centre == pytest.approx((plain.upper - plain.centre) / math.sqrt(0.2))


def test_limits_of_a_share_stay_between_nothing_and_all() -> None:
    shares = [0.9, 0.99, 0.8, 0.99, 0.85, 1.0, 0.9, 0.7, 0.99, 0.95]
    found = signals.limits(shares, floor=0.0, ceiling=1.0)
    assert found is not None and found.upper == 1.0 and found.lower >= 0.0


def test_the_newest_point_is_a_signal_a_quiet_mark_or_nothing() -> None:
    within = signals.limits(BASE, is_corrected=False)
    assert within is not None
    assert signals.judge([50, 58], within) == signals.Verdict(signal="above")
    assert signals.judge([50, 41], within) == signals.Verdict(signal="below")
    assert signals.judge([51.0] * 8, within) == signals.Verdict(watch="above")
    assert signals.judge([50, 45.5, 45, 45], within) == signals.Verdict(watch="below")
    assert signals.judge([50, 51], within) == signals.Verdict()
    assert signals.judge([50, None], within) == signals.Verdict()
    assert signals.judge([], within) == signals.Verdict()


@pytest.mark.parametrize("likeness", [0.0, 0.3, 0.5])
def test_noise_is_rarely_called_a_signal(likeness: float) -> None:
    chance = random.Random(7)
    called = 0
    for _ in range(1_500):
        level, weeks = chance.gauss(0, 1), []
        for _ in range(27):
            weeks.append(100 + 10 * level)
            level = likeness * level + math.sqrt(1 - likeness**2) * chance.gauss(0, 1)
        within = signals.limits(weeks[:-1])
        assert within is not None
        called += signals.judge(weeks, within).signal is not None
    assert called / 1_500 < 0.02


def test_a_fall_by_a_third_is_seen_about_every_second_time_in_its_first_week() -> None:
    chance = random.Random(11)
    seen = 0
    for _ in range(1_000):
        weeks = [100 + 10 * chance.gauss(0, 1) for _ in range(26)]
        within = signals.limits(weeks)
        assert within is not None
        seen += signals.judge([*weeks, 67 + 10 * chance.gauss(0, 1)], within).signal == "below"
    assert 0.35 < seen / 1_000 < 0.8

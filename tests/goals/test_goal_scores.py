"""Points, scorecards, trees, bonuses, proposals and pace."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop import language
from ecoperf_desktop.errors import GoalRefused
from ecoperf_desktop.goals import incentives, pace, proposals, scores, tree
from ecoperf_desktop.goals.incentives import Band, Result, Rule
from ecoperf_desktop.goals.scores import Entry, Gate, Scorecard
from ecoperf_desktop.goals.tree import Goal
from ecoperf_desktop.metrics.methods.forecast import Outlook
from ecoperf_desktop.metrics.methods.running import Elapsed

RULE = Rule("2026-1", (Band(Fraction(0), Fraction(1, 100)), Band(Fraction(1), Fraction(2, 100)), Band(Fraction(6, 5), Fraction(3, 100))))




# ---- points


@settings(deadline=None)
@given(st.floats(-100, 100), st.floats(1, 50), st.floats(0, 50), st.floats(-300, 300), st.floats(-300, 300))
def test_points_never_fall_when_the_actual_gets_better(floor: float, way: float, beyond: float, one: float, other: float) -> None:
    higher = scores.scale(floor, floor + way, floor + way + beyond)
    lower = scores.scale(-floor, -floor - way, -floor - way - beyond)
    worse, better = sorted((one, other))
    assert 0 <= higher.score(worse) <= higher.score(better) <= 120
    assert higher.score(worse) == pytest.approx(lower.score(-worse))
    assert higher.score(floor + way) == pytest.approx(100)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((1, 1, 2), "target_is_floor"), ((0, 10, 5), "stretch_before_target"), ((10, 5, 6), "stretch_before_target"),
     ((0, 10, 20, 90), "cap_below_target"), ((0, float("nan"), 1), "level_not_finite")],
)  # fmt: skip
def test_levels_that_cannot_be_are_refused(arguments: tuple[float, ...], code: str) -> None:
    with pytest.raises(GoalRefused) as problem:
        scores.scale(*arguments)
    assert problem.value.code == f"goals.{code}"


def test_attainment_has_no_number_where_a_quotient_says_nothing() -> None:
    assert scores.attainment(0, 0, "lower") is None
    assert scores.attainment(-5, 10, "higher") is None
    assert scores.attainment(0, 30, "lower") is None
    assert scores.attainment(0, 30, "lower", "linear") == 2
    assert scores.progress(7, 5, 5) is None
    assert scores.progress(-1, -2, 0) == Fraction(1, 2)


# ---- scorecards


def test_what_is_missing_or_chance_is_left_out_and_named() -> None:
    card = Scorecard((Entry("a", 40, 100.0), Entry("b", 40, 50.0), Entry("c", 20, 0.0, cases=3, least_cases=30)))
    found = card.scored()
    assert (found.score, found.coverage, found.left_out) == (75, 0.8, ("c",))
    assert Scorecard((Entry("a", 60, 100.0), Entry("b", 40, None))).scored().score is None


def test_gates_are_tried_first_and_an_unknown_one_is_not_passed() -> None:
    entries = (Entry("a", 60, 100.0), Entry("b", 40, 100.0))
    assert Scorecard(entries, (Gate("complaints", 0, 0, "lower"),)).scored().score == 100
    assert Scorecard(entries, (Gate("complaints", 1, 0, "lower"),)).scored().failed == ("complaints",)
    unknown = Scorecard(entries, (Gate("quality", None, 60),)).scored()
    assert (unknown.score, unknown.failed) == (None, ("quality",))


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(1, 99), st.floats(0, 120)), min_size=1, max_size=6))
def test_a_score_lies_between_its_parts_and_weights_must_make_a_hundred(parts: list[tuple[int, float]]) -> None:
    card = Scorecard(tuple(Entry(str(place), weight, score) for place, (weight, score) in enumerate(parts)))
    if sum(weight for weight, _ in parts) != 100:
        with pytest.raises(GoalRefused):
            card.scored()
    else:
        found = card.scored().score
        assert found is not None
        assert min(score for _, score in parts) - 1e-9 <= found <= max(score for _, score in parts) + 1e-9


def test_unwise_weights_are_told() -> None:
    assert scores.advice([40, 30, 30]) == []
    assert scores.advice([97, 3]) == [f"goals.advice_{word}" for word in ("entries", "small_weight", "large_weight", "weight_step")]
    for code in scores.advice([97, 3]):
        assert all(language.sentence(code, spoken) != code for spoken in language.LANGUAGES)


def test_grades_follow_their_cuts_and_noise_is_shown() -> None:
    assert [scores.grade(score) for score in (110, 109.9, 100, 85, 70, 69.9, -3)] == ["S", "A", "A", "B", "C", "D", "D"]
    assert scores.firm_grade(99, 2) == ("B", "A")
    for cuts in ([], [("A", 50), ("B", 60)], [("A", 60), ("A", 50)]):
        with pytest.raises(GoalRefused):
            scores.grade(1, cuts)


# ---- trees

TREE = [Goal("company"), Goal("sales", "company", 60), Goal("service", "company", 40, "Mia"), Goal("web", "sales", 50, "Bo"),
        Goal("live", "sales", 50, "Li")]  # fmt: skip


def test_scores_roll_up_from_the_leaves() -> None:
    found = tree.rolled_up(TREE, {"web": 120.0, "live": 80.0, "service": 90.0})
    assert found == {"web": 120, "live": 80, "service": 90, "sales": 100, "company": 96}
    unknown = tree.rolled_up(TREE, {"web": 120.0, "service": 90.0})
    assert (unknown["sales"], unknown["company"]) == (None, None)  # half of sales, 40 % of the company are known


@pytest.mark.parametrize(
    ("goals", "code"),
    [
        ([*TREE, Goal("web", "sales", 50, "Bo")], "goal_twice"),
        ([Goal("a", "nobody", 100, "Bo")], "unknown_parent"),
        ([Goal("a", "b", 100), Goal("b", "a", 100)], "goal_circle"),
        ([Goal("a"), Goal("b", "a", 90, "Bo")], "weights_not_whole"),
        ([Goal("a"), Goal("b", "a", 100)], "leaf_without_owner"),
    ],
)
def test_what_is_no_tree_is_refused(goals: list[Goal], code: str) -> None:
    with pytest.raises(GoalRefused) as problem:
        tree.rolled_up(goals, {})
    assert problem.value.code == f"goals.{code}"


def test_only_leaves_have_scores_of_their_own() -> None:
    with pytest.raises(GoalRefused) as problem:
        tree.rolled_up(TREE, {"sales": 100.0})
    assert problem.value.code == "goals.score_of_no_leaf"


@settings(deadline=None)
@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**6), min_size=1, max_size=20))
def test_a_split_target_adds_up_and_each_part_is_near_its_share(total: int, bases: list[int]) -> None:
    if not sum(bases):
        with pytest.raises(GoalRefused):
            tree.split_target(total, bases)
        return
    parts = tree.split_target(total, bases)
    assert sum(parts) == total
    assert all(abs(part - total * base / sum(bases)) < 1 + 1e-6 for part, base in zip(parts, bases, strict=True))
    assert tree.gap(total, parts) == 0


# ---- bonuses


@settings(deadline=None)
@given(st.integers(-(10**7), 10**8), st.integers(0, 10**6))
def test_selling_more_never_pays_less_nor_much_more(sold: int, more: int) -> None:
    target = 10**7
    lower, higher = (incentives.payout(RULE, Result(one, target)).minor for one in (sold, sold + more))
    assert lower <= higher <= lower + more * 3 / 100 + 1


@settings(deadline=None)
@given(st.integers(0, 10**8), st.integers(0, 10**7))
def test_what_is_taken_back_is_what_the_refunded_part_earned(sold: int, refunded: int) -> None:
    paid_on = Result(sold, 10**7)
    back = incentives.clawback(RULE, paid_on, refunded)
    assert incentives.payout(RULE, paid_on).minor - back == incentives.payout(RULE, Result(sold - refunded, 10**7)).minor


def test_each_step_of_a_bonus_is_told() -> None:
    capped = Rule("2026-1", RULE.bands, 165_000)
    paid = incentives.payout(capped, Result(13_000_000, 10_000_000, days=15, of_days=30))
    assert paid.minor == 82_500
    assert [(step.name, step.after) for step in paid.steps] == [
        ("band", 100_000), ("band", 140_000), ("band", 170_000), ("cap", 165_000), ("days", 82_500),
    ]  # fmt: skip
    closed = incentives.payout(capped, Result(13_000_000, 10_000_000, gates=(Gate("complaints", 2, 0, "lower"),)))
    assert (closed.minor, closed.failed) == (0, ("complaints",))


def test_half_a_unit_is_rounded_up_once() -> None:
    half = Rule("r", (Band(Fraction(0), Fraction(1, 2)),))
    assert [incentives.payout(half, Result(sold, 100)).minor for sold in (1, 2, 3)] == [1, 1, 2]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Rule("r", ()),
        lambda: Rule("r", (Band(Fraction(1), Fraction(0)),)),
        lambda: Rule("r", (Band(Fraction(0), Fraction(2)),)),
        lambda: Rule("r", RULE.bands, -1),
        lambda: Result(1, 0),
        lambda: Result(1, 1, days=3, of_days=2),
        lambda: incentives.clawback(RULE, Result(1, 1), -1),
        lambda: incentives.shared_pool(100, [0, 0]),
    ],
)
def test_rules_that_make_no_sense_are_refused(wrong: object) -> None:
    with pytest.raises(GoalRefused):
        wrong()  # type: ignore[operator]


def test_a_pool_is_shared_to_the_last_unit() -> None:
    assert incentives.shared_pool(1000, [1, 1, 1]) == [334, 333, 333]


# ---- proposals and pace


@settings(deadline=None)
@given(st.floats(10, 1e7), st.floats(0.01, 0.4))
def test_floor_target_and_stretch_rise_and_are_judged_by_their_chance(middle: float, spread: float) -> None:
    outlook = Outlook(middle, spread)
    found = proposals.proposed(outlook)
    assert found.floor < found.target < found.stretch
    assert proposals.judged(outlook, found.floor)[1] == "easy"
    assert proposals.judged(outlook, found.target)[1] == "challenging"
    assert proposals.judged(outlook, found.stretch * 1.01)[1] == "not_credible"


@settings(deadline=None)
@given(st.floats(-0.9, 3), st.lists(st.floats(0.1, 5), min_size=1, max_size=5))
def test_efforts_multiply_to_the_growth(grown: float, shares: list[float]) -> None:
    product = 1.0
    for effort in proposals.weighted_effort(grown, shares):
        product *= 1 + effort
    assert product == pytest.approx(1 + grown)
    assert (1 + proposals.equal_effort(grown, len(shares))) ** len(shares) == pytest.approx(1 + grown)


def test_proposals_and_paces_without_a_base_are_refused() -> None:
    with pytest.raises(GoalRefused):
        proposals.proposed(Outlook(1, 0.1), (0.4, 0.8, 0.1))
    with pytest.raises(GoalRefused):
        proposals.growth(10, 0)
    with pytest.raises(GoalRefused):
        proposals.equal_effort(-1, 2)
    with pytest.raises(GoalRefused):
        pace.standing(Elapsed((Fraction(1),) * 3, 1), 5, 0)


def test_a_target_reached_early_leaves_nothing_to_do() -> None:
    found = pace.standing(Elapsed((Fraction(1),) * 4, 3), 120, 100)
    assert (found.pace, found.forecast, found.required) == (Fraction(8, 5), 160, -20)
    over = pace.standing(Elapsed((Fraction(1),) * 4, 4), 90, 100)
    assert (over.pace, over.forecast, over.required, over.required_pace) == (Fraction(9, 10), 90, None, None)

"""The Finance tab: the chain of profit, expenses by class, budgets, and what is said where something is missing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import little_shop
import pytest
import traded_shop

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Grain
from ecoperf_desktop.model.metric import OwnMetric
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.blocks import Block, Bridge, Scope, Table
from ecoperf_desktop.reports.summary import summarise
from ecoperf_desktop.store.database import Workspace


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    opened = traded_shop.write(tmp_path_factory.mktemp("finance") / "shop.ecoperf")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def engine(shop: Workspace) -> Engine:
    return little_shop.engine(shop)


def blocks(engine: Engine, scope: Scope | None = None) -> tuple[Block, ...]:
    return summarise(engine, "finance", scope or little_shop.scope()).blocks


def table(engine: Engine, key: str, scope: Scope | None = None) -> dict[str, list[str]]:
    made = next(block for block in blocks(engine, scope) if isinstance(block, Table) and block.key == key)
    return {row.key: [cell.text for cell in row.cells] for row in made.rows}


def chain(engine: Engine, scope: Scope | None = None) -> Bridge:
    return next(block for block in blocks(engine, scope) if isinstance(block, Bridge))


def test_the_chain_leads_from_gross_sales_to_net_profit(engine: Engine) -> None:
    made = chain(engine)
    assert [(step.label, step.figure.text) for step in made.steps] == [
        ("Discounts", "−¥120"),
        ("Returns", "−¥220"),
        ("Net sales", "¥2,010"),
        ("Cost of goods", "−¥1,338"),
        ("Gross profit", "¥672"),
        ("Marketing", "−¥100"),
        ("Wages", "−¥200"),
        ("Other", "−¥5"),
        ("Operating profit", "¥367"),
        ("Income tax", "−¥10"),
    ]
    assert (made.start.figure.text, made.end.figure.text) == ("¥2,350", "¥357")
    steps = [step.figure.value for step in made.steps if not step.is_level and step.figure.value is not None]
    assert made.start.figure.value is not None and made.start.figure.value + sum(steps) == made.end.figure.value


def test_every_number_of_the_chain_is_explained_by_its_metric(engine: Engine) -> None:
    for step in chain(engine).steps:
        reference = step.figure.reference
        assert reference is not None
        (value,) = engine.answer([Question((reference.metric,), reference.period, where=reference.where)])[0]
        assert value.value is not None and abs(value.value) == abs(step.figure.value or 0), step.label


def test_without_expenses_the_chain_ends_with_contribution_and_says_so(tmp_path: Path) -> None:
    opened = traded_shop.write(tmp_path / "shop.ecoperf", books=False)
    try:
        made = chain(little_shop.engine(opened))
        assert made.end.label == "Contribution" and made.end.figure.text == "¥672"
        assert "operating profit is not shown" in made.subtitle and "expenses" in made.subtitle
        assert not any(isinstance(block, Table) and block.key in ("costs", "budgets_class") for block in blocks(little_shop.engine(opened)))
    finally:
        opened.close()


def test_expenses_and_budgets_of_a_week_are_those_of_the_last_whole_month(engine: Engine) -> None:
    costs = table(engine, "costs")
    assert {key: cells[1] for key, cells in costs.items()} == {"staff": "¥500", "marketing": "¥300", "total": "¥800"}
    assert costs["staff"][0] == "Wages" and costs["staff"][2] == "+25.0%" and costs["staff"][3] == "62.5%"
    classes = table(engine, "budgets_class")
    assert classes["staff"][1:] == ["¥480", "¥500", "+¥20", "+4.2%", "Over budget"]
    assert classes["marketing"][1:] == ["¥400", "¥300", "−¥100", "−25.0%", "Under budget"]
    assert classes["total"][1:] == ["¥880", "¥800", "−¥80", "−9.1%", "Under budget"]
    assert set(table(engine, "budgets_department")) == {"shop", "growth", "total"}
    assert "July 2026" in next(block.subtitle for block in blocks(engine) if isinstance(block, Table) and block.key == "costs")


def test_a_month_shows_its_own_expenses(engine: Engine) -> None:
    july = little_shop.scope(day=little_shop.LAST - 20, grain=Grain.MONTH, as_grain=Grain.MONTH)
    assert table(engine, "costs", july)["staff"][1] == "¥500"
    assert table(engine, "finance_numbers", july)["operating_expense"][1] == "¥800"


def test_margins_stand_by_category_and_channel(engine: Engine) -> None:
    categories = table(engine, "margins_category")
    assert categories["bowls"][2] == "¥612" and categories["cups"][2] == "¥60" and categories["total"][2] == "¥672"
    assert set(table(engine, "margins_channel")) == {"search", "ads", "total"}


def test_a_persons_own_metrics_close_the_scorecard(tmp_path: Path) -> None:
    from ecoperf_desktop import actions
    from ecoperf_desktop.store import own_metrics

    opened = traded_shop.write(tmp_path / "shop.ecoperf")
    try:
        with opened.transaction() as conn:
            for number in range(9):
                own_metrics.keep(conn, OwnMetric(f"mine_{number}", f"Kept {number}", "", "gross_profit / gross_sales", "ratio"))
        made = summarise(actions.engine(opened), "overview", little_shop.scope()).blocks
        card = next(block for block in made if isinstance(block, Table) and block.key == "scorecard")
        own = [row for row in card.rows if row.group == "My own"]
        assert [row.key for row in own] == [f"mine_{number}" for number in range(8)] and card.rows[-8:] == tuple(own)
        assert own[0].cells[1].text == "28.6%"
    finally:
        opened.close()

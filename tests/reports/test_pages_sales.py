"""The Sales tab: what moved sales, how visits become orders, classes, prices, reasons of refunds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import little_shop
import pytest
import traded_shop

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Grain
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.blocks import Block, Bridge, Funnel, PillCell, Scope, Table
from ecoperf_desktop.reports.summary import summarise


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    opened = traded_shop.write(tmp_path_factory.mktemp("sales") / "shop.ecoperf")
    yield little_shop.engine(opened)
    opened.close()


def blocks(engine: Engine, scope: Scope | None = None) -> tuple[Block, ...]:
    return summarise(engine, "sales", scope or little_shop.scope()).blocks


def table(engine: Engine, key: str, scope: Scope | None = None) -> Table:
    return next(block for block in blocks(engine, scope) if isinstance(block, Table) and block.key == key)


def prices(engine: Engine, scope: Scope | None = None) -> Bridge | None:
    return next((block for block in blocks(engine, scope) if isinstance(block, Bridge) and block.title == "Price, volume, mix"), None)


def words(made: Table) -> dict[str, list[str]]:
    return {row.key: [cell.text for cell in row.cells] for row in made.rows}


def test_volume_mix_price_new_and_ended_products_and_refunds_lead_from_week_to_week(engine: Engine) -> None:
    made = prices(engine)
    assert made is not None
    assert (made.start.figure.value, made.end.figure.value) == (220_000, 201_000)
    steps = {step.label: step.figure.text for step in made.steps}
    # By hand: 13,166.67 of one unit more at the mean price, 9,041.67 of the dearer B, the rest of +8,000 is mix.
    assert steps == {"Volume": "+¥132", "Mix": "−¥142", "Price": "+¥90", "New": "+¥150", "Not sold": "−¥200", "Refunds": "−¥220"}
    moved = sum(step.figure.value for step in made.steps if step.figure.value is not None)
    assert moved == 201_000 - 220_000


def test_each_step_of_the_prices_is_explained_by_the_metric_it_comes_from(engine: Engine) -> None:
    made = prices(engine)
    assert made is not None
    references = {step.label: step.figure.reference for step in made.steps if step.figure.reference}
    assert set(references) == {"Volume", "Mix", "Price", "New", "Not sold"}
    reference = references["New"]
    (value,) = engine.answer([Question((reference.metric,), reference.period, where=reference.where)])[0]
    assert value.value == 15_000


def test_a_running_month_is_split_against_the_same_days_of_the_month_before(engine: Engine) -> None:
    scope = little_shop.scope(day=little_shop.LAST, grain=Grain.MONTH, as_grain=Grain.MONTH)
    assert prices(engine, scope) is None, "nothing was sold in July"
    later = little_shop.scope(compare="year")
    made = prices(engine, later)
    assert made is not None and made.start.label == "3–9 Aug 2026", "whatever the page compares, the split is against the period before"


def test_the_funnel_shows_each_step_of_all_visits_and_of_the_one_before(engine: Engine) -> None:
    made = next(block for block in blocks(engine) if isinstance(block, Funnel))
    assert made.labels == ("Visits", "In the cart", "Checkout", "Purchase")
    (side,) = made.sides
    assert [step.figure.value for step in side.steps] == [700, 140, 70, 28]
    assert [step.of_previous.text for step in side.steps if step.of_previous] == ["20.0%", "50.0%", "40.0%"]
    assert [step.of_first.text for step in side.steps if step.of_first] == ["20.0%", "10.0%", "4.0%"]
    assert [step.change.text for step in side.steps if step.change] == ["+750 bp", "0 bp", "0 bp"]
    assert all(step.figure.reference for step in side.steps)


def test_without_traffic_there_is_no_funnel_and_shops_have_no_empty_columns(tmp_path: Path) -> None:
    opened = traded_shop.write(tmp_path / "shop.ecoperf", traffic=False)
    try:
        made = blocks(little_shop.engine(opened))
        assert not any(isinstance(block, Funnel) for block in made)
        regions = next(block for block in made if isinstance(block, Table) and block.key == "sales_regions")
        assert len(regions.rows) == 3
    finally:
        opened.close()


def test_products_carry_their_class_over_twelve_months(engine: Engine) -> None:
    made = table(engine, "products")
    classes = {row.key: next(cell.text for cell in row.cells if isinstance(cell, PillCell)) for row in made.rows}
    # 228,000 - 0, 166,000 after the refund, 20,000 and 15,000: the class is by what stands before.
    assert classes == {"A": "A", "B": "A", "D": "C", "total": ""}
    assert "best fifth of them" in made.corner


def test_channels_say_what_moved_them_and_add_up_to_the_change(engine: Engine) -> None:
    made = table(engine, "drivers_channel")
    found = words(made)
    assert found["search"][-1] == "+¥80" and found["ads"][-1] == "−¥50" and found["total"][-1] == "+¥30"
    for row in made.rows[:-1]:
        *steps, change = [cell.figure.value or 0 for cell in row.cells[1:]]  # type: ignore[union-attr]
        assert sum(steps) == change


def test_refunds_stand_by_reason_in_words_of_both_languages(engine: Engine) -> None:
    made = table(engine, "refund_reasons")
    assert made.rows[0].key == "quality" and made.rows[0].cells[0].text == "Quality"
    assert table(engine, "refund_reasons", little_shop.scope(language="zh")).rows[0].cells[0].text == "质量问题"
    assert words(made)["quality"][1] == "¥220"


def test_prices_and_discounts_stand_by_product(engine: Engine) -> None:
    found = words(table(engine, "prices"))
    assert list(found) == ["A", "total"], "the others gave no discount"
    assert found["A"][1:4] == ["12", "¥100.0", "0.0%"] and "9.1%" in found["A"] and found["A"][-1] == "¥120"


def test_numbers_that_look_at_each_order_are_left_out_of_a_year(engine: Engine) -> None:
    week = words(table(engine, "returns"))
    assert week["refund_rate_amount"][1] == "9.9%" and "refund_rate_cohort" in week
    year = words(table(engine, "returns", little_shop.scope(grain=Grain.YEAR, as_grain=Grain.YEAR)))
    assert "refund_rate_cohort" not in year and "refund_rate_amount" in year


def test_a_grouped_table_keeps_the_classes_and_has_the_same_columns_in_every_group(engine: Engine) -> None:
    made = table(engine, "products", replace(little_shop.scope(), groups=(("products", "category"),)))
    assert {row.group for row in made.rows if row.group} == {"bowls", "cups"}
    assert {len(row.cells) for row in made.rows} == {len(made.columns)}

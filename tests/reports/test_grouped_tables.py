"""A table in groups: each group's total is the engine's own at that level, never the sum of the rows shown."""

from __future__ import annotations

from dataclasses import replace

import little_shop
import pytest

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.blocks import BarCell, NumberCell, Row, Table
from ecoperf_desktop.reports.summary import summarise


def _table(engine: Engine, key: str, by: str) -> Table:
    scope = replace(little_shop.scope(), groups=((key, by),) if by else ())
    return next(block for block in summarise(engine, "sales", scope).blocks if isinstance(block, Table) and block.key == key)


def _number(table: Table, row: Row, metric: str) -> object:
    cell = row.cells[[column.key for column in table.columns].index(metric)]
    assert isinstance(cell, NumberCell | BarCell)
    return cell.figure.value


def test_the_totals_of_groups_and_rows_are_those_that_the_engine_gives(engine: Engine) -> None:
    plain = _table(engine, "products", "")
    ways = [key for key, _ in plain.groups if key in ("category", "shop", "channel")]
    assert ways
    for way in ways:
        table = _table(engine, "products", way)
        assert table.grouped_by == way
        period = little_shop.scope().period
        for row in table.rows:
            if row.is_total:
                continue
            where = ((way, row.group),) if row.is_subtotal else row.reference.where if row.reference else ()
            if (way, "") in where or row.group not in [value for _, value in where]:
                continue  # rows without a group are named in words
            for metric in ("net_sales", "gross_margin", "asp"):
                if metric in [column.key for column in table.columns]:
                    value = engine.answer([Question((metric,), period, where=tuple(where))])[0][0].value
                    assert _number(table, row, metric) == value, (way, row.key, metric)


def test_the_closing_total_is_that_of_the_plain_table(engine: Engine) -> None:
    plain = _table(engine, "products", "")
    table = _table(engine, "products", plain.groups[0][0])
    assert [row for row in table.rows if row.is_total] == [row for row in plain.rows if row.is_total]


def test_every_group_is_closed_by_its_total_and_rows_say_their_group(engine: Engine) -> None:
    table = _table(engine, "products", _table(engine, "products", "").groups[0][0])
    seen: list[str] = []
    for before, row in zip([None, *table.rows], table.rows, strict=False):
        if row.is_total:
            continue
        if row.group not in seen:
            assert before is None or before.is_subtotal or len(seen) == 0
            seen.append(row.group)
    assert len(seen) > 1


@pytest.mark.parametrize("wrong", ["agent", "no_such_dimension", "product"])
def test_a_dimension_that_does_not_fit_leaves_the_table_as_it_is(engine: Engine, wrong: str) -> None:
    assert replace(_table(engine, "products", wrong), grouped_by="") == _table(engine, "products", "")

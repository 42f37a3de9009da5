"""Methods of sales and customers follow from the rows their explanation names, and from nothing else."""

from __future__ import annotations

import pytest
from catalogue_facts import DAY_1, SmallStore
from random_shop import random_shop
from test_methods_customers import UNTIL, people_shop

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.explain import explain
from ecoperf_desktop.metrics.methods import customers, sales
from ecoperf_desktop.metrics.recomputed import recompute
from ecoperf_desktop.model.days import Period, parse_day
from ecoperf_desktop.model.metric import Method
from ecoperf_desktop.store import sums


def _of(methods: dict[str, object]) -> list[str]:
    found = catalogue().metrics.values()
    return [one.id for one in found if isinstance(one.calculation, Method) and one.calculation.name in methods]


OWN = {"cohort": "2026-04", "age": "1", "segment": "loyal", "step": "price", "weekday": "3"}
FACTS = {"shop": "Second", "channel": "web", "region": "region 1", "category": "category 0", "product": "S1", "device": "mobile"}


def _follows_from_its_rows(store: SmallStore, metric: str, period: Period) -> int:
    sums.ensure(store.conn)
    engine = Engine(store.conn, catalogue())
    seen = 0
    known = catalogue().metrics[metric].dimensions
    filters = [(), *(((name, key),) for name, key in {**OWN, **FACTS}.items() if name in known)]
    for where in filters:
        explanation = explain(engine, metric, period, where, limit=None)
        found = recompute(explanation, catalogue(), store.conn)
        assert found == explanation.value.value, (metric, where)
        seen += found is not None
    return seen


@pytest.mark.parametrize("metric", _of(customers.METHODS))
def test_what_customers_do_follows_from_the_rows_named(metric: str) -> None:
    store = people_shop(4)
    seen = _follows_from_its_rows(store, metric, Period(parse_day("2026-04-01"), parse_day("2026-09-30")))
    seen += _follows_from_its_rows(store, metric, Period(UNTIL - 45, UNTIL))
    assert seen > 1


@pytest.mark.parametrize("metric", _of(sales.METHODS))
def test_what_was_sold_follows_from_the_rows_named(metric: str) -> None:
    seen = _follows_from_its_rows(random_shop(6, 200), metric, Period(DAY_1 + 35, DAY_1 + 69))
    assert seen > 0 or metric in ("growth_yoy", "growth_yoy_aligned", "growth_event_aligned")

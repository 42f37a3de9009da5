"""Breakdowns of a report that tell the same days are chosen among at once: the same numbers as one day at a time."""

from __future__ import annotations

import sqlite3

from catalogue_facts import DAY_1, SmallStore
from hypothesis import given, settings
from hypothesis import strategies as st

from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.metrics.explain import explain
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.store import sums

DAYS = 3
METRICS = ("sessions", "pageviews", "add_to_cart_rate")
_COUNT = st.none() | st.integers(0, 30)
# A row's sessions, page views and carts; a day's report without breakdown, and that by device.
_ROW = st.tuples(_COUNT, _COUNT, _COUNT)
_DAY = st.tuples(_ROW, st.lists(_ROW, min_size=2, max_size=2))


_QUESTIONS = [Question(METRICS, Period(DAY_1, DAY_1 + DAYS - 1), by="day"), Question(METRICS, Period(DAY_1, DAY_1 + DAYS - 1))]


def _told(engine: Engine) -> list[tuple[object, ...]]:
    return [(one.value, one.quality) for values in engine.answer(_QUESTIONS) for one in values]


def _engine(conn: sqlite3.Connection) -> Engine:
    sums.ensure(conn)
    return Engine(conn, catalogue())


def _add(store: SmallStore, day: int, source: int, variant: str, row: tuple[int | None, ...], **more: object) -> None:
    sessions, pageviews, carts = row
    store.add(
        "site_traffic", day=day, source_id=source, shop_id=1, variant=variant, sessions=sessions, pageviews=pageviews,
        cart_sessions=carts, **more,
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(_DAY, min_size=DAYS, max_size=DAYS), st.lists(_DAY, min_size=DAYS, max_size=DAYS))
def test_a_day_of_one_breakdown_alone_changes_no_other_day(first: list[tuple], second: list[tuple]) -> None:  # type: ignore[type-arg]
    store = SmallStore(days=20)
    store.add("source", source_id=2, name="other", platform="test")
    for source, days in ((1, first), (2, second)):
        for place, (whole, by_device) in enumerate(days):
            _add(store, DAY_1 + place, source, "date", whole)
            for device, row in zip(("mobile", "desktop"), by_device, strict=True):
                _add(store, DAY_1 + place, source, "device", row, device=device)
    even = _told(_engine(store.conn))
    # One more day among those that are read, and the breakdowns do not tell the same days any more.
    for source in (1, 2):
        _add(store, DAY_1 + DAYS, source, "date", (5, 5, 5))
    store.conn.execute("DELETE FROM setting WHERE name = 'sums'")
    engine = _engine(store.conn)
    engine.answer([Question(METRICS, Period(DAY_1, DAY_1 + DAYS), by="day")])
    assert _told(engine) == even


def test_rows_behind_a_number_are_those_of_the_breakdown_that_answers() -> None:
    store = SmallStore()
    for day in (DAY_1, DAY_1 + 1):
        _add(store, day, 1, "date", (100, None, None))
        _add(store, day, 1, "device", (70, 150, 3), device="mobile")
        _add(store, day, 1, "device", (29, 90, 2), device="desktop")
    engine = _engine(store.conn)
    whole = explain(engine, "sessions", Period(DAY_1, DAY_1 + 1))
    assert (whole.value.value, sorted(row.contributes for row in whole.rows)) == (200, [100, 100])
    of_device = explain(engine, "pageviews", Period(DAY_1, DAY_1 + 1))
    assert (of_device.value.value, sorted(row.contributes for row in of_device.rows)) == (480, [90, 90, 150, 150])

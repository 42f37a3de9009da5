"""Random sequences of everything a person can do to a workspace, as steps that can be read and done again."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from plain_workspace import Source
from shop_exports import (
    DAYS,
    FIRST_DAY,
    Ads,
    Count,
    Events,
    Export,
    Line,
    Movement,
    Order,
    Orders,
    Payments,
    Product,
    Products,
    Rates,
    Refused,
    Spend,
    Stock,
    Traffic,
    When,
    corrected,
)
from workspace_bench import Bench

from ecoperf_desktop import actions
from ecoperf_desktop.errors import EcoPerfError

_DAY = st.integers(0, DAYS - 1)
_CENTS = st.sampled_from([1, 250, 999, 1000])
_SKU = st.sampled_from(["MUG", "CAP"])
_NUMBER = st.sampled_from(["#1", "#2", "#3"])
_CURRENCY = st.sampled_from(["EUR", "USD"])
# Hours at which another zone or start of the day is another day; none of them is left out when clocks go forward.
_WHEN = st.builds(When, _DAY, st.sampled_from([0, 4, 5, 12, 22, 23]), st.sampled_from([0, 30]))
_SHOP = st.sampled_from(["shopify", "shopify", "us"])
AGES = st.integers(0, 120)
_WHICH = st.integers(0, 7)

_ORDER = st.builds(
    Order, _NUMBER, st.sampled_from(["ann@example.com", "bob@example.com"]), _WHEN, st.sampled_from([None, 0, 6]),
    st.sampled_from(["paid", "pending", "voided"]), st.lists(st.builds(Line, _SKU, st.integers(1, 3), _CENTS), min_size=1, max_size=2).map(tuple),
    st.sampled_from([0, 499]), st.sampled_from([0, 0, 300]), st.sampled_from(["web", "pos"]),
)  # fmt: skip
_ORDERS = st.builds(
    Orders, st.lists(_ORDER, min_size=1, max_size=3, unique_by=lambda order: order.no).map(tuple), source=_SHOP, currency=_CURRENCY,
    stated=st.booleans(), with_buyers=st.booleans(), with_channels=st.booleans(),
)  # fmt: skip
_MOVEMENT = st.builds(Movement, st.sampled_from(["refund", "charge"]), _NUMBER, _WHEN, _CENTS, st.sampled_from([0, 30])).map(
    lambda one: one if one.kind == "refund" else Movement("charge", one.order, one.moved, one.cents, 30)
)
_OF_MONEY = st.one_of(
    st.builds(Payments, st.lists(_MOVEMENT, min_size=1, max_size=3).map(tuple), source=_SHOP, currency=_CURRENCY),
    st.builds(
        Products,
        st.lists(
            st.builds(Product, _SKU, st.sampled_from(["Mug", "Cup"]), st.sampled_from([None, "2.1050", "3.5"]), st.sampled_from([None, 890])),
            min_size=1, max_size=3,
        ).map(tuple),
        with_prices=st.booleans(),
    ),
    st.builds(Rates, st.lists(st.tuples(_DAY, st.sampled_from(["0.9123", "0.5", "1.0837"]), st.booleans()), min_size=1, max_size=3).map(tuple)),
)  # fmt: skip
EXPORTS = st.one_of(
    _ORDERS,
    _OF_MONEY,
    st.builds(
        Stock,
        st.lists(
            st.builds(Count, _DAY, st.sampled_from(["North", "South"]), _SKU, st.integers(-1, 9), st.sampled_from([None, 700])),
            min_size=1, max_size=3,
        ).map(tuple),
    ),
    st.builds(
        Ads,
        st.lists(st.builds(Spend, _DAY | st.none(), st.sampled_from(["Brand", "Other"]), _CENTS, st.integers(0, 9)), min_size=1, max_size=3)
        .filter(lambda spends: any(one.day is not None for one in spends)).map(tuple),
        currency=_CURRENCY,
    ),
    st.builds(
        Traffic,
        st.lists(st.tuples(_DAY, st.integers(0, 90), st.integers(1, 99)), min_size=1, max_size=3, unique_by=lambda day: day[0]).map(tuple),
    ),
    st.builds(Events, st.lists(st.tuples(st.sampled_from(["Flash", "Launch"]), _DAY, st.integers(0, 3)), min_size=1, max_size=2).map(tuple)),
)  # fmt: skip
_ANSWERED = st.builds(
    Source, st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Tokyo"]), st.sampled_from([0, 240]), st.sampled_from(["paid", "placed"])
)
_ANSWER = st.one_of(
    st.tuples(st.just("recognition_basis"), st.sampled_from(["paid", "placed"])),
    st.tuples(st.just("tz"), st.sampled_from(["Europe/Paris", "Europe/London", "America/New_York", "Asia/Tokyo"])),
    st.tuples(st.just("day_start"), st.sampled_from(["00:00", "04:00", "05:30"])),
)
_EDIT = st.one_of(
    st.tuples(st.just("metric"), st.tuples(st.sampled_from(["sold_twice", "spent_twice"]), st.sampled_from([None, "gross_sales * 2", "ad_cost * 2"]))),
    st.tuples(st.just("brand"), st.lists(st.sampled_from(["mug house", "mughouse", "杯屋"]), max_size=3)),
    st.tuples(st.just("calendar"), st.sampled_from([
        ("week_start", "sunday"), ("week_start", "monday"), ("fiscal_start_month", "4"), ("retail_pattern", "445"),
    ])),
)  # fmt: skip

# How often each step was done in this process.
DONE: Counter[str] = Counter()
_STEPS: list[tuple[int, st.SearchStrategy[Step]]] = []
_CAN_BE_DONE: dict[str, Callable[[Bench], object]] = {}


@dataclass(frozen=True)
class Step:
    """One thing to do; its name is a method of the machine."""

    name: str
    given: dict[str, Any]

    def __repr__(self) -> str:
        return f"{self.name}({', '.join(f'{name}={value!r}' for name, value in self.given.items())})"


def step(
    often: int = 1, when: Callable[[Bench], object] = lambda bench: True, **drawn: st.SearchStrategy[Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a method be one of the steps, ``often`` times as often as the rarest, ``when`` it can be done."""

    def made(method: Callable[..., None]) -> Callable[..., None]:
        _STEPS.append((often, st.builds(Step, st.just(method.__name__), st.fixed_dictionaries(drawn))))
        _CAN_BE_DONE[method.__name__] = when
        return method

    return made


def _any_step() -> st.SearchStrategy[Step]:
    return st.sampled_from([one for often, one in _STEPS for _ in range(often)]).flatmap(lambda one: one)


class WorkspaceMachine(RuleBasedStateMachine):
    """Does things to a workspace and its model; after every step they must say the same."""

    @initialize()
    def begin(self) -> None:
        DONE["begin"] += 1
        self.folder = Path(tempfile.mkdtemp(prefix="sequence-"))
        self.bench = Bench(self.folder)

    def teardown(self) -> None:
        if hasattr(self, "bench"):
            self.bench.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    @invariant()
    def the_workspace_is_its_model(self) -> None:
        self.bench.compare()

    # One rule and not many: the weights of many would be those of their names and numbers of arguments.
    @rule(step=st.deferred(_any_step))
    def do(self, step: Step) -> None:
        if _CAN_BE_DONE[step.name](self.bench):
            DONE[step.name] += 1
            getattr(self, step.name)(**step.given)

    # -- files

    @step(3, export=_ORDERS, age=AGES, answered=_ANSWERED)
    def import_orders(self, export: Orders, age: int, answered: Source) -> None:
        self._import(export, age, answered)

    @step(3, export=_OF_MONEY, age=AGES, answered=_ANSWERED)
    def import_money_matters(self, export: Export, age: int, answered: Source) -> None:
        self._import(export, age, answered)

    @step(2, first=st.lists(st.tuples(EXPORTS, AGES), min_size=2, max_size=3), answered=_ANSWERED)
    def import_several_at_once(self, first: list[tuple[Export, int]], answered: Source) -> None:
        begins = len(self.bench.files)
        for export, age in first:
            self.bench.write(export, age)
        reports = self.bench.do(range(begins, len(self.bench.files)), answered)
        assert all(one.status in ("loaded", "unchanged") for one in reports), reports

    @step(2, export=EXPORTS, age=AGES, answered=_ANSWERED)
    def import_a_file(self, export: Export, age: int, answered: Source) -> None:
        self._import(export, age, answered)

    def _import(self, export: Export, age: int, answered: Source) -> None:
        self.bench.write(export, age)
        (report,) = self.bench.do([-1], answered)
        assert report.status in ("loaded", "unchanged"), report.findings

    @step(5, when=lambda bench: bench.files, which=_WHICH, age=AGES, by=st.integers(1, 9))
    def import_a_corrected_export(self, which: int, age: int, by: int) -> None:
        export, _, _ = self.bench.files[which % len(self.bench.files)]
        self.bench.write(corrected(export, by), age)
        (report,) = self.bench.do([-1])
        assert report.status in ("loaded", "unchanged"), report.findings

    @step(when=lambda bench: bench.model.active, which=_WHICH, age=AGES)
    def import_the_same_under_another_name(self, which: int, age: int) -> None:
        known = self.bench.model.active[which % len(self.bench.model.active)]
        before = self.bench.dump()
        self.bench.write(known.export, age, f"renamed {len(self.bench.files)}.csv")
        (report,) = self.bench.do([-1])
        assert (report.status, report.import_id) == ("unchanged", known.number)
        assert self.bench.dump() == before

    @step(4, when=lambda bench: bench.model.active, which=_WHICH, more=st.none() | _WHICH)
    def undo(self, which: int, more: int | None) -> None:
        active = self.bench.model.active
        numbers = {active[one % len(active)].number for one in (which, more) if one is not None}
        self.bench.undo(sorted(numbers))

    @step(2, when=lambda bench: bench.files, which=_WHICH, answered=_ANSWERED)
    def import_again(self, which: int, answered: Source) -> None:
        self.bench.do([which % len(self.bench.files)], answered)

    @step(2, export=EXPORTS, age=AGES)
    def import_and_undo(self, export: Export, age: int) -> None:
        """Undo after do is nothing: also the daily sums are what they were, to the last array."""
        bench = self.bench
        if bench.model.is_new(export.source) or bench.model.knows(export) is not None:
            return
        before, sums = bench.dump(), bench.daily_sums()
        bench.write(export, age)
        bench.do([-1])
        bench.undo([len(bench.model.imports)])
        after = bench.dump()
        assert after == before, [name for name in before if after[name] != before[name]]
        assert bench.daily_sums() == sums

    @step(export=EXPORTS, age=AGES)
    def only_look(self, export: Export, age: int) -> None:
        """A dry run changes nothing."""
        before = self.bench.dump()
        path = self.bench.write(export, age)
        self.bench.files.pop()
        choices = actions.ImportChoices(source=export.source, settings=(*export.answers.items(), ("tz", "Europe/Paris")))
        planned = actions.plan_import([path], choices, self.bench.opened)
        actions.apply_import(planned, self.bench.opened, dry_run=True)
        assert self.bench.dump() == before

    @step(export=st.sampled_from([
        Refused(), Refused(""), Refused("Name,Financial Status\n"), Refused("Day,Currency,Exchange rate\n2026-03-32,USD,1\n"),
        Refused("SKU,Product name,Unit cost\n,,1\n,x,1\n"), Refused('SKU,Product name,Unit cost\nMUG,"Mug\n'),
        Refused("Day,Location,SKU,On hand\n2026-03-27,North,MUG,many\n"),
    ]))  # fmt: skip
    def import_what_is_refused(self, export: Export) -> None:
        before = self.bench.dump()
        self.bench.write(export, 1)
        (report,) = self.bench.do([-1], more=(("currency", "EUR"),))
        self.bench.files.pop()
        assert report.status == "refused" and report.findings
        assert self.bench.dump() == before

    @step(exports=st.lists(st.tuples(_ORDERS, AGES), min_size=1, max_size=3), at=st.integers(0, 2), crash=st.booleans(), answered=_ANSWERED)
    def import_is_stopped(self, exports: list[tuple[Orders, int]], at: int, crash: bool, answered: Source) -> None:
        begins = len(self.bench.files)
        for export, age in exports:
            if export.source == exports[0][0].source:
                self.bench.write(export, age)
        self.bench.stopped(range(begins, len(self.bench.files)), at, answered, crash=crash)

    # -- what a person says

    @step(2, when=lambda bench: bench.model.sources.keys() & {"shopify", "us", "own"}, which=_WHICH, answer=_ANSWER)
    def change_an_answer(self, which: int, answer: tuple[str, str]) -> None:
        known = sorted(self.bench.model.sources.keys() & {"shopify", "us", "own"})
        self.bench.answer(known[which % len(known)], *answer)

    @step(3, currency=st.sampled_from(["USD", "USD", "EUR"]), day=_DAY, rate=st.sampled_from([None, Decimal("0.8"), Decimal("1.25")]))
    def type_a_rate(self, currency: str, day: int, rate: Decimal | None) -> None:
        self.bench.rate(currency, FIRST_DAY + day, rate)

    @step(name=st.sampled_from(["Flash", "Fair"]), first=_DAY, more=st.integers(0, 3), how=st.sampled_from(["put", "put", "remove", "reset"]))
    def type_an_event(self, name: str, first: int, more: int, how: str) -> None:
        if how == "put":
            self.bench.event(name, first, more)
        elif how == "remove":
            self.bench.no_event(name)
        else:
            self.bench.reset_event(name)

    @step(edit=_EDIT)
    def edit(self, edit: tuple[str, Any]) -> None:
        kind, given = edit
        if kind == "metric":
            self.bench.metric(*given)
        elif kind == "brand":
            self.bench.brands(given)
        else:
            self.bench.calendar(*given)

    @step()
    def say_what_makes_no_sense(self) -> None:
        before = self.bench.dump()
        opened = self.bench.opened
        undone = [one.number for one in self.bench.model.imports if not one.active][:1]
        active = [one.number for one in self.bench.model.active][:1]
        for wrong in (
            lambda: actions.undo(opened, [*active, 99_999]), lambda: actions.undo(opened, [*active, *undone] if undone else [0]),
            lambda: actions.change_answer(opened, "nobody", "tz", "Europe/Paris"), lambda: actions.set_rate(opened, "usd", FIRST_DAY, Decimal(1)),
            lambda: actions.change_calendar(opened, {"week_start": "sunday", "fiscal_start_month": "13"}),
            lambda: actions.set_event(opened, "Fair", 2026, "2026-03-09", "2026-03-01"),
        ):  # fmt: skip
            try:
                wrong()
            except EcoPerfError:
                continue
            raise AssertionError("what makes no sense was taken")
        assert self.bench.dump() == before

    # -- copies, restarts and crashes

    @step(2)
    def back_up(self) -> None:
        self.bench.back_up()

    @step(4, when=lambda bench: bench.backups, which=_WHICH)
    def restore(self, which: int) -> None:
        self.bench.restore(which % len(self.bench.backups))

    @step(6, when=lambda bench: bench.kept)
    def undo_the_restore(self) -> None:
        self.bench.undo_restore()

    @step(2, in_order=st.booleans())
    def start_again(self, in_order: bool) -> None:
        """Close and open, or go on with what is on the disk after a crash."""
        if in_order:
            self.bench.reopen()
        else:
            self.bench.crash()

"""Methods of people: how many there are, and how many days they work."""

# SQL is put together from our own views and whole numbers; words from outside are always parameters.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ecoperf_desktop.metrics.asked import Evidence, Result, Results, Working
from ecoperf_desktop.metrics.methods.parted import results
from ecoperf_desktop.metrics.scope import conditions
from ecoperf_desktop.model.days import Period
from ecoperf_desktop.store.views import VIEWS

_NO_STAFF = Result(None, quality="missing", reason="metrics.catalogue_no_staff_list")
_WEEK = 7
_WORKED = 5
# Day 0 was a Thursday.
_MONDAY = 4


class Workdays(Working):
    """Days of the period from Monday to Friday, the same for every part."""

    def results(self, period: Period) -> Results:
        one = Result(_workdays(period.last) - _workdays(period.first - 1))
        return Results((), lambda cut: one, one)


class Headcount(Working):
    """People of the staff list who are there at the period's end."""

    def results(self, period: Period) -> Results:
        view = VIEWS["employee"]
        conn = self.sources.conn
        if conn.execute(f"SELECT 1 FROM ({view.sql}) LIMIT 1").fetchone() is None:
            return Results((), lambda cut: _NO_STAFF, _NO_STAFF)
        filters, texts = conditions(self.scope, view)
        cuts = [view.dims[name] for name in self.scope.per]
        query = f"SELECT {', '.join([*cuts, 'COUNT(*)'])} FROM ({view.sql}) WHERE {' AND '.join([_there(period), *filters])}"
        if cuts:
            query += f" GROUP BY {', '.join(cuts)}"
        found = {tuple(row[:-1]): Result(row[-1]) for row in conn.execute(query, texts)}
        return results(found, Result(0), self.scope)

    def evidence(self, period: Period) -> Iterable[Evidence]:
        return [Evidence("employee", Period(0, period.last), _there(period))]


def _there(period: Period) -> str:
    return f"day <= {period.last} AND COALESCE(left_day, {period.last + 1}) > {period.last}"


def _workdays(day: int) -> int:
    """Return how many days from Monday to Friday there were up to ``day``, counted from some Monday on."""
    weeks, rest = divmod(day - _MONDAY + 1, _WEEK)
    return weeks * _WORKED + min(rest, _WORKED)


METHODS: Mapping[str, type[Working]] = {"workdays": Workdays, "headcount": Headcount}

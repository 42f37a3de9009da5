"""Everything the blocks of one page share: its periods, the batch of questions, forms, targets and history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ecoperf_desktop.language import sentence
from ecoperf_desktop.metrics import compare
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Bucket, Day, Grain, Period, bucket_of
from ecoperf_desktop.model.metric import Formula, Metric, Percentile, Ratio
from ecoperf_desktop.model.value import Number, Value, as_float
from ecoperf_desktop.reports import figures, verdicts
from ecoperf_desktop.reports.batch import Batch, split_cut
from ecoperf_desktop.reports.blocks import Figure, Reference, Scope, State
from ecoperf_desktop.reports.figures import Form
from ecoperf_desktop.reports.timeline import SHORT, Timeline, timeline
from ecoperf_desktop.reports.verdicts import Aim, History
from ecoperf_desktop.store import standing
from ecoperf_desktop.store.events import title
from ecoperf_desktop.store.standing import Target

# A period with less than this part of the days that its neighbours have is no point of the limits' base.
LEAST_COVER = 0.75

# Of a month or more, only parts are touched by a promotion: it stays an ordinary point.
SHORT_GRAINS = (Grain.DAY, Grain.WEEK)

# Amounts are compared when the days with data differ by no more than this.
ALIKE = 0.85


@dataclass
class Desk:
    """One page in the making.  ``batch`` is filled first, run once, then read."""

    engine: Engine
    scope: Scope
    through: Day | None
    times: Timeline
    batch: Batch
    currency: str | None
    targets: list[Target]
    events: dict[Day, str]
    against: compare.Earlier | None = None
    _forms: dict[str, Form] = field(default_factory=dict)
    _histories: dict[str, History] = field(default_factory=dict)
    _states: dict[str, State] = field(default_factory=dict)

    @classmethod
    def laid(cls, engine: Engine, scope: Scope, through: Day | None, currency: str | None) -> Desk:
        times = timeline(scope, through, engine.calendar)
        against = None
        if scope.compare == "event":
            against = compare.earlier(engine.conn, "event", times.period, scope.grain, through, engine.calendar, scope.event)
            times = timeline(scope, through, engine.calendar, against.period)
        batch = Batch(engine, engine.catalogue.metrics, scope.where)
        events = {}
        if times.grain in SHORT_GRAINS:
            marked = standing.events(engine.conn, Period(times.series[0].period.first, scope.period.last))
            events = {day: title(code, scope.language) for day, code in marked}
        # Targets are agreed for the whole company; a filtered page has none.
        targets = [] if scope.where else standing.targets(engine.conn, scope.period)
        return cls(engine, scope, through, times, batch, currency, targets, events, against)

    @property
    def language(self) -> str:
        return self.scope.language

    def say(self, key: str, **details: object) -> str:
        return sentence(f"reports.{key}", self.language, **details)

    # ---------- metrics

    def known(self, metrics: Iterable[str]) -> list[str]:
        """Return those of ``metrics`` that the catalogue has."""
        return [metric for metric in metrics if split_cut(metric)[0] in self.engine.catalogue.metrics]

    def metric(self, metric: str) -> Metric:
        return self.engine.catalogue.metrics[split_cut(metric)[0]]

    def name(self, metric: str) -> str:
        found = self.metric(metric)
        return self._with_cut(found.name.get(self.language) or found.name["en"], metric)

    def short_name(self, metric: str) -> str:
        short = self.metric(metric).short.get(self.language)
        return self._with_cut(short, metric) if short else self.name(metric)

    def _with_cut(self, name: str, metric: str) -> str:
        for _, cut in split_cut(metric)[1]:
            name += self.say("cut_joint") + self.say(f"cut_in_name_{cut}")
        return name

    def definition(self, metric: str) -> str:
        found = self.metric(metric)
        return found.definition.get(self.language) or found.definition.get("en", "")

    # ---------- asking

    def ask_numbers(self, metrics: Sequence[str]) -> None:
        """Ask for the period, those it is compared with, and the periods before it."""
        times = self.times
        self.batch.want(metrics, times.period)
        for period in (times.previous, times.year, times.base):
            self.batch.want(metrics, period)
        self.batch.want_series(metrics, times.series, times.grain)

    def ask_trend(self, metrics: Sequence[str]) -> None:
        """Ask, beside the numbers, for last year's line, the months and the periods to date."""
        times = self.times
        self.ask_numbers(metrics)
        self.batch.want_series(metrics, self.recent_year, self.year_grain)
        self.batch.want_series(metrics, times.months[:-1], Grain.MONTH)
        self.batch.want_series(metrics, self.months_year, Grain.MONTH)
        for so_far in times.to_date:
            self.batch.want(metrics, so_far.period)
            self.batch.want(metrics, so_far.year)

    @cached_property
    def recent_year(self) -> tuple[Bucket, ...]:
        """Return last year's counterparts of the recent periods."""
        times = self.times
        if times.grain is None:
            return tuple(Bucket("", times.year_of(bucket.period)) for bucket in times.recent)
        kind = times.grain
        if kind.is_fiscal:  # a restated year has no buckets of its own
            return tuple(Bucket("", times.calendar.year_before(bucket.period, kind)) for bucket in times.recent)
        return tuple(
            bucket_of(_a_year_before(bucket.period.first, kind), kind, times.week_start) for bucket in times.recent
        )

    @property
    def year_grain(self) -> Grain | None:
        """Return the grain of last year's counterparts, None where each is a period of its own."""
        grain = self.times.grain
        return None if grain is None or grain.is_fiscal else grain

    @cached_property
    def months_year(self) -> tuple[Bucket, ...]:
        """Return last year's months, without the last, which is compared over equal days."""
        return tuple(bucket_of(_a_year_before(month.period.first, Grain.MONTH), Grain.MONTH) for month in self.times.months[:-1])

    # ---------- reading

    def value(self, metric: str) -> Value:
        return self.batch.value(metric, self.times.period)

    def form(self, metric: str) -> Form:
        """Return how numbers of the metric are written on this page: chosen once, from its recent values."""
        chosen = self._forms.get(metric)
        if chosen is None:
            times = self.times
            recent = self.batch.series(metric, times.series, times.grain)[-SHORT:]
            sample = [self.value(metric), *recent, self.batch.value(metric, times.year)]
            chosen = self.form_for(metric, [value.value for value in sample])
            self._forms[metric] = chosen
        return chosen

    def form_for(self, metric: str, sample: Iterable[Number | None]) -> Form:
        found = self.metric(metric)
        calculation = found.calculation
        is_quotient = isinstance(calculation, Ratio | Percentile) or isinstance(calculation, Formula) and "/" in calculation.text
        return figures.form(
            found.unit,
            self.language,
            sample=sample,
            decimals=found.decimals,
            currency=self.currency,
            rate_change=self.scope.rate_change,
            is_quotient=is_quotient,
        )

    def figure(self, value: Value, form: Form, extra: tuple[tuple[str, str], ...] = ()) -> Figure:
        """Return a value as it is shown, with the reason why it is missing or incomplete.

        ``extra`` is the cut it belongs to, beside the scope's filters.
        """
        reason = sentence(value.reason, self.language, **value.details) if value.reason else None
        if value.value is None:
            return Figure(None, figures.MISSING, figures.MISSING, reason or self.say("why_missing"))
        is_partial = value.quality == "partial"
        if is_partial and reason is None and value.covered is not None:
            reason = self.say("days_covered", covered=value.covered, days=value.period.days)
        reference = Reference(value.metric, value.period, (*self.scope.where, *extra))
        return Figure.of(value.value, form, reason, reference, value.unit, partial=is_partial)

    def change(self, value: Value, earlier: Value, form: Form) -> Figure:
        """Return how far a value lies from an earlier one, as it is shown."""
        is_alike = form.kind != "amount" or _is_alike(value, earlier)
        change, text = form.change(value.value, earlier.value) if is_alike else (None, figures.MISSING)
        if change is not None:
            return Figure(change, text, text)
        if value.value is None:
            why = sentence(value.reason, self.language, **value.details) if value.reason else self.say("why_missing")
        elif earlier.value is None:
            why = self.say("why_no_earlier", period=figures.span_text(earlier.period, self.language))
        elif not is_alike:
            why = self.say("why_unlike", covered=earlier.covered, days=earlier.period.days, own=value.covered)
        else:
            why = self.say("why_no_ratio")
        return Figure(None, figures.MISSING, figures.MISSING, why)

    def aim(self, metric: str) -> Aim | None:
        period = self.scope.period
        return verdicts.aim(self.metric(metric), self.targets, period.first, period.last, self.currency)

    def history(self, metric: str) -> History:
        """Return the metric over the periods before and including this one."""
        found = self._histories.get(metric)
        if found is None:
            times = self.times
            values = self.batch.series(metric, times.series, times.grain)
            found = self._histories[metric] = self._history(values)
        return found

    @cached_property
    def _series_labels(self) -> tuple[str, ...]:
        grain, language = self.times.grain, self.language
        return tuple(
            figures.axis_label(bucket, grain, language) if grain else figures.day_text(bucket.period.first, language)
            for bucket in self.times.series
        )

    @cached_property
    def _series_events(self) -> tuple[bool, ...]:
        return tuple(any(day in bucket.period for day in self.events) for bucket in self.times.series)

    def _history(self, values: Sequence[Value]) -> History:
        known = tuple(None if value.value is None else as_float(value.value) for value in values)
        full = max((value.covered for value in values if value.covered is not None), default=0)
        ordinary = tuple(
            None if event or (value.covered is not None and value.covered < LEAST_COVER * full) else place
            for place, value, event in zip(known, values, self._series_events, strict=True)
        )
        return History(self._series_labels, known, ordinary, _spans(self._series_events))

    def state(self, metric: str) -> State:
        found = self._states.get(metric)
        if found is None:
            value = self.value(metric)
            silence = None
            if self.times.is_running:
                silence = "reports.why_running"
            elif value.quality == "low_n":
                silence = "reports.why_small"
            elif self.times.grain is None and self.aim(metric) is None:
                silence = "reports.why_free"
            history = self.history(metric) if self.times.grain is not None else None
            found = verdicts.judge(
                self.metric(metric), value.value, history, self.aim(metric), self.form(metric), self.language, silence=silence
            )
            self._states[metric] = found
        return found

    # ---------- words

    def period_name(self, period: Period | None = None) -> str:
        """Return the short name of the scope's own period: W33, Aug, Q3, 2026, or its days."""
        times = self.times
        if times.grain is None or (period is not None and period != self.scope.period):
            return figures.span_text(period or times.period, self.language)
        bucket = times.series[-1]
        if times.grain is Grain.WEEK:
            return figures.axis_label(bucket, times.grain, self.language)
        if times.grain is Grain.MONTH:
            return figures.month_name(bucket.period.first, self.language)
        return figures.bucket_name(bucket, times.grain, self.language)

    def base_name(self) -> str:
        """Return the short name of the period it is compared with: W32, Jul, Week 33, 2025, or its days."""
        times = self.times
        if self.against is not None and self.against.period is not None and self.against.event is not None:
            days = figures.span_text(times.base, self.language)
            return self.say("base_event", days=days, event=title(self.against.event, self.language))
        if times.grain is None or times.grain is Grain.DAY:
            return figures.span_text(times.base, self.language)
        bucket = times.calendar.bucket_of(times.base.first, times.grain)
        if bucket.period != times.base:
            return figures.span_text(times.base, self.language)
        if self.scope.compare != "previous":
            return figures.bucket_title(bucket, times.grain, self.language)
        if times.grain is Grain.WEEK:
            return figures.axis_label(bucket, times.grain, self.language)
        if times.grain is Grain.MONTH:
            return figures.month_name(times.base.first, self.language)
        return figures.bucket_title(bucket, times.grain, self.language)

    def grain_key(self) -> str:
        grain = self.times.grain
        if grain is None:
            return "free"
        return {Grain.FISCAL_QUARTER: "quarter", Grain.FISCAL_YEAR: "year"}.get(grain, grain.value)

    def compare_text(self) -> str:
        """Say which days the columns of a year earlier are, and what the sentences compare with where it is another."""
        text = self.say("compared", days=figures.span_text(self.times.year, self.language))
        if self.against is None:
            return text
        if self.against.period is None:
            return self.say("compared_event_not", year=text, reason=sentence(self.against.reason or "", self.language))
        return self.say("compared_event", year=text, base=self.base_name())


def _is_alike(value: Value, earlier: Value) -> bool:
    """Say whether two amounts stand on about as many days: two months of data are no year to compare with."""
    if value.covered is None or earlier.covered is None or not value.covered or not earlier.covered:
        return True
    first, second = value.covered / value.period.days, earlier.covered / earlier.period.days
    return min(first, second) >= ALIKE * max(first, second)


def _a_year_before(day: Day, grain: Grain) -> Day:
    """Return a day in last year's counterpart of the period that begins on ``day``."""
    if grain in (Grain.DAY, Grain.WEEK):
        return day - 364
    return day - 365


def _spans(flags: Sequence[bool]) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    for index, flag in enumerate(flags):
        if flag and spans and spans[-1][1] == index - 1:
            spans[-1] = (spans[-1][0], index)
        elif flag:
            spans.append((index, index))
    return tuple(spans)

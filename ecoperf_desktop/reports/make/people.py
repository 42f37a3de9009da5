"""People: scorecards with the uncertainty of small samples, what each is responsible for, and what trainings brought."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from ecoperf_desktop.analysis.intervals import LEAST_SAMPLE, Z95, Z99, wilson
from ecoperf_desktop.model.days import Day, Period
from ecoperf_desktop.model.value import Number, Value
from ecoperf_desktop.reports import figures
from ecoperf_desktop.reports.blocks import (
    Cell,
    Column,
    Figure,
    IntervalCell,
    Notes,
    NumberCell,
    Row,
    State,
    StateCell,
    Table,
    TextCell,
)
from ecoperf_desktop.reports.desk import Desk
from ecoperf_desktop.reports.figures import Form
from ecoperf_desktop.reports.make.tables import count, period_of, period_words, weight
from ecoperf_desktop.reports.pages import shape
from ecoperf_desktop.reports.timeline import weeks_back
from ecoperf_desktop.store import standing

# Whoever came less than so many days ago is named with the months since.
NEW_DAYS = 183
MONTH_DAYS = Fraction(146097, 4800)
EFFECT = "training_effect"
MOST_TRAININGS = 6
TRAINING_DAYS = 365


def ask_people(desk: Desk, entry: shape.People) -> None:
    per = (entry.dimension,)
    metrics = desk.known(dict.fromkeys((entry.base, *entry.metrics, *entry.spread, *entry.shares)))
    period = period_of(desk, entry)
    desk.batch.want(metrics, period, per=per)
    desk.batch.want(metrics, period)


def people(desk: Desk, entry: shape.People) -> Table | None:
    """Return people with their samples: a call needs the 99 % interval clear of the team's median.

    Whoever has fewer than thirty cases is listed last and never called.
    """
    metrics = [metric for metric in desk.known(entry.metrics) if desk.batch.is_allowed(metric, (entry.dimension,))]
    shares = [metric for metric in desk.known(entry.shares) if desk.batch.is_allowed(metric, (entry.dimension,))]
    if not desk.known((entry.base,)) or not metrics:
        return None
    period = period_of(desk, entry)
    spread = [metric for metric in desk.known(entry.spread) if desk.batch.is_allowed(metric, (entry.dimension,))]
    every = dict.fromkeys((entry.base, *metrics, *spread, *shares))
    cuts = {metric: desk.batch.cut(metric, period, entry.dimension) for metric in every}
    names = [key for key, value in cuts[entry.base].items() if key and value.value]
    if not names:
        return None
    medians = {metric: _median(cuts[metric], names) for metric in shares}
    calls = {name: [_call(cuts[metric].get(name), medians[metric]) for metric in shares] for name in names}
    names.sort(key=lambda name: (all(call == "few" for call in calls[name]) and bool(shares), -weight(cuts[entry.base][name]), name))
    forms = {metric: desk.form_for(metric, [cuts[metric][name].value for name in names if name in cuts[metric]]) for metric in cuts}
    has_spread = len(spread) == 2 and any(cuts[spread[0]][name].value is not None for name in names if name in cuts[spread[0]])
    began = standing.service_starts(desk.engine.conn)
    columns = [Column(entry.dimension, desk.say(f"head_{entry.dimension}"), "text", 1.8)]
    columns += [Column(metric, desk.short_name(metric), "number", 1.1, tip=desk.definition(metric)) for metric in metrics]
    if has_spread:
        columns.append(Column("spread", desk.say("head_spread"), "interval", 1.6, drop=3, tip=desk.say("head_spread_tip")))
    for metric in shares:
        columns.append(Column(metric, desk.short_name(metric), "number", 1.0, tip=desk.definition(metric)))
        columns.append(Column(f"{metric}_n", desk.say("head_n"), "number", 0.7, drop=2))
        columns.append(Column(f"{metric}_interval", desk.say("head_interval"), "interval", 1.4, drop=1))
    columns.append(Column("call", desk.say("head_state"), "state", 1.3))
    rows = [
        Row(
            (
                TextCell(name, pill=_service(desk, began.get(name), period)),
                *(NumberCell(desk.figure(cuts[metric][name], forms[metric], ((entry.dimension, name),))) for metric in metrics if name in cuts[metric]),
                *((_spread(desk, cuts, spread, name, names),) if has_spread else ()),
                *(cell for metric in shares for cell in _share_cells(desk, metric, cuts[metric], name, names, forms, medians, entry)),
                StateCell(_verdict(desk, calls[name])),
            ),
            name,
            reference=desk.figure(cuts[entry.base][name], forms[entry.base], ((entry.dimension, name),)).reference,
        )
        for name in names
    ]
    total: list[Cell] = [TextCell(desk.say("team"), strong=True)]
    total += [NumberCell(desk.figure(desk.batch.value(metric, period), forms[metric]), strong=True) for metric in metrics]
    if has_spread:
        middle = desk.batch.value(spread[0], period)
        words = desk.say("median", value=desk.form_for(spread[0], [middle.value]).text(middle.value)) if middle.value is not None else ""
        total.append(TextCell(words, muted=True))
    for metric in shares:
        whole = desk.batch.value(metric, period)
        median = medians[metric]
        total.append(NumberCell(desk.figure(whole, forms[metric]), strong=True))
        total.append(NumberCell(count(whole.denominator), strong=True))
        words = desk.say("median", value=forms[metric].text(median)) if median is not None else ""
        total.append(TextCell(words, muted=True))
    total.append(TextCell(""))
    rows.append(Row(tuple(total), "total", is_total=True))
    subtitle = desk.say("people_subtitle", period=period_words(desk, entry, period))
    return Table(entry.key, desk.say(f"title_{entry.key}"), tuple(columns), tuple(rows), subtitle, span=entry.span)


def _share_cells(
    desk: Desk,
    metric: str,
    cuts: dict[str, Value],
    name: str,
    names: Sequence[str],
    forms: dict[str, Form],
    medians: dict[str, float | None],
    entry: shape.People,
) -> tuple[Cell, Cell, Cell]:
    value = cuts.get(name)
    if value is None or value.value is None or not value.denominator:
        missing = Figure(None, figures.MISSING, "", desk.say("why_missing"))
        return NumberCell(missing, muted=True), NumberCell(missing, muted=True), IntervalCell(None, None, None)
    is_few = value.denominator < LEAST_SAMPLE
    low, high = wilson(float(value.numerator or 0), float(value.denominator), Z95)
    edges = [wilson(float(cut.numerator or 0), float(cut.denominator or 0), Z95) for cut in (cuts.get(other) for other in names) if cut]
    bottom, top = min(edge[0] for edge in edges), max(edge[1] for edge in edges)
    median = medians[metric]

    def place(share: float) -> float:
        return (share - bottom) / (top - bottom) if top > bottom else 0.5

    form = forms[metric]
    call = _call(value, median)
    return (
        NumberCell(desk.figure(value, form, ((entry.dimension, name),)), strong=not is_few, muted=is_few),
        NumberCell(count(value.denominator), muted=is_few),
        IntervalCell(
            place(low),
            place(float(value.value)),
            place(high),
            None if median is None else place(median),
            is_few,
            "worse" if call == "low" else "better" if call == "high" else "neutral",
            f"{form.text(low).removesuffix(form.after)}–{form.text(high)}",
        ),
    )


def _median(cuts: dict[str, Value], names: Sequence[str]) -> float | None:
    """Return the team's median of those with enough cases."""
    shares = [
        float(cuts[name].value or 0)
        for name in names
        if name in cuts and cuts[name].value is not None and (cuts[name].denominator or 0) >= LEAST_SAMPLE
    ]
    if not shares:
        return None
    import statistics  # few pages have people

    return statistics.median(shares)


def _call(value: Value | None, median: float | None) -> str:
    if value is None or value.value is None or not value.denominator:
        return "none"
    if value.denominator < LEAST_SAMPLE or median is None:
        return "few"
    low, high = wilson(float(value.numerator or 0), float(value.denominator), Z99)
    return "low" if high < median else "high" if low > median else "same"


def _verdict(desk: Desk, calls: Sequence[str]) -> State:
    lows, highs = calls.count("low"), calls.count("high")
    if lows:
        return State("down", desk.say("call_low", n=lows), "worse", desk.say("why_call"))
    if highs:
        return State("up", desk.say("call_high", n=highs), "better", desk.say("why_call"))
    if "same" in calls:
        return State("on_target", desk.say("call_same"), "neutral", desk.say("why_call"))
    key = "call_few" if "few" in calls else "state_no_call"
    return State("no_call", desk.say(key), "neutral", desk.say("why_few", least=LEAST_SAMPLE))


def _service(desk: Desk, began: Day | None, period: Period) -> str | None:
    """Return the months of service of who is new, None of everybody else and of whom nobody knows."""
    if began is None or not 0 <= period.last - began < NEW_DAYS:
        return None
    return desk.say("months_of_service", n=int((period.last - began) / MONTH_DAYS))


def _spread(desk: Desk, cuts: Mapping[str, Mapping[str, Value]], spread: Sequence[str], name: str, names: Sequence[str]) -> IntervalCell:
    """Return median and 90th percentile on the scale of the slowest of all."""
    middle, high = (cuts[metric].get(name) for metric in spread)
    if middle is None or middle.value is None or high is None or high.value is None:
        return IntervalCell(None, None, None)
    top = max(float(cuts[spread[1]][other].value or 0) for other in names if other in cuts[spread[1]]) or 1.0
    form = desk.form_for(spread[0], [top])
    place = float(middle.value) / top
    is_few = "low_n" in (middle.quality, high.quality)
    text = f"{form.text(middle.value).removesuffix(form.after)}–{form.text(high.value)}"
    return IntervalCell(place, place, float(high.value) / top, None, is_few, text=text)


# ---------- who is responsible for what


def ask_duties(desk: Desk, entry: shape.Duties) -> None:
    for duty in entry.duties:
        period = _of_duty(desk, duty)
        desk.batch.want(desk.known((duty.metric,)), period, per=(duty.dimension,))
        desk.batch.want(desk.known((duty.metric,)), period)


def duties(desk: Desk, entry: shape.Duties) -> Table | None:
    """Return a row a person and number: what it rests on, its interval, that of the whole team, and a call.

    A call needs at least thirty cases and the 99 % interval clear of the median of those who have as many.
    """
    rows = []
    for duty in entry.duties:
        if desk.known((duty.metric,)) and desk.batch.is_allowed(duty.metric, (duty.dimension,)):
            rows += _of_people(desk, duty)
    if not rows:
        return None
    columns = (
        Column("name", desk.say("head_staff"), "text", 1.2),
        Column("duty", desk.say("head_metric"), "text", 2.2),
        Column("base", desk.say("head_basis_parts"), "text", 1.5, drop=2, tip=desk.say("head_basis_parts_tip")),
        Column("value", desk.say("head_value"), "number", 1.0),
        Column("interval", desk.say("head_interval"), "text", 1.4, drop=3),
        Column("team", desk.say("team"), "number", 1.0, drop=1),
        Column("call", desk.say("head_state"), "state", 1.3),
    )
    return Table(entry.key, desk.say(f"title_{entry.key}"), columns, tuple(rows), span=entry.span)


def _of_duty(desk: Desk, duty: shape.Duty) -> Period:
    return weeks_back(desk.times.period, duty.weeks) if duty.weeks else desk.times.period


def _of_people(desk: Desk, duty: shape.Duty) -> list[Row]:
    period = _of_duty(desk, duty)
    cuts = desk.batch.cut(duty.metric, period, duty.dimension)
    names = [name for name, value in cuts.items() if name and value.value is not None]
    whole = desk.batch.value(duty.metric, period)
    form = desk.form_for(duty.metric, [whole.value, *(cuts[name].value for name in names)])
    is_share = all(_is_share(cuts[name], form) for name in names)
    median = _median(cuts, names) if is_share else None
    calls = {name: _call(cuts[name], median) if is_share else "none" for name in names}
    names.sort(key=lambda name: (calls[name] == "few", -float(cuts[name].denominator or 0), name))
    days = period_words_of(desk, duty, period)
    title = desk.short_name(duty.metric)
    if days:
        title = desk.say("name_of_days", name=title, days=days)
    rows = []
    for name in names:
        value, is_few = cuts[name], calls[name] == "few"
        figure = desk.figure(value, form, ((duty.dimension, name),))
        cells: list[Cell] = [
            TextCell(name),
            TextCell(title),
            TextCell(_parts(value), muted=True),
            NumberCell(figure, strong=not is_few, muted=is_few),
            TextCell(_interval(value, form) if is_share else "", muted=True),
            NumberCell(desk.figure(whole, form), muted=True),
            StateCell(_verdict(desk, [calls[name]])),
        ]
        rows.append(Row(tuple(cells), f"{duty.metric}/{name}", reference=figure.reference))
    return rows


def period_words_of(desk: Desk, duty: shape.Duty, period: Period) -> str:
    """Say over how many weeks a number is, nothing where it is over the page's own period."""
    return "" if period == desk.times.period else desk.say("last_weeks", n=duty.weeks)


def _is_share(value: Value, form: Form) -> bool:
    """Say whether a number is so many of so many cases."""
    parts = (value.numerator, value.denominator)
    if form.kind != "rate" or value.unit != "ratio" or not all(isinstance(part, int) for part in parts):
        return False
    return 0 <= float(value.numerator or 0) <= float(value.denominator or 0)


def _interval(value: Value, form: Form) -> str:
    low, high = wilson(float(value.numerator or 0), float(value.denominator or 0), Z95)
    return f"{form.text(low).removesuffix(form.after)}–{form.text(high)}"


def _parts(value: Value) -> str:
    """Return the two sides of a quotient of counts or hours."""
    if value.currency is not None or value.numerator is None or value.denominator is None:
        return ""
    if not float(value.numerator).is_integer():  # a sum of scores and weights tells nobody anything
        return ""
    return f"{_plain(value.numerator)} / {_plain(value.denominator)}"


def _plain(number: Number) -> str:
    decimals = 0 if float(number).is_integer() else 1
    return figures.grouped(figures.rounded(number, decimals))


# ---------- trainings


def _training_days(desk: Desk) -> Period:
    last = desk.times.period.last
    return Period(last - TRAINING_DAYS + 1, last)


def _trainings(desk: Desk) -> list[standing.Training]:
    return standing.trainings(desk.engine.conn, _training_days(desk))[:MOST_TRAININGS]


def ask_trainings(desk: Desk) -> None:
    for training in _trainings(desk):
        desk.batch.want(desk.known((EFFECT,)), Period(training.day, training.day))


def trainings(desk: Desk, entry: shape.Trainings) -> Table | None:
    """Return the newest trainings: who took part, and what they gained beyond others of their role at the same time."""
    known = _trainings(desk)
    if not known or not desk.known((EFFECT,)):
        return None
    rows = [_training(desk, training) for training in known]
    columns = (
        Column("topic", desk.say("head_topic"), "text", 2.0),
        Column("day", desk.say("head_when"), "text", 1.0),
        Column("attended", desk.say("head_attended"), "text", 0.8, tip=desk.say("head_attended_tip")),
        Column("metric", desk.say("head_linked"), "text", 1.5, drop=3),
        Column("trained", desk.say("head_trained"), "text", 1.5, drop=2),
        Column("others", desk.say("head_others"), "text", 1.5, drop=1),
        Column("effect", desk.say("head_effect"), "number", 1.0),
        Column("interval", desk.say("head_interval"), "text", 1.6, drop=4),
        Column("verdict", desk.say("head_state"), "state", 1.3),
    )
    return Table(
        "trainings", desk.say("title_trainings"), columns, tuple(rows), desk.say("trainings_subtitle"), foot=desk.say("trainings_foot"), span=entry.span
    )


def _training(desk: Desk, training: standing.Training) -> Row:
    effect = desk.batch.value(EFFECT, Period(training.day, training.day))
    linked = desk.short_name(training.metric) if training.metric and desk.known((training.metric,)) else training.metric or ""
    cells: list[Cell] = [
        TextCell(training.topic or desk.say("not_known")),
        TextCell(figures.day_text(training.day, desk.language), day=training.day),
        TextCell(f"{training.attended} / {training.planned}"),
        TextCell(linked),
    ]
    told = effect.details
    metric = told.get("metric")
    if effect.value is None or not isinstance(metric, str) or not desk.known((metric,)):
        figure = desk.figure(effect, figures.form("points", desk.language))
        state = State("no_call", desk.say("effect_none"), "neutral", figure.reason or "")
        dash = TextCell(figures.MISSING, muted=True)
        cells += [dash, dash, NumberCell(figure), dash, StateCell(state)]
        return Row(tuple(cells), f"{training.topic}/{training.day}")
    sides = {key: _told(told, key) for key in ("before", "after", "other_before", "other_after")}
    form = desk.form_for(metric, sides.values())
    is_rate = form.kind == "rate"
    low, high = _told(told, "low"), _told(told, "high")

    def gain(points: Number) -> str:
        return figures.rate_difference(Fraction(points) / 100, "pp", desk.language) if is_rate else form.difference(points)

    plain = desk.figure(effect, figures.form("points", desk.language))
    figure = Figure(effect.value, gain(effect.value), gain(effect.value), plain.reason, reference=plain.reference, unit="points")
    cells += [
        TextCell(f"{form.text(sides['before'])} → {form.text(sides['after'])}"),
        TextCell(f"{form.text(sides['other_before'])} → {form.text(sides['other_after'])}", muted=True),
        NumberCell(figure, strong=True),
        TextCell(desk.say("from_to", low=gain(low), high=gain(high)), muted=True),
        StateCell(_proof(desk, low, high)),
    ]
    return Row(tuple(cells), f"{training.topic}/{training.day}", reference=figure.reference)


def _told(details: Mapping[str, object], key: str) -> float:
    number = details.get(key)
    return float(number) if isinstance(number, int | float) else 0.0


def _proof(desk: Desk, low: float, high: float) -> State:
    """Return whether the interval of a gain leaves 0 out."""
    if low > 0:
        return State("up", desk.say("effect_gain"), "better", desk.say("why_effect"))
    if high < 0:
        return State("down", desk.say("effect_loss"), "worse", desk.say("why_effect"))
    return State("no_call", desk.say("effect_open"), "neutral", desk.say("why_effect"))


# ---------- who sees what


def privacy(desk: Desk, entry: shape.Privacy) -> Notes:
    """Return what holds for numbers about people."""
    lines = tuple(desk.say(f"privacy_{key}", least=LEAST_SAMPLE) for key in ("few", "call", "rows", "file"))
    return Notes(desk.say("title_privacy"), lines, entry.span)

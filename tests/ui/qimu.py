"""A made-up shop's pages, built by hand from blocks: what the window draws when no workspace is there."""

from __future__ import annotations

from ecoperf_desktop.model.days import Grain, Period, parse_bucket, parse_day
from ecoperf_desktop.reports.blocks import (
    Axis,
    Bar,
    BarCell,
    Bars,
    Bridge,
    Callout,
    Callouts,
    ChangeCell,
    Column,
    Empty,
    Facts,
    Figure,
    Foot,
    Headline,
    IntervalCell,
    KpiCard,
    Level,
    Lines,
    Notes,
    NumberCell,
    PageSummary,
    Panel,
    PillCell,
    Reference,
    Row,
    Scope,
    Series,
    Spark,
    SparkCell,
    State,
    StateCell,
    Step,
    Table,
    TextCell,
    Threshold,
    Trend612,
)

WEEK, GRAIN = parse_bucket("2026-W33")
SCOPE = Scope.of(WEEK, GRAIN)


def figure(value: float | None, text: str, short: str = "", metric: str | None = None) -> Figure:
    reference = Reference(metric, WEEK.period) if metric else None
    return Figure(value, text, short or text, None if value is not None else "No file covers these days.", reference=reference)


SIGNAL_UP = State("up", "Signal up", "worse", "Above its limit since W32.")
SIGNAL_DOWN = State("down", "Signal down", "worse", "Below its limit 2.90%.")
GOOD_UP = State("up", "Signal up", "better")
OFF = State("off_target", "Off target", "worse")
ON = State("on_target", "On target")
WATCH = State("watch", "Watch", "quiet")
NO_CALL = State("no_call", "No call")

WEEKS = tuple(f"W{week}" for week in range(21, 34))


def spark(points: list[float | None], *, outside: tuple[int, ...] = (), tone: str = "neutral", target: float | None = None) -> Spark:
    ordinary = [value for index, value in enumerate(points) if value is not None and not 2 <= index <= 4]
    low, high = min(ordinary), max(ordinary)
    pad = (high - low) * 0.3 or 1.0
    return Spark(tuple(points), WEEKS, Axis(low - pad, high + pad), low - pad * 0.5, high + pad * 0.5, outside, ((2, 4),), target, tone, "13 weeks")  # type: ignore[arg-type]


ROWS = (
    ("Customers", "Delivered on time", "98.4%", "96.0%", "+243 bp", "+255 bp", "+321 bp", [93, 92.5, 91, 90.5, 91, 92, 93, 93, 93.2, 93, 93.4, 94, 98.4], GOOD_UP, "better"),
    ("Customers", "Service satisfaction", "92.8%", "94.5%", "−175 bp", "−97 bp", "−229 bp", [95, 94.5, 93, 92, 92, 94, 95, 94, 94, 95, 94, 93.8, 92.8], OFF, "neutral"),
    ("Customers", "Refund rate, by amount", "6.3%", "≤ 6.5%", "−20 bp", "+1 bp", "+10 bp", [6.2, 6.3, 6.9, 7.4, 7.2, 6.6, 6.3, 6.2, 6.3, 6.3, 6.2, 6.3, 6.3], ON, "neutral"),
    ("Drivers", "Visitors", "269,621", "264,000", "+2.1%", "+2.2%", "+11.0%", [251, 252, 330, 362, 330, 250, 255, 260, 261, 264, 264, 264, 269.6], ON, "neutral"),
    ("Drivers", "Conversion", "2.79%", "3.03%", "−24 bp", "−20 bp", "−22 bp", [2.98, 3.0, 3.4, 3.6, 3.3, 2.97, 2.99, 2.96, 2.96, 3.0, 2.99, 2.99, 2.79], SIGNAL_DOWN, "worse"),
    ("Drivers", "Average order", "¥258.5", "¥257.4", "+0.5%", "−0.2%", "+3.7%", [257, 256, 245, 243, 246, 255, 258, 259, 258, 260, 259, 259, 258.5], ON, "neutral"),
    ("Drivers", "Mobile LCP p75", "3.38 s", "≤ 2.5 s", "+0.88 s", "+0.41 s", "+0.89 s", [2.4, 2.4, 2.5, 2.5, 2.45, 2.4, 2.42, 2.45, 2.4, 2.4, 2.4, 2.97, 3.38], SIGNAL_UP, "worse"),
    ("Drivers", "Stock-outs, by demand", "6.8%", "≤ 3.0%", "+382 bp", "+235 bp", "+286 bp", [3, 3.1, 3.3, 3.5, 3.4, 3.1, 3, 2.9, 3, 3.2, 3.3, 4.5, 6.8], SIGNAL_UP, "worse"),
    ("Drivers", "Days of cover", "38.4 d", "35–45 d", "in range", "−0.5 d", "−0.6 d", [39, 38, 36, 35, 36, 38, 39, 39, 39, 39, 38.5, 38.9, 38.4], ON, "neutral"),
    ("Drivers", "Marketing efficiency†", "5.88", "6.40", "−8.1%", "−6.8%", "−10.0%", [6.3, 6.2, 5.9, 5.8, 5.9, 6.4, 6.5, 6.43, 6.42, 6.5, 6.42, 6.31, 5.88], OFF, "neutral"),
    ("Results", "Orders", "7,528", "8,000", "−5.9%", "−4.5%", "+2.9%", [7500, 7550, 11000, 13000, 10900, 7430, 7600, 7690, 7720, 7900, 7880, 7886, 7528], OFF, "neutral"),
    ("Results", "Net sales", "¥1,823,450", "¥1,925,000", "−5.3%", "−4.7%", "+6.6%", [1.83, 1.84, 2.7, 3.1, 2.7, 1.78, 1.84, 1.87, 1.86, 1.93, 1.93, 1.91, 1.82], OFF, "neutral"),
    ("Results", "Contribution margin", "¥411,743", "¥462,000", "−10.9%", "−10.1%", "−2.4%", [430, 431, 640, 700, 630, 428, 434, 443, 452, 475, 466, 458, 411], OFF, "neutral"),
)  # fmt: skip


def scorecard() -> Table:
    columns = (
        Column("metric", "Metric", "text", 2.2), Column("value", "Week 33", "number"), Column("target", "Target", "number", drop=3),
        Column("gap", "Gap", "change"), Column("wow", "WoW", "change", drop=2), Column("yoy", "YoY*", "change", drop=1),
        Column("spark", "13 weeks, limits", "spark", 0.2), Column("state", "State", "state", 0.6),
    )  # fmt: skip
    rows = []
    for number, (group, name, value, target, gap, wow, yoy, points, state, tone) in enumerate(ROWS):
        outside = (11, 12) if state is SIGNAL_UP and "LCP" in name or "Stock" in name else (12,) if state.is_signal else ()
        reference = Reference(f"metric_{number}", WEEK.period)
        rows.append(
            Row(
                (
                    TextCell(name), NumberCell(figure(points[-1], value, metric=f"metric_{number}"), strong=True),
                    NumberCell(figure(1.0, target), muted=True), ChangeCell(figure(1.0, gap)), ChangeCell(figure(1.0, wow)),
                    ChangeCell(figure(1.0, yoy)), SparkCell(spark(list(points), outside=outside, tone=tone, target=sum(points[-6:-1]) / 5)),
                    StateCell(state),
                ),
                key=name, group=group, reference=reference,
            )
        )  # fmt: skip
    return Table("scorecard", "Scorecard", columns, tuple(rows), "shaded: 618, left out of the limits", "* same shopping days: 11–17 Aug 2025", span=(12, 8, 7))


def bridge() -> Bridge:
    def step(label: str, value: int, text: str, second: str) -> Step:
        return Step(label, figure(value * 100, text, metric="net_sales"), "", second)

    return Bridge(
        "Net sales bridge", "exact split, ¥",
        Level("Week 32", figure(191438000, "¥1,914,380", metric="net_sales"), "1,914.4"),
        (step("Visitors", 41364, "+¥41,364", "+2.2%"), step("Conversion", -128176, "−¥128,176", "−20 bp"),
         step("Avg. order", -3869, "−¥3,869", "−0.2%"), step("Refunds", -249, "−¥249", "+1 bp")),
        Level("Week 33", figure(182345000, "¥1,823,450", metric="net_sales"), "1,823.5"),
        Axis(182000000, 196000000), "¥1,914,380 + ¥41,364 − ¥128,176 − ¥3,869 − ¥249 = ¥1,823,450", "log-mean split", span=(12, 4, 5),
    )  # fmt: skip


def callouts() -> Callouts:
    return Callouts(
        "To discuss", "signals and missed targets only",
        (
            Callout(SIGNAL_DOWN, "Conversion 2.79%, below its limit 2.90%", "Since W33 · worth −¥128,176 of net sales against W32. Douyin 2.53% → 2.09%, own site 2.46% → 2.15%", "Xiang Li", "looking", "sales", Reference("conversion_rate", WEEK.period)),
            Callout(SIGNAL_UP, "Stock-outs 6.8% of demand, above its limit 4.0%", "Since W32 · 9 of 214 SKUs. Douyin stock of QM-1023 sold out 12 Aug, supplier 6 days late", "Chen Chen", "explained", "supply"),
            Callout(SIGNAL_UP, "Mobile LCP p75 3.38 s, above its limit 2.65 s", "Since W32 · own site, after the theme release of 4 Aug", "Hang Zhou", "looking", "site"),
            Callout(GOOD_UP, "Delivered on time 98.4%, above its limit 98.1%", "Since W33 · as predicted by action A-121", "Chen Chen", "explained", "supply"),
            Callout(OFF, "Net sales ¥101,550 short, quarter 1.2% behind", "No signal: inside its limits, yet off target. Main driver: conversion", "Yue Lin", "looking", "sales"),
        ),
        foot="4 numbers restated since the last meeting", span=(12, 4, 5),
    )  # fmt: skip


def trend(title: str, text: str, values: tuple[float, ...], state: State, unit: str = "", metric: str = "net_sales") -> Trend612:
    def shown(value: float) -> Figure:
        return figure(value, f"{value:,.2f}", f"{value:.3g}", metric)

    weeks = values[-6:]
    pad = (max(weeks) - min(weeks)) * 0.6 or 1.0
    months = tuple(values[index % len(values)] * 4.3 for index in range(12))
    low, high = min(months) * 0.9, max(months) * 1.05
    ticks = tuple((low + (high - low) * share, f"{low + (high - low) * share:.3g}") for share in (0.2, 0.8))
    return Trend612(
        title, unit, figure(values[-1], text, metric=metric), state,
        Panel(
            tuple(f"W{week}" for week in range(28, 34)), tuple(shown(value) for value in weeks), tuple(shown(value * 0.97 - pad * 0.2) for value in weeks),
            Axis(min(weeks) - pad, max(weeks) + pad), tuple(value * 1.01 for value in weeks), tuple(range(6)),
            (5,) if state.is_signal else (), min(weeks) - pad * 0.4, max(weeks) + pad * 0.5,
        ),
        Panel(
            tuple("SONDJFMAMJJA"), tuple(shown(value) for value in months), tuple(shown(value * 0.92) for value in months),
            Axis(low, high, ticks), tuple(value * 1.02 for value in months), (1, 10), (), None, None, "16 d",
            ((1, 2, "D11"), (5, 5, "Spring"), (9, 9, "618")),
        ),
        (
            Foot("Last wk", figure(1, "1.91M")), Foot("WoW", figure(1, "−4.7%")), Foot("YoY", figure(1, "+6.6%")),
            Foot("MTD · YoY", figure(1, "4.30M"), figure(1, "+9.9%")), Foot("QTD · YoY", figure(1, "12.6M"), figure(1, "+11.3%")),
            Foot("YTD · YoY", figure(1, "59.7M"), figure(1, "+11.7%")),
        ),
        reference=Reference(metric, WEEK.period), metric=metric,
    )  # fmt: skip


def kpis() -> tuple[KpiCard, ...]:
    return (
        KpiCard("Days of cover", figure(38.4, "38.4 d", metric="days_of_cover"), "target 35–45 · −0.5 d WoW · stock ¥5.04M", ON, spark([39, 38, 36, 35, 36, 38, 39, 39, 39, 39, 38.5, 38.9, 38.4]), reference=Reference("days_of_cover", WEEK.period)),
        KpiCard("Stock-outs, by demand", figure(6.8, "6.8%"), "target ≤ 3.0% · +235 bp WoW · 9 SKUs", SIGNAL_UP, spark([3, 3.1, 3.3, 3.5, 3.4, 3.1, 3, 2.9, 3, 3.2, 3.3, 4.5, 6.8], outside=(11, 12), tone="worse")),
        KpiCard("Supplier OTIF", figure(84.5, "84.5%"), "target 92% · −279 bp WoW · 49 of 58 lines", OFF, spark([90, 91, 88, 86, 90, 92, 91, 93, 90, 89, 88, 87, 84.5])),
        KpiCard("Delivered on time", figure(98.4, "98.4%"), "target 96% · +255 bp WoW · n 7,827", GOOD_UP, spark([93, 92.5, 91, 90.5, 91, 92, 93, 93, 93.2, 93, 93.4, 94, 98.4], outside=(12,), tone="better")),
        KpiCard("Stock over 180 days", figure(None, "–"), "no stock file yet", NO_CALL, None),
    )  # fmt: skip


def facts() -> Facts:
    return Facts(
        parse_day("2026-08-16"), "Data through Sun 16 Aug", 7, 7, "7 of 7 days", ("Meta ad spend missing 1 day",),
        "Cost known for 96.8% of net sales", "ISO weeks · Asia/Shanghai · CNY", "last week · same shopping days 2025",
        "CNY", "Asia/Shanghai", 23, "23 imports", "Draft, not frozen", "WR-2026-33",
    )  # fmt: skip


def page(name: str, *blocks: object, signals: int = 0) -> PageSummary:
    return PageSummary(name, name.title(), SCOPE, "Week 33 · 10–16 Aug 2026", "all 4 shops", blocks, facts(), ("* same shopping days", "† without Meta on 16 Aug"), signals)  # type: ignore[arg-type]


def overview() -> PageSummary:
    return page(
        "overview",
        Headline("Net sales ¥1,823,450: 5.3% short of target, 4.7% below last week, mostly conversion.", (State("down", "3 unfavourable signals", "worse"), State("up", "1 favourable", "better"), State("off_target", "5 off target", "worse"), State("on_target", "4 on target"))),
        scorecard(), callouts(), bridge(), Notes("Notes", ("Douyin lead product QM-1023 out of stock since 12 Aug.", "Theme v2.4 released on 4 Aug."), span=(12, 8, 7)), signals=0,
    )  # fmt: skip


def sales() -> PageSummary:
    products = Table(
        "products", "Top products",
        (Column("rank", "", "text"), Column("product", "Product", "text", 3), Column("class", "Class", "text", drop=1), Column("units", "Units", "number"),
         Column("paid", "Paid", "number"), Column("wow", "WoW", "change"), Column("share", "Cum. share", "bar", 1.5), Column("interval", "Interval", "interval"), Column("state", "", "pill")),
        tuple(
            Row((TextCell(str(rank), muted=True), TextCell(name, pill=pill), TextCell("AX", muted=True), NumberCell(figure(units, f"{units}")),
                 NumberCell(figure(paid, f"¥{paid:,}", metric="gross_sales"), strong=True), ChangeCell(figure(0.03, "+3.0%")),
                 BarCell(0.05 * rank, figure(5, f"{5 * rank}.6%"), mark=0.3), IntervalCell(0.2, 0.4, 0.6, 0.5, hollow=rank > 3), PillCell("sold out" if rank == 3 else "new", "worse" if rank == 3 else "neutral")), key=name)
            for rank, (name, pill, units, paid) in enumerate((("QM-1210 Stoneware dinner set ×12", "price −1.9%", 238, 109242), ("QM-1515 Cotton bedding set", None, 252, 100548), ("<b>QM-1188</b> Walnut cutting board", "sold out 12 Aug", 401, 87819), ("QM-1107 亚麻盖毯", None, 291, 77988)), start=1)
        ) + (Row((TextCell(""), TextCell("Total"), TextCell(""), NumberCell(figure(1182, "1,182")), NumberCell(figure(375597, "¥375,597")), ChangeCell(figure(1, "+1.0%")), BarCell(1.0, figure(100, "100%")), IntervalCell(None, None, None), PillCell("")), is_total=True),),
        "by paid amount", "A 52 SKUs 70% · B 82 SKUs 20%", is_sortable=True, span=(12, 8, 8),
    )  # fmt: skip
    return page(
        "sales",
        trend("Visitors", "269,621", (255, 260, 261, 264, 264, 270), ON), trend("Conversion", "2.79%", (2.99, 2.96, 2.96, 3.0, 2.99, 2.79), SIGNAL_DOWN, metric="conversion_rate"), bridge(),
        trend("Net sales", "¥1,823,450", (1.84, 1.87, 1.86, 1.93, 1.91, 1.82), OFF, "¥M"), trend("Contribution margin", "¥411,743", (434, 443, 452, 475, 458, 412), OFF),
        Bars("Where the stock sits", "by days of cover", tuple(Bar(label, figure(value, f"{value}k"), f"{n} SKU", tone) for label, value, n, tone in (("0", 2, 9, "worse"), ("1–14", 313, 31, "neutral"), ("15–30", 1080, 52, "neutral"), ("31–60", 1700, 61, "neutral"), (">180", 408, 14, "worse"))), Axis(0, 1700)),  # type: ignore[arg-type]
        products,
        Bars("By shop", "net sales", tuple(Bar(label, figure(value, f"¥{value}k")) for label, value in (("Tmall", 850), ("抖音", 381), ("JD", 316), ("Own site", 274))), Axis(0, 1000), is_lying=True, foot="131% claimed in all"),
        signals=1,
    )  # fmt: skip


def site() -> PageSummary:
    mobile = tuple([2.4, 2.42, 2.38, 2.41] * 5 + [2.5, 2.97, 3.38])
    lines = Lines(
        "LCP p75", "largest contentful paint, s", figure(3.38, "3.38 s"), SIGNAL_UP, tuple(f"W{week}" for week in range(11, 34)),
        (Series("Mobile", mobile, figure(3.38, "3.38 s", "3.38")), Series("Desktop", tuple(value * 0.7 for value in mobile), figure(1.78, "1.78 s", "1.78"), True)),
        Axis(0, 4.5, ((0, "0"), (2.5, "2.5"), (4.0, "4.0"))), (Threshold(2.5, "2.5", "needs work"), Threshold(4.0, "4.0", "poor")), "good",
        reference=Reference("lcp_p75", WEEK.period),
    )  # fmt: skip
    return page("site", *kpis(), lines, lines, signals=1)


def empty(name: str) -> PageSummary:
    return page(name, Empty("Customers", "No order file with a buyer column yet.", "Cohorts need at least three months of orders."))


def summary(name: str) -> PageSummary:
    made = {"overview": overview, "sales": sales, "site": site}
    if name in made:
        return made[name]()
    if name == "supply":
        return page("supply", *kpis(), scorecard(), signals=2)
    return empty(name)


FREE = Scope(Period(SCOPE.period.first, SCOPE.period.last), None, None)
MONTH = Grain.MONTH

"""One block of every kind of chart, made up by hand, in both languages: what tests and pictures draw."""

from __future__ import annotations

from ecoperf_desktop.model.days import parse_bucket
from ecoperf_desktop.reports.blocks import (
    Axis,
    Bar,
    Bars,
    Bin,
    Bridge,
    Dot,
    Drawn,
    Figure,
    Funnel,
    FunnelSide,
    FunnelStep,
    Heat,
    HeatCell,
    HeatRow,
    Histogram,
    Level,
    Matrix,
    MatrixCell,
    Part,
    Point,
    Points,
    Reference,
    Scatter,
    Stack,
    Step,
    Threshold,
    Tone,
    Trace,
)

WEEKS = tuple(f"W{week}" for week in range(21, 34))
MOMENTS = tuple(f"2026-{week}" for week in WEEKS)


def number(value: float | None, text: str = "", unit: str = "", metric: str = "") -> Figure:
    reference = Reference(metric, parse_bucket("2026-W33")[0].period) if metric and value is not None else None
    if value is None:
        return Figure(None, "–", "–", "No file covers it." if unit != "none" else None)
    return Figure(value, text or f"{value:,.0f}", text or f"{value:,.0f}", reference=reference, unit=unit)


def percent(value: float | None) -> Figure:
    return number(value, f"{value * 100:.1f}%" if value is not None else "", "ratio")


def heat(zh: bool = False) -> Heat:
    sizes = (18297, 25718, 25905, 20454, 21074, 11711, 18589, 18293, 18964, 25206, 19388, 10035)
    first = (10.5, 13.0, 9.1, 9.7, 5.6, 9.6, 8.7, 8.5, 12.3, 9.3, 4.6)
    rows = []
    for index, size in enumerate(sizes):
        cells: list[HeatCell | None] = []
        for age in range(11):
            if index + age > 10:
                cells.append(None)
            else:
                share = first[index] / (1 + age * 0.35) / 100
                cells.append(HeatCell(Figure(share, f"{share * 100:.1f}", unit="ratio"), index + age == 10))
        side = percent(0.2 + index * 0.001) if index < 8 else number(None)
        rows.append(HeatRow(f"{2025 + (index + 8) // 12}-{(index + 8) % 12 + 1:02}", tuple(cells), number(size), side))
    pooled = tuple(HeatCell(Figure(0.09 - age * 0.005, f"{9 - age * 0.5:.1f}", unit="ratio")) for age in range(10))
    foot = HeatRow("加权" if zh else "Pooled", (*pooled, HeatCell(number(None))), number(233634), percent(0.204))
    return Heat(
        "同期群：首购后第 n 月再次下单的客户占比（%）" if zh else "Cohorts: customers who ordered again in month n, %",
        "空白 = 尚未到期" if zh else "blank = not due yet",
        tuple(f"第{age}月" if zh else f"M{age}" for age in range(1, 12)),
        tuple(rows), Axis(0.0, 0.13),
        "首购月" if zh else "First order", "新客" if zh else "New", "90 天复购率" if zh else "90-day repeat", foot,
        "斜线：8 月仅 16 天" if zh else "hatched: August has 16 days only",
    )  # fmt: skip


def funnel(zh: bool = False, sides: int = 2) -> Funnel:
    labels = ("访问", "看商品", "加购", "去结账", "支付") if zh else ("Visits", "Product seen", "Added to cart", "Checkout", "Paid")

    def side(name: str, counts: tuple[int | None, ...]) -> FunnelSide:
        steps = []
        for index, count in enumerate(counts):
            before = counts[index - 1] if index else None
            share = percent(count / before) if count is not None and before else None
            whole = percent(count / counts[0]) if count is not None and index and counts[0] else None
            change = number(-0.0375, "−3.75pp" if zh else "−375 bp") if index else None
            steps.append(FunnelStep(number(count), share, whole, change, "worse" if index == 4 and name in ("移动端", "Mobile") else "neutral"))
        return FunnelSide(name, tuple(steps))

    mobile, desktop = ("移动端", "桌面端") if zh else ("Mobile", "Desktop")
    both: tuple[FunnelSide, ...] = (side(mobile, (14846, 9131, 1232, 545, 243)), side(desktop, (6065, 4125, None, 334, 207)))
    if sides == 1:
        both = (side("", (20911, 13256, 1839, 879, 450)),)
    return Funnel(
        "漏斗" if zh else "Funnel", "本周，移动端对桌面端" if zh else "this week, mobile and desktop", labels, both,
        "步进率" if zh else "step", "占首步" if zh else "of all", "较 W32" if zh else "vs W32",
    )  # fmt: skip


def histogram(zh: bool = False) -> Histogram:
    shares = (9.8, 13.6, 14.9, 12.7, 10.4, 8.2, 6.9, 5.4, 4.5, 3.6, 2.9, 2.3, 4.8)
    bins = tuple(
        Bin(
            f"{index * 10}–{index * 10 + 9}" if index < 12 else ">120", percent(share / 100), index * 10.0,
            index * 10.0 + 10 if index < 12 else None, str(index * 10) if index % 3 == 0 and index < 12 else ">120" if index == 12 else "",
            number(share * 473.18),
        )
        for index, share in enumerate(shares)
    )  # fmt: skip
    return Histogram(
        "首购到第二单的间隔" if zh else "Days to the second order", "天，n 47,318" if zh else "days, n 47,318", bins,
        Axis(0, 0.16, ((0, "0%"), (0.05, "5%"), (0.1, "10%"), (0.15, "15%"))), 39, "中位数 39 天" if zh else "median 39 days",
        "天数" if zh else "Days",
    )  # fmt: skip


def points(zh: bool = False) -> Points:
    values = (36.5, 38.1, 35.6, 40.2, 39.4, 37.1, 41.4, 40.9, 40.1, 36.2, 41.0, 38.8)
    names = tuple(f"{(index + 8) % 12 + 1}月" if zh else "SONDJFMAMJJA"[index] for index in range(12))
    strip = (
        Bar("贬损" if zh else "Detractors", percent(0.153), tone="worse"), Bar("中立" if zh else "Passives", percent(0.306)),
        Bar("推荐" if zh else "Promoters", percent(0.541), tone="better"),
    )  # fmt: skip
    made = tuple(
        Point(name, number(value, f"{value}"), number(value - 7, f"{value - 7:.1f}"), number(value + 7, f"{value + 7:.1f}"), number(400))
        for name, value in zip(names, values, strict=True)
    )
    return Points(
        "净推荐值 NPS" if zh else "Net promoter score", "8 月 n 412；误差线为 95% 区间" if zh else "August, n 412; whiskers 95%", made,
        Axis(20, 50, ((20, "20"), (30, "30"), (40, "40"), (50, "50"))), strip=strip,
        moments=tuple(f"{2025 + (index + 8) // 12}-{(index + 8) % 12 + 1:02}" for index in range(12)),
    )  # fmt: skip


def agents(zh: bool = False) -> Points:
    rows: tuple[tuple[str, str, float | None, float, int, bool, Tone], ...] = (
        ("孙悦", "Sun Yue", 94.9, 3.2, 176, False, "neutral"), ("何佳", "He Jia", 94.6, 3.4, 168, False, "neutral"),
        ("冯源", "Feng Yuan", 85.7, 6.0, 133, False, "worse"), ("蒋一", "Jiang Yi", 86.4, 14.0, 22, True, "neutral"),
        ("许诺", "Xu Nuo", None, 0.0, 0, True, "neutral"),
    )  # fmt: skip
    made = tuple(
        Point(
            chinese if zh else english, number(value, f"{value}%" if value else ""),
            number(value - wide, f"{value - wide:.1f}%") if value else None, number(min(value + wide, 100), f"{min(value + wide, 100):.1f}%") if value else None,
            number(count), hollow, tone,
        )
        for chinese, english, value, wide, count, hollow, tone in rows
    )  # fmt: skip
    against = Threshold(93.6, "中位数 93.6%" if zh else "median 93.6%")
    return Points("客服满意度" if zh else "Satisfaction by agent", "95% 区间" if zh else "95% intervals", made, Axis(70, 100), against, is_lying=True)


def scatter(zh: bool = False) -> Scatter:
    dots = [
        Dot(f"W{week}", number(70000 + 1200 * index, f"¥{70 + 1.2 * index:.0f}k"), number(390000 + 2600 * index + (index * 7919 % 20) * 900))
        for index, week in enumerate(range(8, 33))
    ]
    dots[-1] = Dot("W32", number(92000, "¥92k"), number(450000), True)
    dots.append(Dot("W33，断货，未计入" if zh else "W33, sold out: left out", number(98360, "¥98k"), number(381000), True, True, "worse"))
    dots.append(Dot("W34", number(None), number(None)))
    line = tuple((70000.0 + step * 3000, 392000.0 + step * 5200) for step in range(11))
    return Scatter(
        "抖音：花费与净销售额" if zh else "Douyin: spend and net sales", "周" if zh else "weeks", "周花费，¥" if zh else "weekly spend, ¥",
        "净销售额，¥" if zh else "net sales, ¥", tuple(dots), Axis(68000, 103000, ((70000, "70k"), (80000, "80k"), (90000, "90k"), (100000, "100k"))),
        Axis(350000, 480000, ((360000, "360k"), (400000, "400k"), (440000, "440k"), (480000, "480k"))),
        (Trace("边际" if zh else "next yuan", line, tuple(up - 15000 for _, up in line), tuple(up + 15000 for _, up in line)),
         Trace("平均" if zh else "average", ((70000, 380000), (100000, 470000)), is_dashed=True)),
        (Threshold(95000, "保本" if zh else "break-even"),), label_title="周" if zh else "Week",
    )  # fmt: skip


def stack(zh: bool = False) -> Stack:
    old = [81, 83, 104, 102, 105, 83, 86, 84, 85, 85, 87, 86, 84]
    new = [100, 99, 145, 143, 147, 102, 105, 100, 102, 101, 107, 104, 98]

    def part(name: str, values: list[int], share: str) -> Part:
        shown = [number(None) if index == 6 and name in ("新客", "New") else number(value * 1e4, f"¥{value}0k") for index, value in enumerate(values)]
        return Part(name, tuple(shown), number(0.5, share))

    return Stack(
        "新客与老客的净销售额" if zh else "Net sales of new and returning customers", "元，13 周" if zh else "¥, 13 weeks", WEEKS,
        (part("老客" if zh else "Returning", old, "46%"), part("新客" if zh else "New", new, "54%")),
        Axis(0, 2.7e6, ((0, "0"), (1e6, "100万" if zh else "1M"), (2e6, "200万" if zh else "2M"))), ((2, 4, "618"),), moments=MOMENTS,
    )  # fmt: skip


def matrix(zh: bool = False) -> Matrix:
    counts = ((31, 16, 5), (28, 40, 14), (9, 24, 44))
    shares = ((0.45, 0.2, 0.05), (0.1, 0.08, 0.02), (0.04, 0.03, 0.03))
    cells = tuple(
        tuple(MatrixCell(number(count), percent(share), share / 0.45) for count, share in zip(line, parts, strict=True))
        for line, parts in zip(counts, shares, strict=True)
    )
    return Matrix(
        "ABC × XYZ", "商品数，占净销售额" if zh else "products, share of net sales", "销售额" if zh else "Sales", "需求波动" if zh else "Steadiness of demand",
        ("A", "B", "C"), ("X", "Y", "Z"), cells,
    )  # fmt: skip


def profit(zh: bool = False) -> Bridge:
    words = (
        ("毛销售额", "折扣", "退款", "净销售额", "成本", "毛利", "广告", "边际贡献", "净利")
        if zh else ("Gross", "Discounts", "Refunds", "Net sales", "Cost", "Gross profit", "Ads, freight", "Contribution", "Net profit")
    )  # fmt: skip

    def money(value: int, signed: bool) -> Figure:
        sign = "−" if value < 0 else "+" if signed else ""
        return Figure(value * 100, f"{sign}¥{abs(value):,}", unit="money")

    def step(name: str, value: int, level: bool = False) -> Step:
        return Step(name, money(value, not level), f"{value / 1000:,.1f}".replace("-", "−"), "", level)

    return Bridge(
        "利润链" if zh else "Profit, from gross sales", "元" if zh else "¥", Level(words[0], money(2100000, False), "2,100.0"),
        (step(words[1], -154000), step(words[2], -122550), step(words[3], 1823450, True), step(words[4], -873000),
         step(words[5], 950450, True), step(words[6], -538707), step(words[7], 411743, True)),
        Level(words[8], money(411743, False), "411.7"), Axis(0, 2200000 * 100),
        "¥2,100,000 − ¥154,000 − ¥122,550 − ¥873,000 − ¥538,707 = ¥411,743", "逐项相减" if zh else "item by item", "千元" if zh else "¥k", (12, 8, 6),
    )  # fmt: skip


def claims(zh: bool = False) -> Bars:
    rows = (("天猫", "Tmall", 851, 1021), ("抖音", "Douyin", 381, 560), ("京东", "JD", 316, 351), ("独立站", "Own site", 274, 457))
    bars = tuple(
        Bar(chinese if zh else english, number(paid, f"¥{paid}k"), f"{claimed / paid:.0%}", against=number(claimed, f"¥{claimed}k"))
        for chinese, english, paid, claimed in rows
    )
    names = ("实付订单", "平台自报") if zh else ("paid, from orders", "claimed by platforms")
    return Bars("重复归因" if zh else "Double claims", "实付对平台自报" if zh else "paid against claimed", bars, Axis(0, 1021), True, names=names)


def stock(zh: bool = False) -> Bars:
    rows: tuple[tuple[str, float | None, int, Tone], ...] = (
        ("0", 0, 9, "worse"), ("1–14", 313, 31, "neutral"), ("15–30", 1080, 52, "neutral"), ("31–60", 1700, 61, "neutral"), ("61–90", None, 28, "neutral"), (">180", 408, 14, "worse"),
    )  # fmt: skip
    bars = tuple(Bar(label, number(value, f"{value:.0f}k" if value is not None else ""), f"{count} SKU", tone) for label, value, count, tone in rows)
    return Bars("库存结构" if zh else "Where the stock sits", "按可售天数" if zh else "by days of cover", bars, Axis(0, 1900, ((0, "0"), (1000, "1M"))))


def outages(zh: bool = False) -> Heat:
    days = ("一", "二", "三", "四", "五", "六", "日") if zh else ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
    down = {(1, 4): 9, (1, 9): 6, (1, 12): 11, (2, 1): 4, (3, 10): 9}
    rows = tuple(
        HeatRow(day, tuple(HeatCell(number(down.get((index, week), 0), str(down.get((index, week), "")) or " ", "minutes")) for week in range(13)))
        for index, day in enumerate(days)
    )
    return Heat("可用性" if zh else "Availability", "每分钟探测，13 周" if zh else "minutes down, 13 weeks", WEEKS, rows, Axis(0, 12), span=(6, 6, 4))


def all_charts(zh: bool = False) -> tuple[Drawn, ...]:
    return (
        heat(zh), funnel(zh), stack(zh), histogram(zh), points(zh), agents(zh), scatter(zh), matrix(zh), profit(zh), claims(zh), stock(zh),
        funnel(zh, 1), outages(zh),
    )  # fmt: skip

"""What the demo shop writes down by hand, and its refunds, posts and mailings: shifts, trainings, budgets, audits, plans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np

from ecoperf_desktop.demo import files
from ecoperf_desktop.demo.world import (
    AGENTS,
    DAYS,
    FIRST_DAY,
    LAST_DAY,
    Floats,
    Ints,
    Orders,
    Product,
    uniform,
)
from ecoperf_desktop.model.days import Day, Grain, Period, buckets, date_of, day_of, iso

Row = list[str]

PICKERS = ("刘洋", "何静", "冯源")
CONTENT = ("唐果", "许诺")
MARKETERS = ("李想", "周航")

_REASONS = (  # as buyers choose them, with their share
    ("不喜欢/不想要", 0.34), ("质量问题", 0.17), ("商品与描述不符", 0.12), ("尺寸拍错/不符", 0.11), ("物流太慢", 0.10), ("少件/漏发", 0.06),
    ("包装/商品破损", 0.06), ("卖家发错货", 0.04),
)  # fmt: skip


def refunds(sold: Orders, order_no: Mapping[int, str], rows: Sequence[int]) -> Iterator[Row]:
    """Yield the platform's refunds of paid orders: a week or so after the sale, with the buyer's reason."""
    for index in rows:
        amount = int(sold.refund[index])
        if amount <= 0 or sold.paid_after[index] < 0:
            continue
        a, b, c, d = uniform(700_000 + index, 4)
        day = int(sold.day[index])
        asked = day + 1 + int(a * 9)
        done = asked + 1 + int(b * 4)
        if done > LAST_DAY:
            asked = done = min(max(asked, day), LAST_DAY)
        reason, left = _REASONS[-1][0], c
        for words, share in _REASONS:
            left -= share
            if left < 0:
                reason = words
                break
        returned = d < 0.62 and reason not in ("物流太慢", "少件/漏发")
        money = files.yuan(amount)
        second = files.clock(36_000 + int(a * 30_000))
        yield [
            order_no[index], f"7{index:016d}", f"{iso(day)} {second}", f"{iso(asked)} {second}", f"{iso(done)} {second}", "退款成功", money,
            "退货退款" if returned else "仅退款", "已收到货", money, "0.00", reason,
        ]  # fmt: skip


REFUNDS = ("订单编号", "退款编号", "订单付款时间", "退款申请时间", "退款完结时间", "退款状态", "退款总额", "售后类型", "货物状态", "退给买家金额", "退给平台金额", "买家退款原因")  # fmt: skip


def shifts(units: Ints, first: Day, last: Day) -> Iterator[Row]:
    """Yield who worked how long where: pickers by their units, agents and marketers by shop and channel; two Sundays in three are free."""
    for day in range(first, last + 1):
        sunday = date_of(day).weekday() == 6
        pieces = int(units[day - FIRST_DAY])
        for number, name in enumerate(PICKERS):
            if (day + number) % 7 == 0 or (sunday and number == 2):
                continue
            a, b = uniform(day * 31 + number, 2)
            handled = int(pieces / 2.4 * (0.9 + 0.2 * a))
            hours = max(round(handled / (84 + 6 * number) * 4) / 4, 0.25)
            errors = int(handled * 0.0012 * (1 + number % 2) + b)
            yield [iso(day), name, f"{hours:g}", "", "", files.yuan(int(hours * 3200)), str(handled), str(min(errors, handled))]
        for number, name in enumerate(AGENTS):
            if (number + day) % 7 not in (0, 3):
                yield [iso(day), name, "7.5", "Tmall" if number % 3 else "Own site", "", files.yuan(24_000), "", ""]
        if date_of(day).weekday() < 5:
            for number, name in enumerate(MARKETERS):
                yield [iso(day), name, "8", "Own site", "Paid Search" if number else "Paid Social", files.yuan(38_400), "", ""]


SHIFTS = ("日期", "员工", "工时", "店铺", "渠道", "人工成本", "处理件数", "差错数")

_TRAININGS = (
    # topic, metric it is meant for, weeks before the end, what it lifts the score by
    ("客诉处理", "agent_csat", 62, 11.0), ("商品知识：餐具", "agent_inquiry_conversion", 47, 9.0), ("催付与跟进", "agent_inquiry_conversion", 34, 8.0),
    ("物流话术与安抚", "agent_csat", 21, 12.0), ("场景化推荐", "agent_inquiry_conversion", 12, 10.0), ("平台规则更新", "agent_csat", 5, 6.0),
)  # fmt: skip


def trainings() -> Iterator[Row]:
    """Yield attendances: some five agents a training, most of them to the end, with a test before and after."""
    for number, (topic, metric, weeks, lift) in enumerate(_TRAININGS):
        day = LAST_DAY - 7 * weeks + 2
        for place, name in enumerate(AGENTS):
            if (place + number) % 8 >= 5:
                continue
            a, b = uniform(4000 + 10 * number + place, 2)
            done = a < 0.86
            before = 58 + 22 * b
            after = f"{before + lift * (0.5 + a):.0f}" if done else ""
            yield [topic, name, iso(day), "2", metric, "是" if done else "否", f"{before:.0f}", after, str(3 + int(a * 2.4)) if done else ""]


TRAININGS = ("培训主题", "员工", "日期", "培训时长", "改善指标", "是否完成", "培训前得分", "培训后得分", "培训满意度")


def budgets(net_by_day: Floats, scale: float) -> Iterator[Row]:
    """Yield what each month may cost, by kind."""
    for month in buckets(Period(FIRST_DAY + 3, LAST_DAY), Grain.MONTH):
        period = month.period
        within = net_by_day[period.first - FIRST_DAY : min(period.last, LAST_DAY) - FIRST_DAY + 1]
        sales = float(within.sum()) * period.days / max(len(within), 1)
        for kind, amount in (("rent", 1_800_000 * scale), ("staff", 9_200_000 * scale), ("tech", 400_000 * scale), ("marketing", sales * 0.105)):
            yield [iso(period.first), iso(period.last), kind, f"{round(amount / 10_000) * 100:.2f}"]


BUDGETS = ("开始日期", "结束日期", "费用类别", "预算金额")


def audits(catalogue: Sequence[Product]) -> Iterator[Row]:
    """Yield scores of product pages: every quarter twenty products, each by two people."""
    day = FIRST_DAY + 40
    round_number = 0
    while day <= LAST_DAY:
        for place in range(20):
            product = catalogue[(round_number * 37 + place * 11) % len(catalogue)]
            a, b, c = uniform(9000 + round_number * 100 + place, 3)
            for person, name in enumerate(CONTENT):
                better = 2.0 * round_number
                scores = (62 + 30 * a + better, 58 + 30 * b + better, 60 + 28 * c + better)
                yield [
                    iso(day + place // 10), product.sku, name, *(f"{min(score + 3 * person, 100):.0f}" for score in scores), str(200 + int(1800 * c)),
                ]  # fmt: skip
        day += 91
        round_number += 1


AUDITS = ("日期", "商品编码", "审核人", "图片得分", "文案得分", "品牌得分", "权重")


def market(net_by_day: Floats) -> Iterator[Row]:
    """Yield the size of the market by quarter, growing a little faster than the shop."""
    for number, quarter in enumerate(buckets(Period(FIRST_DAY + 64, LAST_DAY), Grain.QUARTER)):
        period = quarter.period
        if period.last > LAST_DAY:
            break
        own = float(net_by_day[period.first - FIRST_DAY : period.last - FIRST_DAY + 1].sum())
        yield [iso(period.first), iso(period.last), "", f"{own / 100 * (46 + 1.1 * number):.0f}", "行业季报（演示）"]


MARKET = ("开始日期", "结束日期", "类目", "市场销售额", "数据来源")


def forecasts(catalogue: Sequence[Product], sold_units: Ints) -> Iterator[Row]:
    """Yield, for the last thirteen weeks, what was foretold a week ahead for the products that sell most.

    ``sold_units`` is one row a day, one column a product.
    """
    best = np.argsort(-sold_units[-364:].sum(axis=0), kind="stable")[:12]
    for day in range(LAST_DAY - 90, LAST_DAY + 1):
        place = day - FIRST_DAY
        for number in best:
            usual = float(sold_units[max(place - 35, 0) : place - 7, number].mean())
            a = float(uniform(day * 13 + int(number), 1)[0])
            yield [iso(day), catalogue[number].sku, iso(day - 7), f"{usual * (0.85 + 0.35 * a):.1f}"]


FORECASTS = ("日期", "商品编码", "预测日期", "预测数量")


def notes(net_by_day: Floats, first: Day, last: Day) -> Iterator[Row]:
    """Yield the posts of the shop's account: three a week, and at both ends of what is exported."""
    for day in range(first, last + 1):
        if date_of(day).weekday() not in (1, 4, 6) and day not in (first, last):
            continue
        a, b, c, d = uniform(day * 7 + 3, 4)
        loud = 1.0 + float(net_by_day[day - FIRST_DAY]) / (float(net_by_day.mean()) or 1.0)
        shown = int((2600 + 5200 * a) * loud)
        views = int(shown * (0.20 + 0.1 * b))
        likes = int(views * (0.045 + 0.03 * c))
        yield [
            f"{('竹盒收纳', '餐桌一角', '床品换季', '灯下夜读')[int(d * 4)]} {iso(day)}", date_of(day).strftime("%Y年%m月%d日20时00分00秒"), "图文", str(shown),
            str(views), str(likes), str(int(likes * 0.12)), str(int(likes * 0.45)), str(int(likes * 0.07)), str(int(views * 0.006)),
        ]  # fmt: skip


NOTES = ("笔记标题", "首次发布时间", "体裁", "曝光", "观看量", "点赞", "评论", "收藏", "分享", "涨粉")


def mailings(own_net_by_day: Floats, first: Day, last: Day) -> Iterator[Row]:
    """Yield the newsletters of the own site: every Thursday, and one more before the feasts."""
    for day in range(first, last + 1):
        when = date_of(day)
        is_feast = (when.month, when.day) in ((11, 10), (11, 27), (12, 10), (6, 16))
        if when.weekday() != 3 and not is_feast:
            continue
        a, b, c, d = uniform(day * 5 + 1, 4)
        sent = int(5200 + (day - FIRST_DAY) * 4.6)
        bounced = int(sent * (0.004 + 0.004 * a))
        delivered = sent - bounced
        opened = int(delivered * (0.37 + 0.08 * b))
        clicked = int(delivered * (0.013 + 0.012 * c) * (1.6 if is_feast else 1.0))
        orders = int(clicked * (0.05 + 0.04 * d))
        revenue = orders * (16_000 + int(9_000 * a))
        name = f"{'Feast' if is_feast else 'Weekly'} · {('new glazes', 'linen days', 'kitchen corner', 'gifts')[int(d * 4)]} {iso(day)}"
        yield [
            name, f"{iso(day)} 10:00:00", "Email", str(sent), str(delivered), str(bounced), str(opened), str(int(opened * 0.46)), str(clicked),
            str(int(delivered * 0.0021 * (0.6 + a))), str(int(delivered * 0.0002 * (0.4 + b) + 0.4)), str(orders), files.yuan(revenue),
        ]  # fmt: skip


MAILINGS = (
    "Campaign Name", "Send Time", "Campaign Channel", "Total Recipients", "Successful Deliveries", "Bounces", "Unique Opens", "Unique Apple Privacy Opens",
    "Unique Clicks", "Unsubscribes", "Spam Complaints", "Unique Placed Order", "Revenue",
)  # fmt: skip


def efforts() -> Iterator[Row]:
    """Yield answers to "how easy was it" after help by an agent, on a scale to 7."""
    number = 0
    for day in range(day_of(date(2025, 1, 1)), LAST_DAY + 1):
        for value in uniform(day * 3 + 2, 2):
            score = 7 if value > 0.52 else 6 if value > 0.27 else 5 if value > 0.14 else 4 if value > 0.07 else 2
            yield [f"CE{number:06d}", "ces", iso(day), "7", str(score), "Tmall" if value > 0.3 else "Own site", ""]
            number += 1


def units_of_days(sold: Orders, products: int) -> Ints:
    """Return units sold, one row a day, one column a product."""
    day = sold.day[sold.line_order] - FIRST_DAY
    flat = np.bincount(day * products + sold.product, weights=sold.qty, minlength=DAYS * products)
    return flat.astype(np.int64).reshape(DAYS, products)

"""The made-up business behind the demo: what was ordered, shipped, advertised and measured each day.

Everything follows from fixed seeds and from uniform random numbers alone (whose stream
is the same in every numpy), so the same arguments give the same shop anywhere.
The shop ends on Sunday 16 August 2026, whatever the date.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from ecoperf_desktop.model.days import Day, date_of, day_of

FIRST_DAY: Day = day_of(date(2024, 7, 29))
LAST_DAY: Day = day_of(date(2026, 8, 16))
DAYS = LAST_DAY - FIRST_DAY + 1

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

TMALL, OWN_SITE = 0, 1
SMALL_ORDERS, LARGE_ORDERS = 26_000, 400_000


@dataclass(frozen=True)
class Product:
    sku: str
    name_zh: str
    name_en: str
    category_zh: str
    category_en: str
    supplier: int
    price: int  # fen
    cost: int  # fen
    weight: float  # share of demand before season
    launched: Day
    ended: Day | None
    sold_out: tuple[tuple[Day, Day], ...]


@dataclass(frozen=True)
class Orders:
    """One row an order, sorted by day and second; ``line_*`` one row a line, ``line_order`` its order."""

    day: Ints
    second: Ints
    shop: Ints
    customer: Ints
    channel: Ints
    paid_after: Ints  # seconds from placing to paying, -1 never paid
    cancelled: NDArray[np.bool_]
    order_discount: Ints
    shipping: Ints
    refund: Ints  # fen given back, 0 none
    region: Ints
    line_order: Ints
    product: Ints
    qty: Ints
    price: Ints
    line_discount: Ints
    handed_after: Ints  # hours from placing to hand-over, -1 never sent
    delivered_after: Ints  # hours from hand-over to the door, -1 not delivered within the data
    carrier: Ints

    def __len__(self) -> int:
        return len(self.day)


SUPPLIERS = (
    ("安吉竹源", "Anji Bamboo Works", 21, 0.90), ("景德镇明窑", "Jingdezhen Ming Kiln", 28, 0.95),
    ("南通棉织", "Nantong Cotton Mills", 18, 0.97), ("曹县木艺", "Caoxian Woodcraft", 24, 0.88),
    ("义乌日用", "Yiwu Daily Goods", 12, 0.93), ("佛山灯饰", "Foshan Lighting", 20, 0.91),
    ("绍兴纺织", "Shaoxing Textiles", 16, 0.96), ("潮州陶瓷", "Chaozhou Ceramics", 26, 0.86),
)
CARRIERS = ("顺丰", "中通", "京东物流")
REGIONS = ("浙江", "江苏", "广东", "上海", "北京", "山东", "四川", "湖北", "福建", "河南", "陕西", "广西")
OWN_CHANNELS = ("web", "pos", "instagram", "shop_app")
AGENTS = ("陈晨", "赵雪", "王敏", "林悦", "孙洁", "周婷", "吴桐", "郑凯", "罗琳", "魏然", "蒋一", "唐可")
CAMPAIGNS = (
    # platform, name, share of spend, owner, click price in fen, conversion
    ("google", "Search · brand", 0.16, "李想", 92, 0.062), ("google", "Search · tableware", 0.22, "李想", 178, 0.024),
    ("google", "Shopping · all products", 0.30, "周航", 141, 0.028), ("google", "Search · bedding", 0.14, "周航", 196, 0.019),
    ("meta", "Prospecting · home style", 0.42, "李想", 118, 0.014), ("meta", "Retargeting · cart 14 d", 0.30, "周航", 104, 0.041),
    ("meta", "Prospecting · gifts", 0.28, "李想", 126, 0.012),
)
SITE_CHANNELS = (
    # GA4 channel group, share of sessions, conversion factor
    ("Organic Search", 0.34, 1.05), ("Paid Search", 0.19, 1.15), ("Direct", 0.17, 1.30), ("Paid Social", 0.16, 0.55),
    ("Organic Social", 0.08, 0.50), ("Email", 0.06, 1.60),
)
_CATEGORIES = (
    ("餐具", "Tableware", 1, ("餐盘", "汤碗", "马克杯", "茶壶", "碗碟套装"), ("plate", "soup bowl", "mug", "teapot", "dinner set"), 8900),
    ("收纳", "Storage", 0, ("竹盒", "收纳篮", "玻璃罐", "抽屉格"), ("bamboo box", "basket", "glass canister", "drawer tray"), 6900),
    ("床品", "Bedding", 2, ("棉四件套", "亚麻盖毯", "枕套", "被芯"), ("cotton bedding set", "linen throw", "pillow case", "duvet"), 26900),
    ("厨具", "Kitchen", 3, ("胡桃砧板", "木勺", "刀架"), ("walnut cutting board", "wooden spoon", "knife block"), 12900),
    ("灯具", "Lighting", 5, ("床头感应灯", "台灯", "夜灯"), ("bedside sensor light", "desk lamp", "night light"), 15900),
    ("日用", "Daily goods", 4, ("棉巾", "浴帘", "门垫", "衣架"), ("cotton towel", "shower curtain", "door mat", "hanger"), 4900),
)
_STYLES = (("素白", "white"), ("石纹", "stone"), ("原木", "natural"), ("墨青", "ink green"), ("雾蓝", "mist blue"), ("陶红", "clay red"))

# Shopping feasts: first and last day, how demand rises on its peaks, whose shops.
_FEASTS = (
    (10, 21, 11, 11, ((10, 21, 2.2), (10, 31, 2.0), (11, 1, 2.6), (11, 10, 2.4), (11, 11, 5.2)), 1.25, TMALL),
    (5, 31, 6, 18, ((5, 31, 1.8), (6, 1, 2.3), (6, 16, 1.9), (6, 17, 2.2), (6, 18, 4.2)), 1.20, TMALL),
    (12, 9, 12, 12, ((12, 12, 2.6),), 1.15, TMALL),
)


def uniform(seed: int, size: int) -> Floats:
    """Return ``size`` numbers of [0, 1) that depend on the seed alone."""
    return np.random.Generator(np.random.PCG64(seed)).random(size)


def products() -> list[Product]:
    made: list[Product] = []
    spread = uniform(11, 4 * 240)
    number = 1001
    for category in range(len(_CATEGORIES)):
        zh, en, supplier, names_zh, names_en, base = _CATEGORIES[category]
        for style in range(len(_STYLES)):
            for kind in range(len(names_zh)):
                for size in range(1 if (style + kind) % 3 else 2):
                    at = (number - 1001) * 4
                    price = int(round(base * (0.45 + 1.4 * spread[at]) / 1000) * 1000 - 100)
                    sku = f"QM-{number}"
                    launched = FIRST_DAY - 400 if spread[at + 1] < 0.86 else FIRST_DAY + int(spread[at + 2] * (DAYS - 60))
                    ended = FIRST_DAY + 300 + int(spread[at + 3] * 380) if spread[at + 2] > 0.95 else None
                    suffix_zh, suffix_en = (" 大号", ", large") if size else ("", "")
                    made.append(
                        Product(
                            sku, f"{_STYLES[style][0]}{names_zh[kind]}{suffix_zh}", f"{names_en[kind].capitalize()}, {_STYLES[style][1]}{suffix_en}",
                            zh, en, (supplier + (kind % 2) * 3) % len(SUPPLIERS), max(price, 1900), int(price * (0.36 + 0.2 * spread[at + 3])),
                            1.0 / (1.5 + 40 * spread[at + 1] ** 1.5), launched, ended, _sold_out(sku, spread[at : at + 4]),
                        )
                    )
                    number += 1
    return made


def _sold_out(sku: str, spread: Floats) -> tuple[tuple[Day, Day], ...]:
    if sku == "QM-1023":  # the lead product of the last week's story
        return ((LAST_DAY - 4, LAST_DAY),)
    if spread[0] > 0.82:
        first = FIRST_DAY + int(spread[1] * (DAYS - 40))
        return ((first, first + 4 + int(spread[2] * 16)),)
    return ()


def demand(shop: int) -> Floats:
    """Return the relative demand of every day: weekday, season, growth, feasts and New Year's pause."""
    curve = np.zeros(DAYS)
    for index in range(DAYS):
        when = date_of(FIRST_DAY + index)
        weekday = (0.97, 0.95, 0.96, 0.98, 1.00, 1.10, 1.12)[when.weekday()] if shop == TMALL else (1.06, 1.04, 1.02, 1.0, 0.97, 0.92, 0.99)[when.weekday()]
        season = 1 + 0.10 * math.cos(2 * math.pi * (when.timetuple().tm_yday - 320) / 365.25)
        growth = 1.11 ** (index / 365.25) if shop == TMALL else 1.20 ** (index / 365.25)
        curve[index] = weekday * season * growth * _feast(when, shop)
    ripple = 1 + 0.11 * (uniform(21 + shop, DAYS) + uniform(31 + shop, DAYS) - 1)
    curve *= ripple
    if shop == OWN_SITE:  # the slow theme of 4 August costs conversion
        curve[-13:] *= 0.90
    return curve


def _feast(when: date, shop: int) -> float:
    rise = 1.0
    for first_month, first_day, last_month, last_day, peaks, plateau, where in _FEASTS:
        if date(when.year, first_month, first_day) <= when <= date(when.year, last_month, last_day):
            rise = max(rise, plateau if shop == where else 1.03)
            for month, day, height in peaks:
                if (when.month, when.day) == (month, day):
                    rise = max(rise, height if shop == where else 1.1)
    if shop == OWN_SITE:
        friday = _black_friday(when.year)
        offset = when.toordinal() - friday.toordinal()
        if 0 <= offset <= 3:
            rise = max(rise, (3.6, 2.2, 1.9, 2.8)[offset])
        elif -7 <= offset < 0:
            rise = max(rise, 1.25)
    new_year = {2025: date(2025, 1, 29), 2026: date(2026, 2, 17)}.get(when.year)
    if new_year:
        offset = when.toordinal() - new_year.toordinal()
        if -3 <= offset <= 6:
            rise *= 0.38 if shop == TMALL else 0.7
        elif -24 <= offset < -3:
            rise *= 1.18
    return rise


def _black_friday(year: int) -> date:
    first = date(year, 11, 1)
    return date(year, 11, 1 + (3 - first.weekday()) % 7 + 21 + 1)


def orders(count: int, catalogue: list[Product]) -> Orders:
    """Make ``count`` orders over all days, about 70 % of them Tmall's."""
    curves = [demand(TMALL), demand(OWN_SITE)]
    shares = np.concatenate([curves[TMALL] / curves[TMALL].sum() * 0.70, curves[OWN_SITE] / curves[OWN_SITE].sum() * 0.30])
    per_day = _whole(shares * count, count)
    day = np.repeat(np.tile(np.arange(DAYS), 2), per_day) + FIRST_DAY
    shop = np.repeat(np.repeat(np.array([TMALL, OWN_SITE]), DAYS), per_day)
    hours = uniform(41, count)
    # few orders at night, a hump at noon and a larger one in the evening
    second = np.interp(hours, (0, 0.03, 0.10, 0.36, 0.55, 0.93, 1), (0, 21600, 32400, 50400, 68400, 84600, 86399)).astype(np.int64)
    order = np.lexsort((second, day))
    day, second, shop = day[order], second[order], shop[order]
    customer = _customers(count, shop)
    on_site = shop == OWN_SITE
    channel = np.where(on_site, np.searchsorted((0.72, 0.80, 0.93), uniform(42, count), side="right"), 0)
    chance = uniform(43, count)
    paid_after = np.where(chance < 0.045, -1, 20 + (uniform(44, count) ** 3 * 5400).astype(np.int64))
    # whoever pays pays on the same day: the hours before midnight are no place for surprises in a demo
    paid_after = np.where(paid_after < 0, -1, np.minimum(paid_after, 86399 - second))
    cancelled = (chance < 0.045) | ((chance > 0.985) & on_site)
    per_order = 1 + np.searchsorted((0.52, 0.78, 0.90, 0.96, 0.985), uniform(45, count), side="right")
    lines = int(per_order.sum())
    line_order = np.repeat(np.arange(count), per_order)
    product = _choose(day[line_order], shop[line_order], uniform(46, lines), catalogue)
    qty = 1 + np.searchsorted((0.80, 0.93, 0.97), uniform(47, lines), side="right")
    price = np.array([entry.price for entry in catalogue])[product]
    feast = np.array([_feast(date_of(FIRST_DAY + index), TMALL) for index in range(DAYS)])[day - FIRST_DAY]
    off = np.where(feast[line_order] > 1.1, 0.12, 0.03) * (uniform(48, lines) < 0.45)
    line_discount = (price * qty * off).astype(np.int64)
    gross = np.bincount(line_order, weights=price * qty - line_discount, minlength=count).astype(np.int64)
    order_discount = np.where((uniform(49, count) < 0.18) & (gross > 20000), (gross * 0.05).astype(np.int64), 0)
    shipping = np.where(gross < 9900, np.where(on_site, 1500, 1000), 0)
    back = uniform(50, count)
    partial = uniform(51, count)
    refundable = (paid_after >= 0) & ~cancelled
    goods = gross - order_discount
    refund = np.where(refundable & (back < 0.062), np.where(partial < 0.7, goods, (goods * 0.3).astype(np.int64)), 0)
    refund = np.where(cancelled & (paid_after >= 0), goods, refund)
    courier = np.searchsorted((0.35, 0.80), uniform(52, count), side="right")
    handed = 6 + (uniform(53, count) ** 1.6 * 47).astype(np.int64)
    slow = np.where(courier == 1, 1.18, 0.92)
    late_help = np.where(day > LAST_DAY - 21, 0.88, 1.0)  # the second courier for the south
    delivered = (24 + uniform(54, count) ** 1.5 * 96 * slow * late_help).astype(np.int64)
    sent = (paid_after >= 0) & ~cancelled
    end = (LAST_DAY + 1) * 24
    placed_hour = day * 24 + second // 3600
    handed = np.where(sent & (placed_hour + handed < end), handed, -1)
    delivered = np.where((handed >= 0) & (placed_hour + handed + delivered < end) & (uniform(55, count) > 0.004), delivered, -1)
    region = np.minimum((uniform(56, count) ** 1.4 * len(REGIONS)).astype(np.int64), len(REGIONS) - 1)
    return Orders(
        day, second, shop, customer, channel, paid_after, cancelled, order_discount, shipping, refund, region,
        line_order, product, qty.astype(np.int64), price, line_discount, handed, delivered, courier,
    )


def _customers(count: int, shop: Ints) -> Ints:
    """Give each order its customer: a new one, or that of an earlier order of the same shop."""
    customer = np.arange(count)
    for which in (TMALL, OWN_SITE):
        rows = np.flatnonzero(shop == which)
        again = uniform(61 + which, len(rows)) < (0.34 if which == TMALL else 0.40)
        back = 1 + (uniform(71 + which, len(rows)) ** 2 * np.arange(len(rows))).astype(np.int64)
        earlier = np.maximum(np.arange(len(rows)) - back, 0)
        parent = np.where(again & (np.arange(len(rows)) > 20), earlier, np.arange(len(rows)))
        while True:  # follow "the same as that earlier order" to its end
            further = parent[parent]
            if np.array_equal(further, parent):
                break
            parent = further
        customer[rows] = rows[parent]
    return customer


def _choose(day: Ints, shop: Ints, chance: Floats, catalogue: list[Product]) -> Ints:
    """Draw each line's product from what was on sale that month, and put another in place of a sold-out one."""
    chosen = np.zeros(len(day), dtype=np.int64)
    weight = np.array([entry.weight for entry in catalogue])
    launched = np.array([entry.launched for entry in catalogue])
    ended = np.array([entry.ended or LAST_DAY + 100 for entry in catalogue])
    block = (day - FIRST_DAY) // 28
    for number in np.unique(block):
        rows = np.flatnonzero(block == number)
        first = FIRST_DAY + int(number) * 28
        on_sale = (launched <= first) & (ended > first + 27)
        edges = np.cumsum(weight * on_sale)
        chosen[rows] = np.searchsorted(edges / edges[-1], chance[rows], side="right")
    for index, entry in enumerate(catalogue):
        for first, last in entry.sold_out:
            gone = (chosen == index) & (day >= first) & (day <= last) & (shop == TMALL)
            chosen[gone] = (index + 7) % len(catalogue)
    return np.minimum(chosen, len(catalogue) - 1)


def _whole(parts: Floats, total: int) -> Ints:
    """Round to whole numbers that sum to ``total``, the largest rests first."""
    floor = np.floor(parts).astype(np.int64)
    rest = np.argsort(-(parts - floor), kind="stable")[: total - int(floor.sum())]
    floor[rest] += 1
    return floor


def sessions(own_orders: Ints) -> Ints:
    """Return the site's sessions a day from its orders and a conversion near 2.6 % that falls after 4 August."""
    conversion = 0.0262 + 0.0022 * (uniform(81, DAYS) + uniform(82, DAYS) - 1)
    conversion[-13:] *= 0.86
    # a small shop has days without an order but hardly one without a visitor
    smooth = np.convolve(own_orders + 0.4, np.ones(3) / 3, mode="same")
    return np.maximum(np.round(0.7 * smooth / conversion + 0.3 * own_orders / conversion), own_orders + 5).astype(np.int64)

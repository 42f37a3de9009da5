"""The demo shop's exports: which files there are, for which weeks, and what stands in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from ecoperf_desktop.demo import files, practice, world
from ecoperf_desktop.demo.world import (
    AGENTS,
    CAMPAIGNS,
    CARRIERS,
    FIRST_DAY,
    LAST_DAY,
    OWN_SITE,
    REGIONS,
    SITE_CHANNELS,
    SUPPLIERS,
    TMALL,
    uniform,
)
from ecoperf_desktop.model.days import Day, Grain, Period, bucket_of, buckets, date_of, day_of, iso

_CHINA = (("currency", "CNY"), ("tz", "Asia/Shanghai"))
_TMALL_NAME, _OWN_NAME = "Tmall", "Own site"
_QUARTERLY_UNTIL = day_of(date(2025, 12, 31))  # the old years were fetched by the quarter, this one by the month,
_MONTHLY_UNTIL = day_of(date(2026, 7, 12))  # and since the program is in use, every week
_WORKBOOK_ROWS = 4000  # above this the platform gives text instead of a workbook
_WORKBOOKS_SINCE = day_of(date(2026, 4, 1))  # before, it knew no workbooks


@dataclass(frozen=True)
class Delivery:
    """Files to import together: from which source, and what no file can say about it."""

    source: str | None
    settings: tuple[tuple[str, str], ...]
    paths: tuple[Path, ...]


def write(folder: Path, *, shop: str = "small", orders: int | None = None) -> list[Delivery]:
    """Write every export of the demo shop below ``folder`` and return what to import.

    ``orders`` scales the shop; its story stays the same.
    """
    count = orders or {"small": world.SMALL_ORDERS, "large": world.LARGE_ORDERS}[shop]
    catalogue = world.products()
    sold = world.orders(count, catalogue)
    writer = _Writer(folder, catalogue, sold)
    writer.tmall()
    writer.own_site()
    writer.products()
    writer.advertising()
    writer.site()
    writer.supply()
    writer.customers()
    writer.people()
    writer.practice()
    writer.posts_and_mailings()
    sources = {"tmall": _TMALL_NAME, "own_site": _OWN_NAME}
    settings = {name: (*_CHINA, ("shop", _OWN_NAME)) for name in ("site", "mail")}
    return [
        Delivery(sources.get(name), settings.get(name, _CHINA), tuple(sorted(path for path in writer.written if path.parent.name == name)))
        for name in ("tmall", "own_site", "ads", "site", "social", "mail", "templates")
    ]


def spans() -> Iterator[tuple[Day, Day, str]]:
    """Yield first day, last day and label of each export: quarters, then months, then weeks to the end."""
    day = FIRST_DAY
    for grain, until in ((Grain.QUARTER, _QUARTERLY_UNTIL), (Grain.MONTH, _MONTHLY_UNTIL), (Grain.WEEK, LAST_DAY)):
        while day <= until:
            bucket = bucket_of(day, grain)
            last = min(bucket.period.last, until)
            yield day, last, bucket.label
            day = last + 1


class _Writer:
    def __init__(self, folder: Path, catalogue: list[world.Product], sold: world.Orders) -> None:
        self.folder = folder
        self.catalogue = catalogue
        self.sold = sold
        self.written: list[Path] = []
        self.scale = len(sold) / world.SMALL_ORDERS
        # what the order files and the parcel file both need, once as plain Python
        self.first_line = np.searchsorted(sold.line_order, np.arange(len(sold) + 1))

    # ---------------------------------------------------------------- Tmall (千牛)
    def tmall(self) -> None:
        sold = self.sold
        net = np.bincount(sold.line_order, weights=sold.price * sold.qty - sold.line_discount, minlength=len(sold)).astype(np.int64)
        listed = np.bincount(sold.line_order, weights=sold.price * sold.qty, minlength=len(sold)).astype(np.int64)
        pieces = np.bincount(sold.line_order, weights=sold.qty, minlength=len(sold)).astype(np.int64)
        every = self._rows(TMALL, FIRST_DAY, LAST_DAY)
        order_no = {index: f"2{int(sold.day[index]):05d}{int(sold.second[index]):05d}{index:08d}" for index in every}
        refunds = list(practice.refunds(sold, order_no, every))
        for first, last, label in spans():
            rows = self._rows(TMALL, first, last)
            if not rows:
                continue
            order_rows = [self._tmall_order(index, int(net[index]), int(listed[index]), int(pieces[index])) for index in rows]
            line_rows = [row for index in rows for row in self._tmall_lines(index, int(net[index]))]
            if last < day_of(date(2025, 7, 1)):
                header = _TMALL_OLD
                text = files.text_table(header, (_old_row(row) for row in order_rows))
                self._keep(files.save_text(self.folder / "tmall" / f"ExportOrderList_{label}.csv", text, "gb18030", last))
            else:
                self._workbook_or_text("tmall", f"订单报表_{label}", "订单", _TMALL_NEW, order_rows, last)
            self._workbook_or_text("tmall", f"子订单_{label}", "子订单", _TMALL_LINES, line_rows, last)
            # Refunds stand in the export of the days in which they were done.
            refund_rows = [row for row in refunds if iso(first) <= row[4][:10] <= iso(last)]
            if refund_rows:
                self._workbook_or_text("tmall", f"退款管理_{label}", "退款", practice.REFUNDS, refund_rows, last)

    def _tmall_order(self, index: int, net: int, listed: int, pieces: int) -> list[str]:
        sold = self.sold
        day = int(sold.day[index])
        second = int(sold.second[index])
        wait = int(sold.paid_after[index])
        placed = f"{iso(day)} {files.clock(second)}"
        paid = f"{iso(day)} {files.clock(second + wait)}" if wait >= 0 else ""
        due = net - int(sold.order_discount[index])
        shipping = int(sold.shipping[index])
        refund = int(sold.refund[index])
        closed = bool(sold.cancelled[index]) or (refund >= due and refund > 0)
        if wait < 0:
            status = "交易关闭" if closed else "等待买家付款"
        elif closed:
            status = "交易关闭"
        elif int(sold.handed_after[index]) < 0:
            status = "买家已付款,等待卖家发货"
        else:
            status = "交易成功" if int(sold.delivered_after[index]) >= 0 else "卖家已发货,等待买家确认"
        received = due + shipping - refund if wait >= 0 else 0
        return [
            f"2{day:05d}{second:05d}{index:08d}", f"买家{int(sold.customer[index]):07d}", files.yuan(due), files.yuan(shipping), files.yuan(listed),
            files.yuan(received), status, placed, paid, self._title(index), str(pieces), files.yuan(refund) if refund else "无退款申请",
            "栖木家居旗舰店", "付款超时" if wait < 0 and closed else "订单未关闭" if not closed else "买家申请退款",
        ]

    def _tmall_lines(self, index: int, net: int) -> Iterator[list[str]]:
        sold = self.sold
        first, end = int(self.first_line[index]), int(self.first_line[index + 1])
        order_no = f"2{int(sold.day[index]):05d}{int(sold.second[index]):05d}{index:08d}"
        wait = int(sold.paid_after[index])
        day, second = int(sold.day[index]), int(sold.second[index])
        placed = f"{iso(day)} {files.clock(second)}"
        paid = f"{iso(day)} {files.clock(second + wait)}" if wait >= 0 else ""
        nets = [int(sold.price[line] * sold.qty[line] - sold.line_discount[line]) for line in range(first, end)]
        offs = _split(int(sold.order_discount[index]), nets)
        backs = _split(int(sold.refund[index]), [value - off for value, off in zip(nets, offs, strict=True)])
        for place, line in enumerate(range(first, end)):
            product = self.catalogue[int(sold.product[line])]
            due = nets[place] - offs[place]
            refund = backs[place]
            yield [
                f"{order_no}{place + 1:02d}" if end - first > 1 else order_no, order_no, product.name_zh, files.yuan(int(sold.price[line])),
                str(int(sold.qty[line])), product.sku, f"款式:{product.category_zh}", product.sku, files.yuan(due),
                files.yuan(due - refund if wait >= 0 else 0), "交易成功" if wait >= 0 else "交易关闭", "退款成功" if refund else "没有申请退款",
                files.yuan(refund) if refund else "无退款申请", placed, paid, f"7{product.sku[3:]}0001",
            ]

    def _title(self, index: int) -> str:
        first, end = int(self.first_line[index]), int(self.first_line[index + 1])
        return ",".join(self.catalogue[int(self.sold.product[line])].name_zh for line in range(first, end))

    # ---------------------------------------------------------------- own site (Shopify)
    def own_site(self) -> None:
        members: list[tuple[str, bytes]] = []
        for first, last, label in spans():
            rows = [row for index in self._rows(OWN_SITE, first, last) for row in self._shopify(index)]
            if not rows:
                continue  # nobody exports an empty list
            text = files.text_table(_SHOPIFY, rows)
            if last <= _MONTHLY_UNTIL:
                members.append((f"orders_export_{label}.csv", text.encode()))
            else:
                self._keep(files.save_text(self.folder / "own_site" / f"orders_export_{label}.csv", text, "utf-8", last))
        self._keep(files.save_zip(self.folder / "own_site" / "orders_export_history.zip", members, _MONTHLY_UNTIL))

    def _shopify(self, index: int) -> Iterator[list[str]]:
        sold = self.sold
        first, end = int(self.first_line[index]), int(self.first_line[index + 1])
        day, second, wait = int(sold.day[index]), int(sold.second[index]), int(sold.paid_after[index])
        placed = f"{iso(day)} {files.clock(second)} +0800"
        paid = f"{iso(day)} {files.clock(second + wait)} +0800" if wait >= 0 else ""
        sent = int(sold.handed_after[index])
        fulfilled = _moment(day, second, sent) + " +0800" if sent >= 0 else ""
        net = sum(int(sold.price[line] * sold.qty[line] - sold.line_discount[line]) for line in range(first, end))
        off = int(sold.order_discount[index])
        shipping = int(sold.shipping[index])
        refund = int(sold.refund[index])
        cancelled = bool(sold.cancelled[index])
        if wait < 0:
            status = "voided" if cancelled else "pending"
        else:
            status = "refunded" if refund >= net - off and refund else "partially_refunded" if refund else "paid"
        total = net - off + shipping
        for line in range(first, end):
            product = self.catalogue[int(sold.product[line])]
            head = line == first
            yield [
                f"#{10000 + index}", f"buyer{int(sold.customer[index]):07d}@example.com", status if head else "", paid if head else "",
                ("fulfilled" if sent >= 0 else "unfulfilled") if head else "", fulfilled if head else "", "CNY" if head else "",
                files.yuan(net - off) if head else "", files.yuan(shipping) if head else "", "0.00" if head else "", files.yuan(total) if head else "",
                ("HOME5" if off else "") if head else "", files.yuan(off) if head else "", placed, str(int(sold.qty[line])), product.name_en,
                files.yuan(int(sold.price[line])), product.sku, placed if cancelled and head else "", files.yuan(refund) if head else "",
                "Qimu Home", f"{5_000_000_000_000 + index}" if head else "", world.OWN_CHANNELS[int(sold.channel[index])] if head else "",
                files.yuan(int(sold.line_discount[line])), "CN" if head else "", REGIONS[int(sold.region[index])] if head else "",
            ]

    def products(self) -> None:
        rows = [
            [
                product.name_en, f"p-{product.sku.lower()}", "", "Qimu Home", product.category_en, product.category_en, "", "TRUE",
                "archived" if product.ended else "active", product.sku, "", "Title", "Default Title", files.yuan(product.price), "",
                files.yuan(product.cost), "TRUE", "shopify", "", "FALSE",
            ]
            for product in self.catalogue
        ]
        self._keep(files.save_text(self.folder / "own_site" / "products_export_1.csv", files.text_table(_SHOPIFY_PRODUCTS, rows), "utf-8", LAST_DAY))

    # ---------------------------------------------------------------- advertising
    def advertising(self) -> None:
        own_orders = self._own_orders()
        budget = 0.11 * self._net_by_day()
        for platform, share in (("google", 0.58), ("meta", 0.42)):
            chosen = [entry for entry in CAMPAIGNS if entry[0] == platform]
            for first, last, label in spans():
                rows: list[list[str]] = []
                for day in range(first, last + 1):
                    if platform == "meta" and day == LAST_DAY - 2:
                        continue  # the day that the last export lacks
                    for number, (_, name, part, _, click_price, conversion) in enumerate(chosen):
                        seed = day * 17 + number + (500 if platform == "meta" else 0)
                        rows.append(self._ad_row(day, name, budget[day - FIRST_DAY] * share * part, click_price, conversion, seed, platform, own_orders))
                if platform == "google":
                    self._google(rows, first, last, label)
                else:
                    text = files.text_table(_META, rows)
                    self._keep(files.save_text(self.folder / "ads" / f"Qimu-Campaigns-{label}.csv", text, "utf-8-sig", last))

    def _ad_row(
        self, day: Day, name: str, budget: float, click_price: int, conversion: float, seed: int, platform: str, own_orders: np.ndarray
    ) -> list[str]:
        a, b, c, d = uniform(seed, 4)
        cost = int(budget * (0.85 + 0.3 * a))
        clicks = max(int(cost / (click_price * (0.9 + 0.2 * b))), 0)
        rate = 0.031 if platform == "google" else 0.0115
        impressions = int(clicks / (rate * (0.85 + 0.3 * c))) + 3
        bought = round(clicks * conversion * (0.8 + 0.4 * d), 2)
        value = int(bought * 21000 * (0.9 + 0.2 * a))
        if platform == "google":
            return [iso(day), name, "Search", str(impressions), str(clicks), files.yuan(cost), f"{bought:.2f}", files.yuan(value)]
        reach = int(impressions * 0.62)
        return [
            iso(day), iso(day), name, "active", "7-day click or 1-day view", str(int(bought)), "actions:offsite_conversion.fb_pixel_purchase",
            str(reach), f"{impressions / max(reach, 1):.2f}", files.yuan(cost), str(impressions), str(clicks), str(int(bought)), files.yuan(value),
        ]

    def _google(self, rows: list[list[str]], first: Day, last: Day, label: str) -> None:
        total = ["Total: Account", "", "", *(str(sum(int(row[column]) for row in rows)) for column in (3, 4))]
        total += [f"{sum(float(row[column]) for row in rows):.2f}" for column in (5, 6, 7)]
        table = files.text_table(_GOOGLE, [*rows, total], delimiter="\t", ending="\n")
        text = f"Campaign report\n{files.english(first)} - {files.english(last)}\n{table}"
        self._keep(files.save_bytes(self.folder / "ads" / f"Campaign report {label}.csv", "\ufeff".encode("utf-16-le") + text.encode("utf-16-le"), last))

    # ---------------------------------------------------------------- site
    def site(self) -> None:
        sessions = world.sessions(self._own_orders())
        own_orders = self._own_orders()
        for first, last, label in spans():
            rows = []
            for day in range(first, last + 1):
                for number, (channel, share, factor) in enumerate(SITE_CHANNELS):
                    rows.append(self._ga4_row(day, channel, int(sessions[day - FIRST_DAY] * share) + 1, factor, day * 23 + number, own_orders))
            head = "\n".join(
                (
                    "# ----------------------------------------", "# Traffic acquisition: Session primary channel group (Default channel group)",
                    "# Account: Qimu Home", "# Property: qimuhome.example", "# ----------------------------------------", "#", "# All Users",
                    f"# Start date: {iso(first).replace('-', '')}", f"# End date: {iso(last).replace('-', '')}", "", "",
                )
            )
            text = head + files.text_table(_GA4, rows, ending="\n")
            self._keep(files.save_text(self.folder / "site" / f"Traffic_acquisition_{label}.csv", text, "utf-8", last))
        self._devices(sessions, own_orders)
        self._search(sessions)
        self._speed()
        self._uptime()

    def _ga4_row(self, day: Day, channel: str, sessions: int, factor: float, seed: int, own_orders: np.ndarray) -> list[str]:
        a, b, c, d = uniform(seed, 4)
        engaged = int(sessions * (0.52 + 0.10 * a) * (0.9 if factor < 0.7 else 1.0))
        seconds = 46 + 30 * b
        views = int(sessions * (3.1 + c))
        users = int(sessions * (0.84 + 0.04 * d))
        bought = min(int(sessions * 0.0262 * factor * (0.85 + 0.3 * a)), int(own_orders[day - FIRST_DAY]) + 1)
        return [
            iso(day).replace("-", ""), channel, str(sessions), str(engaged), f"{engaged / sessions:.10f}", f"{seconds:.6f}", f"{views * 2.4 / sessions:.6f}",
            str(int(views * 2.4)), str(bought), files.yuan(bought * 21000), str(views), str(users), str(int(users * 0.71)),
        ]

    def _devices(self, sessions: np.ndarray, own_orders: np.ndarray) -> None:
        """Write the same visits by device; phones buy less often, and less still since the theme of 4 August."""
        rows = []
        for day in range(FIRST_DAY, LAST_DAY + 1):
            visits, bought = int(sessions[day - FIRST_DAY]), int(own_orders[day - FIRST_DAY])
            a, b = uniform(day * 47, 2)
            on_phone = int(visits * (0.66 + 0.06 * a))
            phone_orders = int(bought * ((0.44 if day >= LAST_DAY - 12 else 0.52) + 0.08 * b))
            for device, part, orders in (("mobile", on_phone, phone_orders), ("desktop", visits - on_phone, bought - phone_orders)):
                rows.append([iso(day).replace("-", ""), device, str(part), str(int(part * 0.56)), str(orders), files.yuan(orders * 21000)])
        head = f"# ----------------------------------------\n# Tech details: Device category\n# Account: Qimu Home\n# Property: qimuhome.example\n# ----------------------------------------\n#\n# All Users\n# Start date: {iso(FIRST_DAY).replace('-', '')}\n# End date: {iso(LAST_DAY).replace('-', '')}\n\n"
        text = head + files.text_table(_GA4_DEVICES, rows, ending="\n")
        self._keep(files.save_text(self.folder / "site" / "Tech_details_Device_category.csv", text, "utf-8", LAST_DAY))

    def _search(self, sessions: np.ndarray) -> None:
        queries = (("qimu home", 1), ("栖木家居", 1), ("竹盒 收纳", 0), ("walnut cutting board", 0), ("linen throw blanket", 0), ("素白 餐盘", 0), ("bedside sensor light", 0), ("棉四件套", 0))
        for first, last, _ in spans():
            members: list[tuple[str, bytes]] = []
            dated = []
            for day in range(first, last + 1):
                a, b, c = uniform(day * 29, 3)
                clicks = int(sessions[day - FIRST_DAY] * 0.30 * (0.9 + 0.2 * a))
                impressions = int(clicks / (0.034 * (0.9 + 0.2 * b)))
                dated.append([iso(day), str(clicks), str(impressions), f"{clicks / impressions:.2%}", f"{11.5 + 2 * c:.2f}"])
            total = sum(int(row[1]) for row in dated)
            named = []
            for number, (query, branded) in enumerate(queries):
                a, b, c = uniform(first * 31 + number, 3)
                clicks = int(total * (0.16 if branded else 0.05) * (0.8 + 0.4 * a))
                impressions = max(int(clicks / ((0.41 if branded else 0.028) * (0.9 + 0.2 * b))), 1)
                named.append([query, str(clicks), str(impressions), f"{clicks / impressions:.2%}", f"{(1.3 if branded else 8.5) + 3 * c * (not branded):.2f}"])
            members.append(("Dates.csv", files.text_table(("Date", *_GSC), dated, ending="\n").encode()))
            members.append(("Queries.csv", files.text_table(("Top queries", *_GSC), named, ending="\n").encode()))
            members.append(("Filters.csv", f"Filter,Value\nSearch type,Web\nDate,{iso(first)} - {iso(last)}\n".encode()))
            name = f"https___qimuhome.example_-Performance-on-Search-{iso(last)}.zip"
            self._keep(files.save_zip(self.folder / "site" / name, members, last))

    def _speed(self) -> None:
        audits: list[tuple[str, bytes]] = []
        for week in range((LAST_DAY - FIRST_DAY + 1) // 7):
            day = FIRST_DAY + week * 7 + 2
            for device in ("mobile", "desktop"):
                a, b, c, d = uniform(day * 37 + (device == "mobile"), 4)
                slow = 1.34 if day >= LAST_DAY - 13 else 1.0
                lcp = (2350 if device == "mobile" else 1500) * (0.92 + 0.16 * a) * slow
                document = _lighthouse(day, device, lcp, 0.62 * lcp, (210 if device == "mobile" else 60) * (0.8 + 0.4 * b) * slow, 0.04 + 0.03 * c, 290 + 80 * d)
                audits.append((f"qimuhome.example-{iso(day)}-{device}.json", document))
        self._keep(files.save_zip(self.folder / "site" / "lighthouse.zip", audits, LAST_DAY))
        for month_first, last, label in spans():
            for device in ("PHONE", "DESKTOP"):
                self._keep(self._pagespeed(month_first, last, label, device))

    def _pagespeed(self, first: Day, last: Day, label: str, device: str) -> Path:
        a, b, c = uniform(last * 41 + (device == "PHONE"), 3)
        slow = 1.24 if last >= LAST_DAY - 7 else 1.0
        phone = device == "PHONE"
        metrics = {
            "LARGEST_CONTENTFUL_PAINT_MS": int((2480 if phone else 1640) * (0.95 + 0.1 * a) * slow), "INTERACTION_TO_NEXT_PAINT": int((172 if phone else 64) * (0.9 + 0.2 * b)),
            "CUMULATIVE_LAYOUT_SHIFT_SCORE": int(6 + 4 * c), "FIRST_CONTENTFUL_PAINT_MS": int((1560 if phone else 980) * (0.95 + 0.1 * b) * slow),
            "EXPERIMENTAL_TIME_TO_FIRST_BYTE": int((610 if phone else 420) * (0.9 + 0.2 * a)),
        }
        lab = _lighthouse_document(last, "mobile" if phone else "desktop", metrics["LARGEST_CONTENTFUL_PAINT_MS"] * 1.08, metrics["FIRST_CONTENTFUL_PAINT_MS"], 190, 0.06, 330)
        field = {
            name: {"percentile": value, "category": "AVERAGE", "distributions": [{"min": 0, "proportion": 0.72}, {"min": 1, "proportion": 0.19}, {"min": 2, "proportion": 0.09}]}
            for name, value in metrics.items()
        }
        document = {
            "captchaResult": "CAPTCHA_NOT_NEEDED", "kind": "pagespeedonline#result", "id": "https://qimuhome.example/",
            "loadingExperience": {"id": "https://qimuhome.example/", "metrics": field, "overall_category": "AVERAGE"},
            "lighthouseResult": lab, "analysisUTCTimestamp": f"{iso(last)}T02:10:00.000Z",
        }
        return files.save_json(self.folder / "site" / f"pagespeed-{label}-{device.lower()}.json", document, last)

    def _uptime(self) -> None:
        changes = [(FIRST_DAY * 86400, "Started", "Started")]
        for week in range((LAST_DAY - FIRST_DAY + 1) // 7):
            a, b, c, d = uniform(9000 + week, 4)
            if a < 0.42:
                down = (FIRST_DAY + week * 7 + int(b * 7)) * 86400 + int(d * 80000)
                changes.append((down, "Down", ("Connection Timeout", "502 Bad Gateway", "DNS error")[int(c * 3)]))
                changes.append((down + 60 * (2 + int(26 * c**2)), "Up", "OK"))
        ends = [at for at, _, _ in changes[1:]] + [(LAST_DAY + 1) * 86400 + 6 * 3600]
        rows = [
            [event, "Qimu Home site", "https://qimuhome.example", _moment(at // 86400, at % 86400, 0), reason, f"{(end - at) // 3600} hrs, {(end - at) // 60 % 60} mins", str((end - at) // 60)]
            for (at, event, reason), end in zip(changes, ends, strict=True)
        ]
        self._keep(files.save_text(self.folder / "site" / "uptimerobot-logs.csv", files.text_table(_UPTIME, reversed(rows)), "utf-8", LAST_DAY))

    # ---------------------------------------------------------------- what no platform exports: our own templates
    def supply(self) -> None:
        self._template("suppliers", [[zh, "CN", str(lead), "30 天"] for zh, _, lead, _ in SUPPLIERS], LAST_DAY)
        on_hand, since = self._stock_and_purchases()
        for first, last, label in _halves():
            rows = []
            for day in range(first, last + 1):
                if date_of(day).weekday() != 6:
                    continue
                for number, product in enumerate(self.catalogue):
                    if product.launched <= day and (product.ended is None or day <= product.ended + 60):
                        level = int(on_hand[day - FIRST_DAY, number])
                        arrived = iso(int(since[day - FIRST_DAY, number])) if level else ""
                        rows.append([iso(day), "嘉兴仓", product.sku, str(level), str(min(level, 3)), "0", files.yuan(level * product.cost), arrived])
            self._template("stock_counts", rows, last, label)
        self._parcels()
        rows = []
        for month in buckets(Period(FIRST_DAY + 3, LAST_DAY), Grain.MONTH):
            if month.period.last > LAST_DAY:
                break
            for kind, amount, variable in (("rent", 1_800_000, "0"), ("staff", 9_600_000, "0"), ("tech", 420_000, "0")):
                rows.append([f"E-{month.label}-{kind}", iso(month.period.last), kind, files.yuan(int(amount * self.scale)), variable])
        net = self._net_by_day()
        for week in range(0, world.DAYS, 7):  # the platforms' ad bills come every Sunday
            rows.append([f"E-{iso(FIRST_DAY + week)}-ads", iso(FIRST_DAY + week + 6), "marketing", files.yuan(int(0.11 * net[week : week + 7].sum())), "1"])
        self._template("expenses", rows, LAST_DAY)

    def _stock_and_purchases(self) -> tuple[np.ndarray, np.ndarray]:
        """Run a plain reorder rule over the daily sales and write its purchase orders and receipts.

        Returns, by day and product, the stock and the day since when it lies: the last arrival into empty or
        nearly empty shelves.
        """
        sold = np.zeros((world.DAYS, len(self.catalogue)), dtype=np.int64)
        paid = self.sold.paid_after[self.sold.line_order] >= 0
        np.add.at(sold, (self.sold.day[self.sold.line_order][paid] - FIRST_DAY, self.sold.product[paid]), self.sold.qty[paid])
        level = np.zeros_like(sold)
        lying = np.zeros_like(sold)
        stock = np.maximum(sold[:60].sum(axis=0), 6)
        oldest = np.full(len(self.catalogue), FIRST_DAY - 20)
        arriving: dict[Day, list[tuple[int, int, int, int]]] = {}
        ordered: list[list[str]] = []
        received: list[list[str]] = []
        number = 0
        on_order = np.zeros(len(self.catalogue), dtype=np.int64)
        for index in range(world.DAYS):
            day = FIRST_DAY + index
            for po, product, qty, bad in arriving.pop(day, []):
                if stock[product] * 4 < qty:
                    oldest[product] = day
                stock[product] += qty - bad
                on_order[product] -= qty
                received.append([f"R{po:06d}", f"PO{po:06d}", "1", self.catalogue[product].sku, iso(day), str(qty), str(bad)])
            stock = np.maximum(stock - sold[index], 0)
            for product, entry in enumerate(self.catalogue):
                for first, last in entry.sold_out:
                    if first <= day <= last:
                        stock[product] = 0
            level[index] = stock
            lying[index] = oldest
            if date_of(day).weekday() not in (1, 3):
                continue
            pace = sold[max(index - 56, 0) : index + 1].sum(axis=0) / min(index + 1, 56)
            for product, entry in enumerate(self.catalogue):
                zh, _, lead, punctual = SUPPLIERS[entry.supplier]
                if entry.ended and day > entry.ended - 40 or day < entry.launched:
                    continue
                if stock[product] + on_order[product] > pace[product] * (lead + 16):
                    continue
                number += 1
                qty = max(int(math.ceil((pace[product] * 62 + 4) / 10)) * 10, 10)
                a, b, c = uniform(50_000 + number, 3)
                late = 0 if a < punctual else 2 + int(b * 9)
                arrives = day + lead - (1 if c > 0.7 else 0) + late
                bad = int(qty * 0.03) if b > 0.93 else 0
                unit = int(entry.cost * (0.98 + 0.04 * c))
                ordered.append([f"PO{number:06d}", "1", zh, "陈晨", iso(day), "open" if arrives > LAST_DAY else "closed", entry.sku, str(qty), files.yuan(unit), iso(day + lead)])
                on_order[product] += qty
                if arrives <= LAST_DAY:
                    arriving.setdefault(arrives, []).append((number, product, qty, bad))
        self._template("purchase_orders", ordered, LAST_DAY)
        self._template("receipts", received, LAST_DAY)
        return level, lying

    def _parcels(self) -> None:
        sold = self.sold
        for first, last, label in _halves():
            rows = []
            start, end = np.searchsorted(sold.day, first), np.searchsorted(sold.day, last + 1)
            for index in range(int(start), int(end)):
                handed = int(sold.handed_after[index])
                if handed < 0:
                    continue
                day, second = int(sold.day[index]), int(sold.second[index])
                order_no = f"2{day:05d}{second:05d}{index:08d}" if sold.shop[index] == TMALL else f"#{10000 + index}"
                arrived = int(sold.delivered_after[index])
                promised = iso(day + 5)
                rows.append(
                    [
                        f"SF{index:010d}", _TMALL_NAME if sold.shop[index] == TMALL else _OWN_NAME, order_no, CARRIERS[int(sold.carrier[index])], REGIONS[int(sold.region[index])],
                        _moment(day, second, 0), _moment(day, second, 48), _moment(day, second, handed), promised, _moment(day, second, handed + arrived) if arrived >= 0 else "",
                        "delivered" if arrived >= 0 else "shipped", files.yuan(680 + int(sold.carrier[index]) * 90),
                    ]
                )
            self._template("shipments", rows, last, label)

    def customers(self) -> None:
        sold = self.sold
        said = np.flatnonzero((uniform(91, len(sold)) < 0.085) & (sold.delivered_after >= 0))
        words = ("包装仔细，推荐", "质量不错，会回购", "颜色和图片一致", "物流有点慢", "有轻微瑕疵", "Lovely, exactly as pictured", "比想象中小")
        reviews = []
        surveys = []
        mood = uniform(92, len(sold))
        for index in said:
            day = int(sold.day[index]) + (int(sold.handed_after[index]) + int(sold.delivered_after[index])) // 24 + 2
            if day > LAST_DAY:
                continue
            value = float(mood[index])
            late = int(sold.delivered_after[index]) > 96
            stars = 5 if value > (0.36 if not late else 0.60) else 4 if value > 0.16 else 3 if value > 0.09 else 2 if value > 0.05 else 1
            tmall = sold.shop[index] == TMALL
            shop = _TMALL_NAME if tmall else _OWN_NAME
            order_no = f"2{int(sold.day[index]):05d}{int(sold.second[index]):05d}{index:08d}" if tmall else f"#{10000 + index}"
            sku = self.catalogue[int(sold.product[int(self.first_line[index])])].sku
            reviews.append([f"RV{index:08d}", shop, order_no, sku, iso(day), str(stars), words[3 if late else int(value * 3)] if stars > 3 else words[4]])
            if index % 3 == 0:
                score = 10 if value > 0.52 else 9 if value > 0.34 else 8 if value > 0.2 else 7 if value > 0.13 else 5
                surveys.append([f"SV{index:08d}", "nps", iso(day), "10", str(score) if index % 2 else "", shop, order_no])
            else:
                surveys.append([f"SV{index:08d}", "csat", iso(day), "5", str(stars), shop, order_no])
        for first, last, label in _halves():
            self._template("reviews", [row for row in reviews if iso(first) <= row[4] <= iso(last)], last, label)
        self._template("surveys", surveys, LAST_DAY)

    def people(self) -> None:
        rows = [[name, "客服", "客服部", "沈岚", "2023-03-01", "", "1"] for name in AGENTS]
        rows += [[name, "仓储", "仓储部", "沈岚", "2023-09-01", "", "1"] for name in practice.PICKERS]
        rows += [[name, "内容", "市场部", "沈岚", "2024-05-01", "", "1"] for name in practice.CONTENT]
        rows += [["李想", "推广", "市场部", "沈岚", "2022-09-01", "", "1"], ["周航", "推广", "市场部", "沈岚", "2024-02-01", "", "1"], ["沈岚", "运营", "运营部", "", "2021-05-01", "", "1"]]
        self._template("staff", rows, LAST_DAY)
        self._template("campaign_owners", [[name, owner] for _, name, _, owner, _, _ in CAMPAIGNS], LAST_DAY)
        by_day = np.bincount(self.sold.day - FIRST_DAY, minlength=world.DAYS)
        net = self._net_by_day()
        for first, last, label in _halves():
            rows = []
            for day in range(first, last + 1):
                on_duty = [number for number in range(len(AGENTS)) if (number + day) % 7 not in (0, 3)]
                for number in on_duty:
                    rows.append(self._agent_row(day, number, by_day[day - FIRST_DAY] / len(on_duty), net[day - FIRST_DAY] / len(on_duty)))
            self._template("agent_days", rows, last, label)
        targets = []
        week = FIRST_DAY
        while week <= LAST_DAY:
            plan = float(net[max(week - FIRST_DAY - 364, 0) : max(week - FIRST_DAY - 357, 7)].sum()) * (1.14 if week - FIRST_DAY >= 364 else 1.0)
            targets.append(["net_sales", "company", "Qimu Home", iso(week), iso(week + 6), f"{plan / 100:.0f}"])
            targets.append(["review_score", "company", "Qimu Home", iso(week), iso(week + 6), "4.5"])
            targets.append(["delivery_on_time_rate", "company", "Qimu Home", iso(week), iso(week + 6), "0.96"])
            week += 7
        self._template("targets", targets, LAST_DAY)

    # ---------------------------------------------------------------- by hand
    def practice(self) -> None:
        units = practice.units_of_days(self.sold, len(self.catalogue))
        net = self._net_by_day()
        for first, last, label in _halves():
            self._template("shifts", list(practice.shifts(units.sum(axis=1), first, last)), last, label)
        for name, rows in (
            ("training", practice.trainings()), ("budgets", practice.budgets(net, self.scale)), ("content_audits", practice.audits(self.catalogue)),
            ("market_size", practice.market(net)), ("forecasts", practice.forecasts(self.catalogue, units)),
        ):  # fmt: skip
            self._template(name, list(rows), LAST_DAY)
        self._template("surveys", list(practice.efforts()), LAST_DAY, "ces")

    def posts_and_mailings(self) -> None:
        net = self._net_by_day()
        for first, last, label in spans():
            notes = list(practice.notes(net, first, last))
            if notes:
                text = files.text_table(practice.NOTES, notes)
                self._keep(files.save_text(self.folder / "social" / f"笔记列表明细表_{label}.csv", text, "utf-8-sig", last))
            mailings = list(practice.mailings(net, first, last))
            if mailings:
                text = files.text_table(practice.MAILINGS, mailings)
                self._keep(files.save_text(self.folder / "mail" / f"campaigns_{label}.csv", text, "utf-8", last))

    def _agent_row(self, day: Day, number: int, share: float, money: float) -> list[str]:
        a, b, c, d = uniform(day * 43 + number, 4)
        received = max(int(share * (1.1 + 0.5 * a)), 4)
        replied = received - int(b > 0.80) * max(received // 30, 1)
        asked = round(received * 0.62)
        skill = 0.9 + 0.03 * number
        converted = int(asked * (0.36 + 0.1 * c) * skill + d)
        rated = int(received * 0.34 + a)
        unhappy = int(rated * 0.085 / skill + (b * 31 % 1) * 0.9)
        pleased = max(rated - unhappy, 0)
        return [
            iso(day), AGENTS[number], str(received), str(replied), str(asked), str(converted), f"{int((19 + 22 * c) / skill)}秒",
            str(replied * 4), f"{int((26 + 14 * b) / skill)}秒", str(int(replied * 0.93)), files.span(int(1500 + 900 * a)), str(rated), str(pleased), files.yuan(int(money * 0.34 * converted / max(asked * 0.41, 1))), str(converted),
        ]

    # ---------------------------------------------------------------- shared
    def _template(self, name: str, rows: list[list[str]], exported: Day, label: str = "") -> None:
        header = _TEMPLATES[name]
        file = f"{name}_{label}.csv" if label else f"{name}.csv"
        self._keep(files.save_text(self.folder / "templates" / file, files.text_table(header, rows), "utf-8-sig", exported))

    def _workbook_or_text(self, folder: str, name: str, sheet: str, header: tuple[str, ...], rows: list[list[str]], exported: Day) -> None:
        if exported >= _WORKBOOKS_SINCE and len(rows) <= _WORKBOOK_ROWS:
            self._keep(files.save_workbook(self.folder / folder / f"{name}.xlsx", sheet, header, rows, exported))
        else:
            self._keep(files.save_text(self.folder / folder / f"{name}.csv", files.text_table(header, rows), "gb18030", exported))

    def _rows(self, shop: int, first: Day, last: Day) -> list[int]:
        start, end = np.searchsorted(self.sold.day, first), np.searchsorted(self.sold.day, last + 1)
        return [int(index) for index in np.flatnonzero(self.sold.shop[start:end] == shop) + start]

    def _own_orders(self) -> np.ndarray:
        paid = (self.sold.shop == OWN_SITE) & (self.sold.paid_after >= 0)
        return np.bincount(self.sold.day[paid] - FIRST_DAY, minlength=world.DAYS)

    def _net_by_day(self) -> np.ndarray:
        paid = self.sold.paid_after[self.sold.line_order] >= 0
        return np.bincount(
            self.sold.day[self.sold.line_order][paid] - FIRST_DAY,
            weights=(self.sold.price * self.sold.qty - self.sold.line_discount)[paid],
            minlength=world.DAYS,
        )

    def _keep(self, path: Path) -> None:
        self.written.append(path)


def _halves() -> Iterator[tuple[Day, Day, str]]:
    """Yield the half years of the demo, for files that people keep by hand."""
    day = FIRST_DAY
    while day <= LAST_DAY:
        when = date_of(day)
        last = min(day_of(date(when.year, 6, 30) if when.month <= 6 else date(when.year, 12, 31)), LAST_DAY)
        yield day, last, f"{when.year}H{1 if when.month <= 6 else 2}"
        day = last + 1


def _moment(day: Day, second: int, hours: int) -> str:
    at = day * 86400 + second + hours * 3600
    return f"{iso(at // 86400)} {files.clock(at % 86400)}"


def _split(total: int, weights: list[int]) -> list[int]:
    from ecoperf_desktop.model.money import split

    return split(total, weights)


def _old_row(row: list[str]) -> list[str]:
    order_no, buyer, due, shipping, listed, received, status, placed, paid, title, pieces, _, shop, closed = row
    return [f'="{order_no}"', buyer, due, shipping, listed, received, status, placed, paid, title, pieces, shop, closed]


def _lighthouse(day: Day, device: str, lcp: float, fcp: float, tbt: float, cls: float, ttfb: float) -> bytes:
    import json

    return json.dumps(_lighthouse_document(day, device, lcp, fcp, tbt, cls, ttfb), separators=(",", ":")).encode()


def _lighthouse_document(day: Day, device: str, lcp: float, fcp: float, tbt: float, cls: float, ttfb: float) -> dict[str, object]:
    score: Callable[[float, float], float] = lambda value, good: round(max(min(1.0, good / value), 0.05), 2)  # noqa: E731
    performance = round(0.25 * score(lcp, 2000) + 0.3 * score(tbt + 1, 180) + 0.25 * score(cls + 0.01, 0.08) + 0.2 * score(fcp, 1500), 2)
    audits = {
        "first-contentful-paint": (fcp, "millisecond"), "largest-contentful-paint": (lcp, "millisecond"), "total-blocking-time": (tbt, "millisecond"),
        "cumulative-layout-shift": (cls, "unitless"), "speed-index": (fcp * 1.4, "millisecond"), "server-response-time": (ttfb, "millisecond"), "total-byte-weight": (1_650_000 + lcp * 90, "byte"),
    }
    return {
        "lighthouseVersion": "12.2.1", "requestedUrl": "https://qimuhome.example/", "finalDisplayedUrl": "https://qimuhome.example/", "gatherMode": "navigation",
        "fetchTime": f"{iso(day)}T03:20:00.000Z", "configSettings": {"formFactor": device, "throttlingMethod": "simulate"}, "runWarnings": [],
        "categories": {"performance": {"score": performance}, "accessibility": {"score": 0.93}, "best-practices": {"score": 0.96}, "seo": {"score": 0.92}},
        "audits": {
            **{name: {"id": name, "score": 0.5, "numericValue": round(value, 3), "numericUnit": unit} for name, (value, unit) in audits.items()},
            "viewport": {"id": "viewport", "score": 1}, "font-size": {"id": "font-size", "score": 1}, "tap-targets": {"id": "tap-targets", "score": 1},
        },
    }


_TMALL_OLD = ("订单编号", "买家会员名", "买家应付货款", "买家应付邮费", "总金额", "买家实际支付金额", "订单状态", "订单创建时间", "订单付款时间 ", "宝贝标题 ", "宝贝总数量", "店铺名称", "订单关闭原因")
_TMALL_NEW = ("订单编号", "买家会员名", "买家应付货款", "买家应付邮费", "总金额", "买家实付金额", "订单状态", "订单创建时间", "订单付款时间", "商品标题", "宝贝总数量", "退款金额", "店铺名称", "订单关闭原因")
_TMALL_LINES = ("子订单编号", "主订单编号", "商品标题", "商品价格", "购买数量", "外部系统编号", "商品属性", "商家编码", "买家应付货款", "买家实付金额", "订单状态", "退款状态", "退款金额", "订单创建时间", "订单付款时间", "商品ID")
_SHOPIFY = (
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code",
    "Discount Amount", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Cancelled at", "Refunded Amount", "Vendor", "Id", "Source",
    "Lineitem discount", "Shipping Country", "Shipping Province",
)
_SHOPIFY_PRODUCTS = (
    "Title", "URL handle", "Description", "Vendor", "Product category", "Type", "Tags", "Published on online store", "Status", "SKU", "Barcode", "Option1 name",
    "Option1 value", "Price", "Compare-at price", "Cost per item", "Charge tax", "Inventory tracker", "Inventory quantity", "Continue selling when out of stock",
)
_GOOGLE = ("Day", "Campaign", "Campaign type", "Impr.", "Clicks", "Cost", "Conversions", "Conv. value")
_META = (
    "Reporting starts", "Reporting ends", "Campaign name", "Campaign delivery", "Attribution setting", "Results", "Result indicator", "Reach", "Frequency",
    "Amount spent (CNY)", "Impressions", "Link clicks", "Purchases", "Purchases conversion value",
)
_GA4 = (
    "Date", "Session primary channel group (Default channel group)", "Sessions", "Engaged sessions", "Engagement rate", "Average engagement time per session", "Events per session",
    "Event count", "Ecommerce purchases", "Total revenue", "Views", "Total users", "New users",
)
_GA4_DEVICES = ("Date", "Device category", "Sessions", "Engaged sessions", "Ecommerce purchases", "Total revenue")
_GSC = ("Clicks", "Impressions", "CTR", "Position")
_UPTIME = ("Event", "Monitor", "Monitor URL", "Date-Time", "Reason", "Duration", "Duration (in mins.)")
_TEMPLATES: dict[str, tuple[str, ...]] = {
    "suppliers": ("供应商", "国家", "交货周期（天）", "付款条件"),
    "stock_counts": ("日期", "仓库", "商品编码", "现有数量", "已占用", "在途", "库存金额", "最早入库日期"),
    "purchase_orders": ("采购单号", "行号", "供应商", "采购员", "下单日期", "状态", "商品编码", "订购数量", "单位成本", "承诺到货日期"),
    "receipts": ("入库单号", "采购单号", "行号", "商品编码", "到货日期", "到货数量", "不合格数量"),
    "shipments": ("运单号", "店铺", "订单编号", "承运商", "地区", "可发货时间", "应发货时间", "揽收时间", "承诺送达日期", "送达时间", "状态", "运费成本"),
    "reviews": ("Review number", "Shop", "Order number", "SKU", "Day", "Stars", "Text"),
    "surveys": ("Answer number", "Kind", "Day", "Scale up to", "Score", "Shop", "Order number"),
    "staff": ("姓名", "岗位", "部门", "上级", "入职日期", "离职日期", "工时比例"),
    "campaign_owners": ("Campaign", "Owner"),
    "agent_days": ("日期", "客服", "接待人数", "已回复人数", "询单人数", "询单成交人数", "平均首次响应时长", "回复次数", "平均响应时长", "已解决", "平均解决时长", "评价数", "好评数", "客服销售额", "付款人数"),
    "targets": ("Metric", "Level", "For", "From", "To", "Target"),
    "expenses": ("Expense number", "Day", "Kind of expense", "Amount", "Varies with sales"),
    "shifts": practice.SHIFTS,
    "training": practice.TRAININGS,
    "budgets": practice.BUDGETS,
    "content_audits": practice.AUDITS,
    "market_size": practice.MARKET,
    "forecasts": practice.FORECASTS,
}

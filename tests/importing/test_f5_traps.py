"""Traps of service desks' exports, speed and uptime files, server logs."""

from __future__ import annotations

import json
import re
import sqlite3
import textwrap
import zlib
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ecoperf_desktop.errors import EcoPerfError, MappingError
from ecoperf_desktop.importing import descriptor, examples, shelf
from ecoperf_desktop.importing.container import members
from ecoperf_desktop.importing.detect import Detector
from ecoperf_desktop.importing.plan import ImportOptions, apply, plan
from ecoperf_desktop.importing.prepare import prepare
from ecoperf_desktop.model.importing import no_progress
from ecoperf_desktop.store.database import Workspace

SHARED = Path(__file__).resolve().parents[2].parent / "shared"

_SPAN = '''
#:schema format.schema.json
[format]
id = "desk.spans"
version = 1
platform = "desk"
title = { en = "Desk", zh = "工单" }

[detect]
all = ["No", "Opened", "Took"]

[answers]
tz = "UTC"

[[column]]
header = ["No"]
field = "ticket_no"
type = "id"
required = true

[[column]]
header = ["Opened"]
field = "opened"
type = "datetime"
required = true

[[column]]
header = ["Took"]
field = "took"
type = "duration"

[[emit]]
into = "support_conversations"
set.day = "opened_day"
set.first_msg_ts = { sum = ["opened_ts", "-took"] }
set.resolved_ts = { sum = %s }

[[example]]
input = """
No,Opened,Took
1,2026-03-01 10:00:00,90
2,2026-03-01 10:00:00,
"""
expect.support_conversations = [
  { ticket_no = "1", first_msg_ts = "2026-03-01T09:58:30Z", resolved_ts = "2026-03-01T10:01:30Z" },
  { ticket_no = "2", first_msg_ts = "", resolved_ts = "" },
]
'''


def _written(folder: Path, terms: str) -> Path:
    path = folder / "spans.toml"
    path.write_text(textwrap.dedent(_SPAN % terms).lstrip(), encoding="utf-8")
    return path


def test_an_instant_and_a_span_make_an_instant_only_where_both_are_known(tmp_path: Path) -> None:
    form = descriptor.read(_written(tmp_path, '["opened_ts", "took"]'))
    assert examples.problems(form, [form]) == []


@pytest.mark.parametrize("terms", ['["-opened_ts", "took"]', '["opened_ts", "opened_ts", "took"]', '["opened_day", "took"]'])
def test_sums_of_instants_that_mean_nothing_are_refused(tmp_path: Path, terms: str) -> None:
    with pytest.raises(MappingError):
        descriptor.read(_written(tmp_path, terms))


def _rows(path: Path, format_id: str, table: str, **settings: str) -> list[dict[str, str]]:
    """Return what a file becomes in ``table``; its one format must claim it among all."""
    with ThreadPoolExecutor(1) as compressor:
        member = next(members(path))
        recognised = Detector(shelf.shipped()).recognise(member, settings)[0]
        assert recognised.form.id == format_id
        made = prepare(member, recognised, recognised.form.platform, settings, None, compressor, lambda _: None)
        recognised.close()
    return [row for stretch in made.stretches or () for one in stretch.tables if one.table == table for row in examples.shown_rows(one)]


def test_a_history_keeps_a_figure_that_its_first_week_lacks(tmp_path: Path) -> None:
    weeks = [
        {"firstDate": {"year": 2026, "month": 8, "day": day}, "lastDate": {"year": 2026, "month": 8 + (day > 3), "day": last}}
        for day, last in ((3, 30), (10, 6))
    ]
    answer = {
        "record": {
            "key": {"origin": "https://shop.example"},
            "metrics": {"interaction_to_next_paint": {"percentilesTimeseries": {"p75s": [None, 190]}}},
            "collectionPeriods": weeks,
        }
    }
    path = tmp_path / "history.json"
    path.write_text(json.dumps(answer), encoding="utf-8")
    rows = _rows(path, "crux.history", "page_p75")
    assert [(row["day"], row["last_day"], row["metric"], row["p75"]) for row in rows] == [("2026-08-10", "2026-09-06", "INP", "190.0")]


def test_a_history_without_periods_is_no_history(tmp_path: Path) -> None:
    path = tmp_path / "history.json"
    path.write_text('{"record": {"key": {"origin": "a"}, "metrics": {}, "collectionPeriods": {"firstDate": 1}}}', encoding="utf-8")
    with pytest.raises(EcoPerfError):
        _rows(path, "crux.history", "page_p75")


_LOG = """203.0.113.7 - ada [07/Sep/2026:09:00:00 +0000] "GET /mug HTTP/1.1" 200 5120 "https://shop.example/" "Mozilla/5.0"
203.0.113.8 - - [99/Sep/2026:nonsense] "GET /cap HTTP/1.1" 200 5120 "-" "Mozilla/5.0"
2001:db8::1234 - - [07/Sep/2026:09:00:01 +0000] "GET /cap HTTP/1.1" 200 5120 "-" "Mozilla/5.0"
no log line of 203.0.113.9 at all
"""


def test_no_address_of_a_server_log_is_anywhere_in_the_workspace(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text(_LOG, encoding="utf-8")
    opened = Workspace.open(tmp_path / "shop.ecoperf", write=True)
    made = plan([path], ImportOptions(settings={"tz": "UTC"}), opened.answers, no_progress)
    report = apply(made, opened, no_progress)
    assert report.files[0].status == "loaded"
    assert opened.conn.execute("SELECT pageviews, visitors FROM site_traffic").fetchall() == [(2, 2)]
    said = "\n".join(_texts(opened.conn))
    opened.close()
    for address in ("203.0.113", "2001:db8", "ada "):
        assert address not in said
        assert address not in repr(report)


def _texts(conn: sqlite3.Connection) -> list[str]:
    """Return every text of a workspace, packed ones unpacked."""
    found = []
    for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        for row in conn.execute(f'SELECT * FROM "{name}"').fetchall():
            for value in row:
                if isinstance(value, bytes):
                    try:
                        value = zlib.decompress(value)
                    except zlib.error:
                        pass
                    value = value.decode("latin-1")
                found.append(str(value))
    return found


@pytest.mark.skipif(not SHARED.is_dir(), reason="the sample files are not here")
def test_a_real_server_log_gives_the_pages_and_visitors_that_a_plain_reading_counts() -> None:
    path = SHARED / "data" / "web_logs" / "apache_logs"
    rows = _rows(path, "weblog.combined", "site_traffic", tz="UTC")
    files = "css js mjs map png jpg jpeg gif webp avif svg ico woff woff2 ttf eot json xml txt rss atom pdf mp4 webm mp3 zip gz".split()
    robots = re.compile(
        r"bot\b|bot/|crawl|spider|slurp|archiver|monitor|pingdom|uptime|curl/|wget|python-|feed|preview|lighthouse|headless|scan",
        re.IGNORECASE,
    )
    views: dict[str, int] = defaultdict(int)
    people: dict[str, set[str]] = defaultdict(set)
    for line in path.read_text(encoding="utf-8").splitlines():
        found = re.match(r'(\S+) \S+ \S+ \[(\d+)/May/2015:.*?\] "(\S+) (\S+) .*?" (\d+) ', line)
        if not found:
            continue
        address, day, method, target, code = found.groups()
        agent = line.rsplit('"', 2)[-2] if line.endswith('"') else line.rsplit('"', 1)[-1]
        is_file = target.split("?")[0].rsplit("/", 1)[-1].rsplit(".", 1)[-1].lower() in files and "." in target.split("?")[0]
        if method == "GET" and code in ("200", "304") and not is_file and not robots.search(agent):
            views[day] += 1
            people[day].add(address)
    assert sum(views.values()) > 1000
    assert {row["day"][-2:]: int(row["pageviews"]) for row in rows} == dict(views)
    assert {row["day"][-2:]: int(row["visitors"]) for row in rows} == {day: len(seen) for day, seen in people.items()}


def test_the_same_agents_with_a_shop_s_total_and_mean_between_them_give_the_same_rows(tmp_path: Path) -> None:
    header = "客服昵称,接待会话量,待回复会话量,全天首响时长,全天3分钟回复率,支付人数,客服询单支付额"
    agents = ["小美,70,4,11秒,96%,12,1500.00", "阿诚,50,2,-,94%,8,900.00"]
    between = ["店铺汇总值,120,6,-,-,20,2400.00", "店铺平均值,60,3,11秒,95%,10,1200.00"]
    plain, full = tmp_path / "表现_2026-04-19.csv", tmp_path / "全店_2026-04-19.csv"
    plain.write_text("\n".join([header, *agents]), encoding="utf-8-sig")
    full.write_bytes("\r\n".join([header, between[0], *agents, between[1]]).encode("gb18030"))
    rows = _rows(plain, "douyin.agents", "agent_day")
    assert len(rows) == 2
    assert rows == _rows(full, "douyin.agents", "agent_day")


def test_agents_of_a_month_in_one_file_are_no_day_of_anybody(tmp_path: Path) -> None:
    path = tmp_path / "客服表现.csv"
    path.write_text("客服昵称,接待会话量,全天3分钟回复率\n小美,900,96%\n", encoding="utf-8-sig")
    with pytest.raises(EcoPerfError):
        _rows(path, "douyin.agents", "agent_day", period="2026-04-01..2026-04-30")

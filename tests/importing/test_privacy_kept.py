"""Nothing personal stays in a workspace: buyers are keyed hashes, free text loses it in the reader, and the check finds what is left."""

from __future__ import annotations

import hashlib
import json
import shutil
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from ecoperf_desktop import actions
from ecoperf_desktop.actions import ImportChoices
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.importing.examples import write as write_example
from ecoperf_desktop.importing.shelf import shipped
from ecoperf_desktop.model.importing import ImportReport
from ecoperf_desktop.store import privacy, raw
from ecoperf_desktop.store.database import Workspace

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"
MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"

REVIEWS = (
    "Day,Shop,Review number,Order number,SKU,Stars,Item as described,Service,Logistics,Text,Buyer\n"
    '2026-03-09,shop,R1,1001,MUG,5,5,4,5,"Lovely, write to me: ann@example.com",ann@example.com\n'
    "2026-03-10,shop,R2,1002,MUG,2,5,4,5,破了，请联系13800138000,bob@example.com\n"
    "2026-03-11,shop,R3,1003,MUG,4,5,4,5,Order 20260311 came in 3 days,cem@example.com\n"
)

MAPPING = """
[format]
id = "test.orders"
version = 1
platform = "test"
title = { en = "Orders", zh = "订单" }
verified = "documented"
notes = "None."

[detect]
all = ["Order", "Placed", "Total"]

[answers]
currency = "EUR"
tz = "UTC"
recognition_basis = "placed"

[[column]]
header = ["Order"]
field = "order_no"
type = "id"

[[column]]
header = ["Placed"]
field = "placed"
type = "date"

[[column]]
header = ["Buyer"]
field = "buyer"
type = "hash"

[[column]]
header = ["Receiver Name"]
field = "channel"
type = "text"

[[column]]
header = ["Phone"]
field = "device"
type = "text"

[[column]]
header = ["Employee"]
field = "agent"
type = "text"

[[column]]
header = ["Total"]
field = "gross"
type = "money"

[[emit]]
into = "orders"

[[emit]]
into = "order_lines"
set.qty = { const = 1 }
"""


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace without anything in it: copying it takes less time than making one for every format."""
    path = tmp_path_factory.mktemp("empty") / "w.ecoperf"
    with actions.workspace(path, write=True):
        pass
    return path


@pytest.fixture
def workspace(tmp_path: Path, empty: Path) -> Iterator[Workspace]:
    path = tmp_path / "w.ecoperf"
    shutil.copy(empty, path)
    with actions.workspace(path, write=True) as opened:
        yield opened


def load(opened: Workspace, paths: Sequence[Path], mappings: Sequence[Path] = (), settings: Mapping[str, str] | None = None) -> ImportReport:
    choices = ImportChoices(mappings=tuple(mappings), settings=tuple((settings or {}).items()))
    return actions.apply_import(actions.plan_import(paths, choices, opened), opened)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def orders(folder: Path, workspace: Workspace) -> None:
    text = "Order,Placed,Buyer,Receiver Name,Phone,Employee,Total\n" + "".join(
        f"{number},2026-03-0{1 + number % 9},buyer{number}@example.com,Ann Lee,1380013800{number},anna.lee@shop.example,5.00\n"
        for number in range(9)
    )
    report = load(workspace, [written(folder / "o.csv", text)], [written(folder / "m.toml", MAPPING)])
    assert [file.status for file in report.files] == ["loaded"], report


def test_free_text_loses_what_looks_personal_before_it_is_stored(workspace: Workspace, tmp_path: Path) -> None:
    report = load(workspace, [written(tmp_path / "reviews.csv", REVIEWS)])
    assert [file.status for file in report.files] == ["loaded"]
    texts = [text for (text,) in workspace.conn.execute("SELECT text FROM reviews ORDER BY day")]
    assert texts == ["Lovely, write to me: [e-mail]", "破了，请联系[phone]", "Order 20260311 came in 3 days"]
    kept = raw.raw_rows(workspace.conn, report.files[0].import_id or 0, [1, 2, 3])
    assert [kept[record]["Text"] for record in (1, 2, 3)] == texts
    assert kept[1]["Buyer"] == "(hashed)"
    assert privacy.search(workspace.conn) == []


def test_no_byte_of_the_workspace_holds_what_was_taken_out(workspace: Workspace, tmp_path: Path) -> None:
    load(workspace, [written(tmp_path / "reviews.csv", REVIEWS)])
    everything = "\n".join(workspace.conn.iterdump())
    packed = [zlib.decompress(text) for (text,) in workspace.conn.execute("SELECT text FROM raw_block")]
    for text in (everything, *(one.decode() for one in packed)):
        assert "example.com" not in text and "13800138000" not in text


def test_people_of_the_shop_keep_a_name_without_an_address(workspace: Workspace, tmp_path: Path) -> None:
    orders(tmp_path, workspace)
    assert workspace.conn.execute("SELECT name FROM staff").fetchall() == [("anna.lee",)]


def test_a_mapping_that_lets_persons_in_is_found_out_and_not_repeated(workspace: Workspace, tmp_path: Path) -> None:
    orders(tmp_path, workspace)
    found = {(one.table, one.column, one.kind): one for one in privacy.search(workspace.conn)}
    assert found.keys() == {("raw_block", "Receiver Name", "name"), ("raw_block", "Phone", "phone")}
    phone = found["raw_block", "Phone", "phone"]
    assert (phone.texts, phone.file) == (9, "o.csv")
    assert all("Ann Lee" not in one.shown and len(one.shown) <= 4 for one in found.values())


_PLANTED = [
    ("UPDATE orders SET device = 'ask ann@example.com'", "orders", "device", "email"),
    ("UPDATE orders SET order_no = 'ann@example.com' WHERE order_id = 1", "orders", "order_no", "email"),
    ("UPDATE orders SET status = '送到中山路58号'", "orders", "status", "address"),
    ("INSERT INTO setting VALUES ('owner', 'call +44 20 7946 0958')", "setting", "value", "phone"),
    ("UPDATE imports SET file = 'orders of ann@example.com.csv'", "imports", "file", "email"),
    ("""UPDATE imports SET header = '["Order", "ann@example.com"]'""", "imports", "header", "email"),
    ("UPDATE staff SET role = '身份证 11010519491231002X'", "staff", "role", "identity"),
    ("UPDATE channel SET name = 'card 4111 1111 1111 1111'", "channel", "name", "card"),
    ("UPDATE campaign SET name = 'from 203.0.113.7'", "campaign", "name", "ip"),
    ("""INSERT INTO held VALUES ('orders', 1, 1, 1, '{"status": "x@y.de", "order_no": "13800138000"}')""", "held", "asserted: orders.status", "email"),
    ("""INSERT INTO resting VALUES ('search_performance', '[1]', 1, '{"fields": ["record", "query"], "rows": [[1, "13800138000"]]}')""",
     "resting", "rows: search_performance.query", "phone"),
    ("""INSERT INTO restatement(import_id, table_name, row_key, field, old) VALUES (1, 'reviews', 'k', 'text', '"x@y.de"')""",
     "restatement", "old: reviews.text", "email"),
    ("""INSERT INTO import_findings VALUES (1, 0, 'c', 'error', 1, 1, 'Total', '{"found": "x@y.de"}')""", "import_findings", "details", "email"),
]  # fmt: skip


@pytest.mark.parametrize(("plant", "table", "column", "kind"), _PLANTED, ids=[column for _, _, column, _ in _PLANTED])
def test_every_text_of_the_workspace_is_looked_at(
    workspace: Workspace, tmp_path: Path, plant: str, table: str, column: str, kind: str
) -> None:
    orders(tmp_path, workspace)
    workspace.conn.execute("INSERT INTO campaign(name) VALUES ('spring')")
    workspace.conn.execute("DELETE FROM raw_block")
    assert privacy.search(workspace.conn) == []
    workspace.conn.execute(plant)
    [one] = privacy.search(workspace.conn)
    assert (one.table, one.column, one.kind) == (table, column, kind)


def test_titles_and_raw_text_are_looked_at_although_they_are_packed(workspace: Workspace, tmp_path: Path) -> None:
    orders(tmp_path, workspace)
    workspace.conn.execute("DELETE FROM raw_block")
    names = zlib.compress(json.dumps({"1": "mug for ann@example.com"}).encode())
    workspace.conn.execute("INSERT INTO seen_names VALUES (1, 'product_title', ?)", (names,))
    text = zlib.compress(b"1,2026-03-01,ann@example.com,5,6,7\n")
    workspace.conn.execute("INSERT INTO raw_block VALUES (1, 1, 1, ?)", (text,))
    assert {(one.table, one.column) for one in privacy.search(workspace.conn)} == {("seen_names", "product_title"), ("raw_block", "Receiver Name")}


def test_a_buyer_is_a_hash_keyed_with_a_secret_of_the_workspace(workspace: Workspace, tmp_path: Path) -> None:
    orders(tmp_path, workspace)
    [(key,)] = workspace.conn.execute("SELECT value FROM secret WHERE name = 'buyer_key'").fetchall()
    assert len(key) == 32
    hashes = {one for (one,) in workspace.conn.execute("SELECT ext_hash FROM customer")}

    def keyed(word: str, secret: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8, key=secret, person=b"buyer").digest(), "little", signed=True)

    words = [f"buyer{number}@example.com" for number in range(9)]
    assert hashes == {keyed(word, key) for word in words}
    assert not hashes & {keyed(word, b"") for word in words}
    with actions.workspace(tmp_path / "other.ecoperf", write=True) as other:
        orders(tmp_path, other)
        assert not hashes & {one for (one,) in other.conn.execute("SELECT ext_hash FROM customer")}


_SAMPLES: list[tuple[str, str | None, str, dict[str, str]]] = [
    ("online_retail_uk_by_day/2011-05-03.csv", "online_retail.toml", "GBP", {"tz": "Europe/London"}),
    ("online_retail_xlsx/online_retail_II.xlsx", "online_retail.toml", "GBP", {"tz": "Europe/London"}),
    ("olist_sample_a", "olist", "BRL", {}),
    ("maven_fuzzy_factory", "maven", "USD", {}),
    ("kag_facebook_ads", "kag_facebook.toml", "USD", {}),
    ("supply_chain_cosmetics", "supply_chain_cosmetics.toml", "USD", {"period": "2023-01-31"}),
    ("taobao_cosmetics_1111", "taobao_listing.toml", "CNY", {}),
    ("uptime_checks_derived", "uptime_derived.toml", "USD", {}),
    ("support_tickets", "support_tickets.toml", "USD", {}),
    ("gsc_chinese_ui", None, "USD", {"period": "2024-01-01..2024-03-31"}),
    ("platform_fixtures", None, "USD", {}),
    ("lighthouse_reports", None, "USD", {}),
    ("ga4_city_users", None, "USD", {}),
    ("shopify_products", None, "CAD", {}),
    ("web_logs", None, "USD", {}),
    ("facebook_page_posts", None, "USD", {}),
    ("dataco_part", None, "USD", {}),
    ("olist_marketing_funnel", None, "USD", {}),
]


@pytest.mark.skipif(not DATA.is_dir(), reason="the real files lie beside the checkout and are not there")
@pytest.mark.parametrize(("path", "mapping", "currency", "settings"), _SAMPLES, ids=[path for path, *_ in _SAMPLES])
def test_nothing_personal_is_found_after_importing_a_sample(
    workspace: Workspace, path: str, mapping: str | None, currency: str, settings: dict[str, str]
) -> None:
    report = load(workspace, [DATA / path], [MAPPINGS / mapping] if mapping else [], {"currency": currency, **settings})
    assert mapping is None or any(file.status == "loaded" for file in report.files)
    assert privacy.search(workspace.conn) == []


@pytest.mark.parametrize("form", list(shipped()), ids=lambda form: form.id)
def test_nothing_personal_is_found_after_importing_the_examples_of_a_format(workspace: Workspace, tmp_path: Path, form: Format) -> None:
    loaded = 0
    for number, example in enumerate(form.examples):
        folder = tmp_path / f"{form.id}-{number}"
        folder.mkdir()
        write_example(example, folder / example.name)
        currency = workspace.reporting_currency
        report = load(workspace, [folder / example.name], settings={"reject_limit": "1000", "confirm": "yes", **({"currency": currency} if currency else {}), **example.settings})
        loaded += any(file.status in ("loaded", "unchanged") for file in report.files)
    assert loaded, form.id
    assert privacy.search(workspace.conn) == []

"""Suggestions for files that no format knows: how many are right, what is never suggested, and what a draft is worth."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ecoperf_desktop import actions
from ecoperf_desktop.cli import main
from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import drafting, shelf
from ecoperf_desktop.importing.container import Member, members
from ecoperf_desktop.importing.descriptor import Format, normal, read, read_all
from ecoperf_desktop.importing.evidence import evidence
from ecoperf_desktop.importing.examples import write
from ecoperf_desktop.importing.known_fields import ASKED, Catalogue, catalogue, filled_by, plain_name
from ecoperf_desktop.importing.likeness import likeness, renames
from ecoperf_desktop.importing.look import Look
from ecoperf_desktop.importing.plan import ImportOptions, plan
from ecoperf_desktop.importing.suggest import Draft, suggest, suggest_look, with_field, with_table, with_type
from ecoperf_desktop.importing.trial import tried
from ecoperf_desktop.model.importing import no_progress
from ecoperf_desktop.store.database import Workspace
from ecoperf_desktop.store.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
MAPPINGS = ROOT / "tests" / "mappings"
real = pytest.mark.skipif(not DATA.is_dir(), reason="the real files lie beside the checkout and are not there")

# The files of the samples that no shipped format claims, and the mapping that says what is right.
UNKNOWN = {
    "olist_sample_a/olist_customers_dataset.csv": "olist/customers.toml",
    "olist_sample_a/olist_order_items_dataset.csv": "olist/items.toml",
    "olist_sample_a/olist_order_payments_dataset.csv": "olist/payments.toml",
    "olist_sample_a/olist_order_reviews_dataset.csv": "olist/reviews.toml",
    "olist_sample_a/olist_orders_dataset.csv": "olist/orders.toml",
    "olist_sample_a/olist_products_dataset.csv": "olist/products.toml",
    "olist_sample_a/olist_sellers_dataset.csv": "olist/sellers.toml",
    "olist_sample_a/product_category_name_translation.csv": "olist/category_translation.toml",
    "maven_fuzzy_factory/order_items.csv": "maven/order_items.toml",
    "maven_fuzzy_factory/orders.csv": "maven/orders.toml",
    "maven_fuzzy_factory/products.csv": "maven/products.toml",
    "maven_fuzzy_factory/website_pageviews.csv": "maven/website_pageviews.toml",
    "maven_fuzzy_factory/website_sessions_first5000.csv": "maven/website_sessions.toml",
    "kag_facebook_ads/KAG_conversion_data.csv": "kag_facebook.toml",
    "online_retail_uk_by_day/2011-01-04.csv": "online_retail.toml",
    "supply_chain_cosmetics/supply_chain_data.csv": "supply_chain_cosmetics.toml",
    "support_tickets/customer_support_tickets.csv": "support_tickets.toml",
    "taobao_cosmetics_1111/cosmetic_first2000_gb18030.csv": "taobao_listing.toml",
    "uptime_checks_derived/uptime_checks_2025.csv": "uptime_derived.toml",
}


@pytest.fixture(scope="module")
def formats() -> list[Format]:
    """Return the formats of the program, without a person's own."""
    return read_all([ROOT / "resources" / "formats"])


@pytest.fixture(scope="module")
def known(formats: list[Format]) -> Catalogue:
    return catalogue().with_headers(formats)


def member(path: Path) -> Member:
    return next(members(path))


def draft_of(text: str, known: Catalogue, tmp_path: Path, name: str = "export.csv", encoding: str = "utf-8") -> Draft:
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    from ecoperf_desktop.importing.look import look
    from ecoperf_desktop.importing.suggest import plain_names

    return suggest_look(look(member(path), plain_names(known)), known)


def fields(draft: Draft) -> dict[str, str]:
    return {column.header: column.field for column in draft.columns if column.field}


def score(draft: Draft, right: Format) -> tuple[int, int, int, bool]:
    """Return how many columns of the right answer were suggested as it says, how many it has, how many are wrong, and whether the table is."""
    targets = filled_by(right)
    by_header = {alias: rule for rule in right.columns for alias in rule.aliases}
    good = whole = wrong = 0
    for column in draft.columns:
        rule = by_header.get(normal(column.header))
        if rule is None:
            continue
        names = {rule.field, *(name for _, name in targets.get(rule.field, ()))}
        if not targets.get(rule.field) and column.field not in names:
            continue  # a working value of that format: what it is worth alone, nobody says
        whole += 1
        good += column.field in names
        wrong += column.field is not None and column.field not in names
    return good, whole, wrong, draft.table in {emit.into for emit in right.emits}


# ---- how good it is


@real
def test_most_columns_of_the_unknown_samples_are_suggested_right(formats: list[Format], capsys: pytest.CaptureFixture[str]) -> None:
    good = whole = wrong = tables = 0
    for file, mapping in UNKNOWN.items():
        draft = suggest(member(DATA / file), formats)
        drafting.form(draft, catalogue().with_headers(formats))
        found = score(draft, read(MAPPINGS / mapping))
        good, whole, wrong, tables = good + found[0], whole + found[1], wrong + found[2], tables + found[3]
    with capsys.disabled():
        print(f"\n  samples: {good} of {whole} columns right, {wrong} wrong, {tables} of {len(UNKNOWN)} tables")
    assert good >= 0.93 * whole
    assert wrong <= 0.03 * whole
    assert tables >= 0.8 * len(UNKNOWN)


def test_most_columns_of_shipped_examples_would_be_found_by_the_other_formats(
    formats: list[Format], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each format's first example is suggested by a catalogue that has never seen that platform's formats."""
    good = whole = wrong = tables = tried_files = refused = 0
    known: dict[str, Catalogue] = {}
    # Every third is enough for every day.
    for form in formats if os.environ.get("CI") else formats[::3]:
        example = form.examples[0] if form.examples else None
        if example is None or form.read.layout != "table" or form.read.header == "none" or form.platform == "template":
            continue
        if form.platform not in known:
            known[form.platform] = catalogue().with_headers(other for other in formats if other.platform != form.platform)
        others = known[form.platform]
        path = tmp_path / f"{form.id}_{example.name}"
        write(example, path)
        try:
            from ecoperf_desktop.importing.look import look
            from ecoperf_desktop.importing.suggest import plain_names

            draft = suggest_look(look(member(path), plain_names(others)), others)
        except FileRefused:
            refused += 1
            continue
        finally:
            path.unlink()
        found = score(draft, form)
        tried_files += 1
        good, whole, wrong, tables = good + found[0], whole + found[1], wrong + found[2], tables + found[3]
    with capsys.disabled():
        print(f"\n  left out: {good} of {whole} columns right, {wrong} wrong, {tables} of {tried_files} tables, {refused} refused")
    assert good >= 0.58 * whole
    assert wrong <= 0.08 * whole
    assert tables >= 0.66 * tried_files


# ---- the catalogue


def test_every_field_of_every_table_has_words_in_both_languages() -> None:
    made = catalogue()
    assert made.tables.keys() == TABLES.keys()
    for table in made.tables.values():
        names = {plain_name(field, table.name) for field in TABLES[table.name].fields}
        assert names <= table.fields.keys(), table.name
        assert set(table.key) | set(table.must) | set(table.days) | set(table.variant) <= table.fields.keys(), table.name
        for one in table.fields.values():
            assert one.titles["en"] and any("\u4e00" <= sign <= "\u9fff" for sign in one.titles["zh"]) or one.titles["zh"].isascii(), one
        for name, value in table.assume.items():
            assert name in {field.name for field in TABLES[table.name].fields}, (table.name, name)
            assert value == ASKED or isinstance(value, str | int), (table.name, name)


# ---- persons


PERSONAL = {
    "Full Name": "Ann Example", "First name": "Ann", "Recipient": "Ann Example", "Shipping Address": "Main Street 1", "Street": "Main Street 1", "Zip": "12345",
    "收货人": "张三", "收货地址": "人民路 1 号", "收件人手机": "13812345678", "身份证号": "110101199003077758", "E-mail": "ann@example.com", "Mobile": "+44 7700 900123",
    "Contact": "ann@example.com", "Unbekannt": "110101199003077758", "Verwendungszweck": "bob@example.com", "姓名": "李四", "联系电话": "13912345678",
}  # fmt: skip


@pytest.mark.parametrize("header", PERSONAL)
def test_what_tells_of_a_person_is_never_suggested_but_as_the_buyers_hash(header: str, known: Catalogue, tmp_path: Path) -> None:
    value = PERSONAL[header]
    text = f"Order ID,Order date,SKU,Quantity,Item total,{header}\n" + "".join(f"{place},2026-03-0{place},M{place},1,5.00,{value}\n" for place in range(1, 8))
    draft = draft_of(text, known, tmp_path)
    for table in known.tables:
        column = with_table(draft, table, known).columns[-1]
        assert column.field in (None, "buyer", "person") and (column.field is None or column.type == "hash"), (table, column)
    assert value not in drafting.toml(draft, known)


# ---- drafts


def test_every_likely_table_gives_a_descriptor_that_is_read(known: Catalogue, tmp_path: Path) -> None:
    text = "Order No,Paid at,SKU,Title,Qty,Price,Stock,Warehouse,Status\n" + "1,2026-03-01 10:00:00,A,Mug,2,5.00,9,East,paid\n" * 9
    draft = draft_of(text, known, tmp_path)
    assert draft.table == "order_lines" and len(draft.likely) > 1
    for table in draft.likely:
        changed = with_table(draft, table, known)
        form = drafting.form(changed, known)
        assert form.id == draft.id and table in {emit.into for emit in form.emits}
        assert form.verified == "unverified"


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8-sig", ","), ("gb18030", "\t"), ("utf-16", ";"), ("utf-8", "|")])
def test_a_draft_reads_the_file_it_was_made_for(encoding: str, delimiter: str, known: Catalogue, tmp_path: Path) -> None:
    head = ["订单编号", "付款时间", "商品名称", "商家编码", "购买数量", "商品金额", "收货人", "店铺名称"]
    rows = [[f"26000{n}", f"2026-08-{n:02} 09:12:33", "马克杯", f"A{n}", "2", "25.50", "张三", "柒木"] for n in range(1, 25)]
    text = "\r\n".join(delimiter.join(row) for row in ([head, *rows])) + "\r\n"
    draft = draft_of(text, known, tmp_path, encoding=encoding)
    assert fields(draft) == {
        "订单编号": "order_no", "付款时间": "paid", "商品名称": "title", "商家编码": "sku", "购买数量": "qty", "商品金额": "gross", "店铺名称": "shop",
    }  # fmt: skip
    trial = tried(member(tmp_path / "export.csv"), drafting.form(draft, known), "qimu", {"currency": "CNY", "tz": "Asia/Shanghai"}, None)
    assert trial.problem is None and trial.read == 24 and trial.rejected == 0
    lines = next(stored for stored in trial.tables if stored.table == "order_lines")
    assert lines.rows[0] == tuple({"shop": "柒木", "order_no": "260001", "sku": "A1", "qty": "2", "gross": "25.50"}[field] for field in lines.fields)


def test_repeated_and_strange_headers_are_named_so_that_the_draft_claims_its_file(known: Catalogue, tmp_path: Path) -> None:
    text = 'Order ID,Date,Date,"Item\n total","@ SKU",Order #1\n' + "".join(f"{n},2026-03-0{n},2026-03-0{n},5.00,A{n},x\n" for n in range(1, 9))
    draft = draft_of(text, known, tmp_path)
    place = next(column.place for column in draft.columns if column.header.startswith("@"))
    draft = with_field(with_table(draft, "order_lines", known), place, "sku", known)
    draft = with_field(draft, 5, "line_no", known)
    trial = tried(member(tmp_path / "export.csv"), drafting.form(draft, known), "x", {"currency": "EUR", "tz": "UTC"}, None)
    assert trial.problem is None and trial.read == 8


def test_an_open_order_of_day_and_month_is_left_to_be_asked(known: Catalogue, tmp_path: Path) -> None:
    text = "Order ID,Order date,SKU,Qty,Item total\n" + "".join(f"{n},0{n}/03/2026,A,1,5.00\n" for n in range(1, 8))
    draft = draft_of(text, known, tmp_path)
    column = draft.taken["placed"]
    assert column.doubt == "order" and column.formats == () and "unsure" in drafting.toml(draft, known)
    trial = tried(member(tmp_path / "export.csv"), drafting.form(draft, known), "x", {"currency": "EUR", "tz": "UTC"}, None)
    assert trial.question == "dates"
    settled = with_type(draft, column.place, column.type, ("D/M/YYYY",))
    assert tried(member(tmp_path / "export.csv"), drafting.form(settled, known), "x", {"currency": "EUR", "tz": "UTC"}, None).problem is None


def test_a_table_that_lacks_what_its_rows_need_is_refused_by_name(known: Catalogue, tmp_path: Path) -> None:
    draft = with_table(draft_of("SKU,Stock\n" + "A,5\n" * 5, known, tmp_path), "refunds", known)
    with pytest.raises(FileRefused, match="Refunded"):
        drafting.toml(draft, known)


def test_a_kept_draft_never_writes_over_another(known: Catalogue, tmp_path: Path) -> None:
    draft = draft_of("SKU,Stock,Warehouse\n" + "A,5,East\n" * 5, known, tmp_path)
    first = drafting.keep(drafting.toml(draft, known), draft.id, tmp_path / "formats")
    before = first.read_bytes()
    with pytest.raises(FileRefused):
        drafting.keep("other", draft.id, tmp_path / "formats")
    assert first.read_bytes() == before and [file.name for file in first.parent.iterdir()] == [first.name]


HEADERS = st.lists(st.text(st.characters(blacklist_categories=("Cs",)), min_size=1, max_size=12), min_size=2, max_size=8)


@given(HEADERS, st.lists(st.sampled_from(["1", "2026-03-01", "5.00", "A1", "yes", "x@example.com", ""]), min_size=8, max_size=8))
@hypothesis_settings(max_examples=60, deadline=None)
def test_whatever_the_headers_are_a_draft_is_refused_with_words_or_read(header: list[str], values: list[str]) -> None:
    known = catalogue()
    rows = tuple(tuple(values[: len(header)]) for _ in range(5))
    try:
        draft = suggest_look(Look("odd.csv", tuple(header), rows, encoding="utf-8", delimiter=","), known)
    except FileRefused:
        return
    assert tomllib.loads(drafting.toml(draft, known))["format"]["id"] == draft.id
    drafting.form(draft, known)


# ---- values and names


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["2026-03-01", "2026-03-02"], "date"), (["2026年3月1日"], "date"), (["1,234.50", "5.00"], "money"), (["12", "1,234"], "integer"), (["17850.0"], "integer"),
        (["是", "否"], "flag"), (["EUR", "GBP"], "currency"), (["02:30", "1:02:03"], "duration"), (["12%", "3.5%"], "ratio"),
    ],
)  # fmt: skip
def test_values_say_what_they_can_be(values: list[str], kind: str) -> None:
    assert evidence(values * 5).fits(kind) == 1.0


def test_an_id_is_no_date_and_an_amount_is_no_id() -> None:
    assert evidence(["2610190773351884", "2610190773351885"]).fits("date") == 0
    assert evidence(["$5.10", "$6.25"]).fits("id") < 0.5


@pytest.mark.parametrize(("first", "second"), [("order_id", "Order ID"), ("OrderDate", "order date"), ("Qty", "Quantity"), ("Stock levels", "stock level"), ("金额(元)", "金额")])
def test_spellings_of_one_name_are_alike(first: str, second: str) -> None:
    assert likeness(first, second) >= 0.95
    assert likeness(first, second) == likeness(second, first)


def test_renamed_columns_are_paired_once() -> None:
    assert renames(["Unit price", "Order date"], ["Date of order", "Price per unit", "Colour"]) == {"Order date": "Date of order", "Unit price": "Price per unit"}


# ---- formats that were never checked, and near misses


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with actions.workspace(tmp_path / "w.ecoperf", write=True) as opened:
        yield opened


def unchecked(tmp_path: Path) -> tuple[Format, Path, Mapping[str, str]]:
    for form in shelf.shipped():
        if form.verified == "unverified" and form.read.layout == "table" and form.examples and form.examples[0].input and not form.examples[0].refused:
            path = tmp_path / form.examples[0].name
            write(form.examples[0], path)
            return form, path, form.examples[0].settings
    pytest.skip("every format is checked")


def test_a_format_that_was_never_checked_is_asked_about_once_a_source(workspace: Workspace, tmp_path: Path) -> None:
    form, path, settings = unchecked(tmp_path)
    choices = actions.ImportChoices(settings=tuple(settings.items()))
    for unseen in (False, True):
        (file,) = actions.plan_import([path], choices, workspace, unseen=unseen).files
        assert (file.outcome, file.question) == ("refused", "confirm")
        assert file.findings[0].code == "importing.confirm_format" and file.findings[0].details["format"] == form.id
        assert (file.prepared is not None) is not unseen
    confirmed = actions.with_setting(choices, "confirm", "yes")
    report = actions.apply_import(actions.plan_import([path], confirmed, workspace), workspace)
    assert report.files[0].status == "loaded"
    assert actions.plan_import([path], choices, workspace).files[0].outcome == "load"
    elsewhere = actions.ImportChoices(source="another shop", settings=choices.settings)
    assert actions.plan_import([path], elsewhere, workspace).files[0].question == "confirm"
    actions.undo(workspace, [report.files[0].import_id or 0])
    assert actions.plan_import([path], choices, workspace).files[0].outcome == "load"  # what was confirmed stays so


def test_naming_the_format_or_bringing_ones_own_needs_no_confirmation(workspace: Workspace, tmp_path: Path) -> None:
    form, path, settings = unchecked(tmp_path)
    named = plan([path], ImportOptions(format=form.id, settings=settings), workspace.answers, no_progress)
    assert named.files[0].outcome == "load"
    own = tmp_path / "own" / "mine.toml"
    own.parent.mkdir()
    own.write_text(form.path.read_text(encoding="utf-8"), encoding="utf-8")
    brought = plan([path], ImportOptions(mappings=(own,), settings=settings), workspace.answers, no_progress)
    assert brought.files[0].outcome == "load"


def test_a_near_miss_names_what_is_new_and_what_is_likely_renamed(workspace: Workspace, tmp_path: Path) -> None:
    form = tmp_path / "own.toml"
    form.write_text(NEAR, encoding="utf-8")
    path = tmp_path / "lines.csv"
    path.write_text("Order No,Ordered on,SKU,Qty,Line total amount,Colour\nA1,2026-03-02,MUG,2,10.50,red\n", encoding="utf-8")
    (file,) = plan([path], ImportOptions(mappings=(form,)), workspace.answers, no_progress).files
    finding = file.findings[0]
    assert finding.code == "importing.near_miss" and finding.details["columns"] == "Line total"
    assert finding.details["renamed"] == "Line total → Line total amount" and finding.details["unknown"] == "Colour"


NEAR = """
[format]
id = "near.lines"
version = 1
platform = "near"
title = { en = "Near lines", zh = "近似订单" }
[answers]
currency = "GBP"
tz = "UTC"
[[column]]
header = "Order No"
field = "order_no"
type = "id"
required = true
[[column]]
header = "Ordered on"
field = "placed"
type = "date"
required = true
[[column]]
header = "SKU"
field = "sku"
type = "id"
required = true
[[column]]
header = "Qty"
field = "qty"
type = "integer"
required = true
[[column]]
header = "Line total"
field = "gross"
type = "money"
required = true
[[emit]]
into = "order_lines"
"""


# ---- the command


def test_the_command_prints_a_draft_that_imports_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "stock march.csv"
    path.write_text("SKU,Count date,Stock,Warehouse\nMUG,2026-03-31,12,East\nCAP,2026-03-31,3,East\n", encoding="utf-8")
    assert main(["formats", "--suggest", str(path)]) == 0
    printed = capsys.readouterr()
    assert tomllib.loads(printed.out)["emit"][0]["into"] == "inventory_snapshots" and not printed.err
    target = tmp_path / "draft.toml"
    assert main(["formats", "--suggest", str(path), "-o", str(target)]) == 0
    assert main(["formats", "--suggest", str(path), "-o", str(target)]) == 1
    assert "already" in capsys.readouterr().err
    assert main(["--workspace", str(tmp_path / "w.ecoperf"), "import", str(path), "--mapping", str(target), "--json"]) == 0
    assert '"new": 2' in capsys.readouterr().out
    assert main(["formats", "--suggest", str(path), "--json"]) == 0
    assert '"table": "inventory_snapshots"' in capsys.readouterr().out


def test_the_command_says_why_there_is_no_draft(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("just a line\n", encoding="utf-8")
    assert main(["formats", "--suggest", str(tmp_path / "absent.csv")]) == 1
    assert main(["formats", "--suggest", str(empty)]) == 1
    assert main(["formats", "--suggest", str(tmp_path)]) == 1
    assert main(["formats", "-o", "x.toml"]) == 2
    assert all(line.strip() for line in capsys.readouterr().err.splitlines())

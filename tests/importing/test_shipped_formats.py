"""Every descriptor proves itself: its examples are claimed by it alone and give the rows it promises."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ecoperf_desktop import paths
from ecoperf_desktop.importing import answers, descriptor, examples, shelf
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.store.tables import TABLES

MAPPINGS = Path(__file__).resolve().parents[1] / "mappings"
SHIPPED = [one for one in shelf.shipped() if one.path.is_relative_to(paths.resources())]
MAPPED = descriptor.read_all([MAPPINGS])
ALL = [*SHIPPED, *MAPPED]

PROMISED = {
    "shopify.orders", "shopify.products", "shopify.inventory", "qianniu.orders", "qianniu.sub_orders", "google_ads.report",
    "meta_ads.report", "ga4.report", "search_console.performance", "lighthouse.run", "pagespeed.run", "uptimerobot.events",
    "own.purchase_orders", "own.receipts", "own.suppliers", "own.stock_counts", "own.shipments", "own.reviews", "own.surveys",
    "own.staff", "own.agent_days", "own.campaign_owners", "own.targets", "own.expenses",
}


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.id)
def test_every_example_is_claimed_by_its_own_format_alone_and_gives_its_rows(form: Format) -> None:
    assert examples.problems(form, ALL) == []


def test_the_formats_we_promise_are_shipped() -> None:
    assert {form.id for form in SHIPPED} >= PROMISED


def test_no_two_descriptors_share_an_id() -> None:
    assert len({form.id for form in ALL}) == len(ALL)


@pytest.mark.parametrize("form", SHIPPED, ids=lambda form: form.id)
def test_a_shipped_format_has_a_chinese_title_and_examples(form: Format) -> None:
    assert re.search(r"[\u4e00-\u9fff]|Lighthouse|PageSpeed", form.title["zh"])
    assert form.examples


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.id)
def test_an_example_looks_at_every_table_the_format_fills(form: Format) -> None:
    looked_at = {table for example in form.examples for table in example.expect}
    filled = {emit.into for emit in form.emits if TABLES[emit.into].strategy != "seen"}
    assert filled <= looked_at


@pytest.mark.parametrize("form", ALL, ids=lambda form: form.id)
def test_a_person_is_kept_only_as_a_hash(form: Format) -> None:
    personal = re.compile(r"e-?mail|phone|电话|手机号|会员名|昵称|buyer|买家$", re.IGNORECASE)
    for column in form.columns:
        if any(personal.fullmatch(alias) or personal.search(alias) and column.field in ("buyer", "person") for alias in column.aliases):
            assert column.type == "hash", column.shown


@pytest.mark.parametrize("speech", ["en", "zh"])
def test_every_set_key_that_a_sentence_names_is_understood(speech: str) -> None:
    folder = paths.resources() / "languages" / speech
    named = {key for file in folder.glob("*.toml") for key in re.findall(r"--set ([a-z_]+)=", file.read_text(encoding="utf-8"))}
    assert named
    assert named <= answers.KEYS

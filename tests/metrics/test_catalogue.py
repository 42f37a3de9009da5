"""What the catalogue declares, and what it refuses to declare."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from ecoperf_desktop import language, paths
from ecoperf_desktop.errors import MappingError, MetricRefused
from ecoperf_desktop.metrics import catalogue as room
from ecoperf_desktop.metrics.catalogue import AREAS, catalogue, read
from ecoperf_desktop.model.metric import Method, Metric, Unit
from ecoperf_desktop.store.measures import measures
from ecoperf_desktop.store.views import VIEWS

YAML = Path(__file__).resolve().parents[2].parent / "shared" / "metrics" / "metrics.yaml"
FILES = [paths.resources() / "metrics" / f"{area}.toml" for area in AREAS]
METRICS = catalogue().metrics


@pytest.fixture
def cache_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("ECOPERF_DATA", str(tmp_path))
    catalogue.cache_clear()
    yield tmp_path / "cache"
    catalogue.cache_clear()


def declared_in(folder: Path, text: str, name: str = "sales.toml") -> list[Metric]:
    (folder / name).write_text(text, encoding="utf-8")
    return read([folder / name], measures())


SOUND = """
[turns]
name = { en = "Turns", zh = "周转" }
definition = { en = "How often.", zh = "次数。" }
formula = { en = "a / b", zh = "a / b" }
sum = ["line.net", "-refund.goods"]
unit = "money"
direction = "higher"
dimensions = ["shop"]
needs = ["sales"]
"""


# ---- the shipped catalogue


def test_there_are_metrics_for_every_area() -> None:
    assert len(METRICS) >= 90
    assert {metric.area for metric in METRICS.values()} == set(AREAS)


@pytest.mark.parametrize("metric", METRICS.values(), ids=list(METRICS))
def test_a_metric_is_told_in_both_languages(metric: Metric) -> None:
    for texts in (metric.name, metric.definition, metric.formula_text):
        assert set(texts) == set(language.LANGUAGES)
        assert re.search(r"[一-鿿]", texts["zh"]) or texts["zh"].isascii()
    assert re.search(r"[一-鿿]", metric.definition["zh"])
    assert not re.search(r"[一-鿿]", metric.name["en"].replace("折", ""))
    assert metric.definition["en"].endswith(".")
    assert metric.definition["zh"].endswith("。")


def test_names_are_different() -> None:
    for language_of in language.LANGUAGES:
        names = [metric.name[language_of] for metric in METRICS.values()]
        assert len(set(names)) == len(names)


def test_the_two_values_of_an_order_keep_their_own_chinese_words() -> None:
    assert METRICS["spend_per_buyer"].name["zh"] == "客单价"
    assert METRICS["aov"].name["zh"].startswith("笔单价")


def test_every_edge_rule_has_a_sentence() -> None:
    for rule in {rule for metric in METRICS.values() for rule in metric.edge_rules}:
        for language_of in language.LANGUAGES:
            code = f"metrics.catalogue_edge_{rule}"
            assert language.sentence(code, language_of) != code


def test_every_metric_names_a_source_and_every_source_is_told() -> None:
    said = tomllib.loads((paths.resources() / "metrics" / "sources.toml").read_text(encoding="utf-8"))
    for key, entry in said.items():
        assert set(entry) <= {"title", "publisher", "year", "level"}, key
        assert set(entry["title"]) == set(language.LANGUAGES), key
        assert entry["publisher"] and entry["level"] in ("A", "B", "C"), key
        assert 1900 < entry.get("year", 2000) < 2030, key
    assert [metric.id for metric in METRICS.values() if not metric.sources] == []


def test_words_to_search_by_are_not_the_name_again() -> None:
    for metric in METRICS.values():
        assert len(set(metric.aliases)) == len(metric.aliases), metric.id
        assert all(word.strip() == word and word for word in metric.aliases), metric.id


@pytest.mark.parametrize(
    "alike",
    [
        ("aov", "spend_per_buyer"), ("ad_roas", "ad_roi_profit"), ("bounce_rate_ua", "bounce_rate_ga4", "email_bounce_rate"),
        ("conversion_rate_sessions", "conversion_rate_visitors", "ad_cvr", "agent_inquiry_conversion"), ("gmv_placed", "paid_amount", "net_sales"),
        ("refund_rate_amount", "refund_rate_cohort", "quality_refund_rate", "return_rate_units"), ("acos", "tacos"), ("cac", "ad_cpa"),
        ("avg_dwell_time", "avg_engagement_time"), ("supplier_lead_time_mean", "dispatch_time_median"), ("inventory_days", "days_of_cover"),
    ],
)  # fmt: skip
def test_names_that_are_taken_for_each_other_say_so(alike: tuple[str, ...]) -> None:
    for metric in alike:
        assert set(METRICS[metric].note) == set(language.LANGUAGES), metric


def test_every_gate_says_why_in_both_languages() -> None:
    for metric in [*METRICS.values(), *catalogue().parts.values()]:
        if metric.gate is not None:
            for language_of in language.LANGUAGES:
                assert language.sentence(metric.gate.reason, language_of) != metric.gate.reason


def test_every_declared_measure_and_part_is_used() -> None:
    used = {term for metric in (*METRICS.values(), *catalogue().parts.values()) for term in room._measures(metric.calculation)}
    assert set(measures()) - used == set()
    named = {name for metric in (*METRICS.values(), *catalogue().parts.values()) for name in room.parts_of(metric)}
    named |= {metric.gate.metric for metric in (*METRICS.values(), *catalogue().parts.values()) if metric.gate}
    assert set(catalogue().parts) - named == set()


def agreed() -> dict[str, dict[str, str]]:
    """Return unit, direction, zero policy and dimensions of the agreed definitions, by id."""
    if not YAML.exists():
        pytest.skip("the agreed definitions are not beside this checkout")
    found: dict[str, dict[str, str]] = {}
    entry: dict[str, str] = {}
    for line in YAML.read_text(encoding="utf-8").partition("\nkpis:\n")[2].splitlines():
        if match := re.fullmatch(r"  - id: (\S+)", line):
            entry = found[match[1]] = {}
        elif match := re.fullmatch(r"    (unit|direction|zero_policy|dimensions): (.+)", line):
            entry[match[1]] = match[2]
    return found


def test_ids_units_and_directions_are_the_agreed_ones() -> None:
    known = agreed()
    assert len(known) > 200
    # Layout shift is shown as the vendor gives it, not in ten-thousandths.
    units = {**{unit: unit for unit in get_args(Unit)}, "score x 10000": "score"}
    assert set(known) - set(METRICS) == set()
    for metric in METRICS.values():
        if metric.id not in known:  # more than was agreed
            continue
        entry = known[metric.id]
        # What can be asked of any metric has the unit of the one it is usually asked of.
        unit = metric.unit if entry["unit"] == "any" else units[entry["unit"]]
        assert (unit, entry["direction"]) == (metric.unit, metric.direction), metric.id
        allowed = set(entry["dimensions"].strip("[]").split(", "))
        allowed |= {"agent"} if "staff" in allowed else set()  # who serves customers
        # A method also cuts by what only it knows.
        own = set(metric.calculation.parts) if isinstance(metric.calculation, Method) else set()
        # Also by the supplier of the goods; refunds by why they came; ads by who is responsible for the campaign; what judges
        # any other metric, by what that can be cut by.
        owners = {"staff", "department"} if metric.id.startswith("ad_") else set()
        more = set(metric.dimensions) if metric.area == "performance" else {"supplier", "reason", *owners}
        assert set(metric.dimensions) <= allowed | more | own, metric.id
        # A vendor's percentile has no count of its own that could be low.
        assert metric.zero_policy == entry["zero_policy"] or (entry["zero_policy"], metric.area) == ("ZL", "site"), metric.id


# ---- asking for a metric


def test_an_unknown_metric_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(MetricRefused) as refused:
        catalogue().metric("net_sale")
    assert "net_sales" in str(refused.value)


def test_a_name_like_no_other_is_refused_too() -> None:
    with pytest.raises(MetricRefused) as refused:
        catalogue().metric("qqqq")
    assert refused.value.code == "metrics.catalogue_unknown_metric_none_near"


def test_parts_are_found_but_not_listed() -> None:
    assert catalogue().metric("opening_units").internal
    assert "opening_units" not in METRICS


# ---- declaring a metric


def test_a_sound_declaration_is_read(tmp_path: Path) -> None:
    (metric,) = declared_in(tmp_path, SOUND)
    assert (metric.id, metric.area, metric.zero_policy, metric.low_n) == ("turns", "sales", "ZN", None)


@pytest.mark.parametrize(
    ("before", "after", "code", "word"),
    [
        ('"line.net"', '"line.nett"', "unknown_measure", "line.nett"),
        ('"line.net"', '"netto"', "unknown_part", "netto"),
        ('unit = "money"', 'unit = "coins"', "unknown_word", "coins"),
        ('direction = "higher"', 'direction = "up"', "unknown_word", "up"),
        ('dimensions = ["shop"]', 'dimensions = ["colour"]', "unknown_word", "colour"),
        ('dimensions = ["shop"]', 'dimensions = ["query"]', "unknown_dimension", "query"),
        ('dimensions = ["shop"]', 'dimensions = "goods"', "bad_entry", "dimensions"),
        ('needs = ["sales"]', 'needs = ["moon"]', "unknown_word", "moon"),
        ('needs = ["sales"]', "", "bad_entry", "needs"),
        ('needs = ["sales"]', 'needs = ["sales"]\nsource = ["HEARSAY"]', "unknown_source", "HEARSAY"),
        ('needs = ["sales"]', 'needs = ["sales"]\nrollup_time = "mean"', "unknown_word", "mean"),
        ('zh = "周转"', 'de = "Umschlag"', "bad_entry", "name"),
        ('zh = "周转"', 'zh = " "', "bad_entry", "name"),
        ('unit = "money"', 'unit = "money"\ncolour = "red"', "bad_entry", "colour"),
        ('sum = ["line.net", "-refund.goods"]', 'distinct = { view = "lines", of = "x" }', "unknown_view", "lines"),
        ('sum = ["line.net", "-refund.goods"]', 'distinct = { view = "line" }', "bad_entry", "distinct"),
        ('sum = ["line.net", "-refund.goods"]', 'ratio = { over = ["line.net"] }', "bad_entry", "ratio.under"),
        ('sum = ["line.net", "-refund.goods"]', 'arithmetic = "turns / 2"', "circle", "turns > turns"),
        ('sum = ["line.net", "-refund.goods"]', "", "bad_entry", "sum"),
        ('sum = ["line.net", "-refund.goods"]', 'sum = ["line.net"]\nlast = "stock.value"', "bad_entry", "last"),
    ],
)
def test_a_wrong_declaration_is_named_with_file_and_entry(tmp_path: Path, before: str, after: str, code: str, word: str) -> None:
    assert before in SOUND
    with pytest.raises(MappingError) as wrong:
        declared_in(tmp_path, SOUND.replace(before, after))
    assert wrong.value.code == f"metrics.catalogue_{code}"
    text = str(wrong.value)
    assert "sales.toml" in text
    assert "turns" in text
    assert word in text


def test_one_id_in_two_files_is_refused(tmp_path: Path) -> None:
    declared_in(tmp_path, SOUND, "site.toml")
    (tmp_path / "sales.toml").write_text(SOUND, encoding="utf-8")
    with pytest.raises(MappingError) as wrong:
        read([tmp_path / "sales.toml", tmp_path / "site.toml"], measures())
    assert wrong.value.code == "metrics.catalogue_twice"


def test_a_percentile_needs_twenty_values_beyond_it() -> None:
    assert METRICS["delivery_time_median"].low_n == 40
    assert METRICS["order_cycle_time_p90"].low_n == 200
    assert METRICS["nps"].low_n == 30


# ---- starting fast


def test_the_second_start_reads_the_cache_and_finds_the_same(cache_folder: Path) -> None:
    first = catalogue()
    assert (cache_folder / "catalogue.json").is_file()
    catalogue.cache_clear()
    assert catalogue() == first


def test_a_cache_of_other_files_is_not_believed(cache_folder: Path) -> None:
    catalogue()
    kept = json.loads((cache_folder / "catalogue.json").read_text(encoding="utf-8"))
    kept["metrics"][0]["name"]["en"] = "Forged"
    kept["stamp"][0][0][1] += 1
    (cache_folder / "catalogue.json").write_text(json.dumps(kept), encoding="utf-8")
    catalogue.cache_clear()
    assert all(metric.name["en"] != "Forged" for metric in catalogue().metrics.values())


@pytest.mark.parametrize("damaged", ["", "{", "[]", '{"stamp": null, "metrics": []}', "\ud800".encode("utf-8", "surrogatepass")])
def test_a_damaged_cache_is_ignored(cache_folder: Path, damaged: str | bytes) -> None:
    cache_folder.mkdir(parents=True)
    (cache_folder / "catalogue.json").write_bytes(damaged if isinstance(damaged, bytes) else damaged.encode())
    assert len(catalogue().metrics) == len(METRICS)


def test_a_folder_that_cannot_be_written_is_no_problem(cache_folder: Path) -> None:
    cache_folder.parent.mkdir(exist_ok=True)
    cache_folder.write_text("a file where the folder should be", encoding="utf-8")
    assert len(catalogue().metrics) == len(METRICS)
    assert stat.S_ISREG(os.stat(cache_folder).st_mode)


# ---- measures


def test_measures_name_views_and_compile() -> None:
    declared = tomllib.loads((paths.resources() / "metrics" / "measures.toml").read_text(encoding="utf-8"))
    assert set(declared) <= set(VIEWS)
    assert len(measures()) == sum(len(entries) for entries in declared.values())

"""Every page, empty and full: what it shows, says and leaves out."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import Any

import little_shop
import pytest

from ecoperf_desktop import paths
from ecoperf_desktop.errors import UsageError
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import Grain, Period, bucket_of, parse_day
from ecoperf_desktop.model.value import Question
from ecoperf_desktop.reports.blocks import (
    Bridge,
    Callouts,
    ChangeCell,
    Empty,
    Figure,
    Headline,
    KpiCard,
    Lines,
    NumberCell,
    PageSummary,
    Scope,
    Table,
    Trend612,
)
from ecoperf_desktop.reports.pages import CODES, PAGES, PRINTED, shape
from ecoperf_desktop.reports.summary import summarise


def blocks(page: PageSummary, kind: type) -> list[Any]:
    return [block for block in page.blocks if isinstance(block, kind)]


def figures(thing: Any) -> list[Figure]:
    """Return every figure anywhere in a block."""
    if isinstance(thing, Figure):
        return [thing]
    if isinstance(thing, tuple):
        return [figure for part in thing for figure in figures(part)]
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return [figure for field in dataclasses.fields(thing) for figure in figures(getattr(thing, field.name))]
    return []


def words(thing: Any) -> list[str]:
    if isinstance(thing, str):
        return [thing]
    if isinstance(thing, tuple):
        return [word for part in thing for word in words(part)]
    if dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        return [word for field in dataclasses.fields(thing) for word in words(getattr(thing, field.name))]
    return []


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_data_says_what_is_missing_and_what_it_needs(nothing: Engine, page: str, language: str) -> None:
    summary = summarise(nothing, page, little_shop.scope(language=language))
    (empty,) = summary.blocks
    assert isinstance(empty, Empty)
    assert summary.is_empty and summary.signals == 0
    assert empty.missing and empty.needs and not empty.needs.startswith("reports.")
    assert summary.facts.through is None


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("page", PAGES)
def test_a_full_page_has_words_for_everything(engine: Engine, page: str, language: str) -> None:
    summary = summarise(engine, page, little_shop.scope(language=language))
    assert not summary.is_empty
    known = [figure for block in summary.blocks for figure in figures(block) if figure.value is not None]
    assert known
    for word in words(summary):
        assert not word.startswith("reports."), word
    for figure in known:
        assert figure.text and figure.text != "–"
        assert "-" not in figure.text, "minus is U+2212"


@pytest.mark.parametrize("page", PAGES)
def test_what_is_missing_is_a_dash_with_a_reason(engine: Engine, page: str) -> None:
    summary = summarise(engine, page, little_shop.scope())
    for block in summary.blocks:
        for figure in figures(block):
            if figure.value is None and figure.text:
                assert figure.text == "–"
                assert figure.reason, block


def test_a_number_on_the_page_is_the_engines_own(engine: Engine) -> None:
    scope = little_shop.scope()
    card = blocks(summarise(engine, "overview", scope), Table)[0]
    metrics = tuple(row.key for row in card.rows if "[" not in row.key)
    answers = {value.metric: value for value in engine.answer([Question(metrics, scope.period)])[0]}
    for row in card.rows:
        if row.key in answers:
            cell = next(cell for cell in row.cells if isinstance(cell, NumberCell) and cell.strong)
            assert cell.figure.value == answers[row.key].value, row.key


def test_the_net_sales_bridge_adds_up_as_numbers_and_as_printed(engine: Engine) -> None:
    for compare in ("previous", "year", "aligned"):
        page = summarise(engine, "overview", little_shop.scope(compare=compare))
        for bridge in blocks(page, Bridge):
            steps = sum(step.figure.value for step in bridge.steps)
            assert bridge.start.figure.value + steps == bridge.end.figure.value
            written = [bridge.start.figure.text, *(step.figure.text for step in bridge.steps)]
            assert sum(number(text) for text in written) == number(bridge.end.figure.text)
            printed = [bridge.start.paper, *(step.paper for step in bridge.steps)]
            assert sum(number(text) for text in printed) == number(bridge.end.paper)


def number(text: str) -> Fraction:
    return Fraction("".join("-" if letter == "−" else letter for letter in text if letter in "0123456789.−"))


def test_the_story_of_the_week_is_told(engine: Engine) -> None:
    page = summarise(engine, "overview", little_shop.scope())
    (headline,) = blocks(page, Headline)
    assert headline.sentence.startswith("Net sales ¥")
    assert "below target" in headline.sentence and "below the week before" in headline.sentence
    (discuss,) = blocks(page, Callouts)
    marks = [callout.state.mark for callout in discuss.callouts]
    assert "down" in marks and len(marks) <= 7
    assert marks == sorted(marks, key=lambda mark: mark == "off_target"), "signals before missed targets"
    assert discuss.callouts[0].title.startswith("Net sales")
    assert page.signals >= len(marks)


def test_targets_are_shown_with_their_sense_and_only_where_there_are_some(engine: Engine) -> None:
    card = blocks(summarise(engine, "overview", little_shop.scope()), Table)[0]
    rows = {row.key: [cell.text for cell in row.cells] for row in card.rows}
    assert rows["refund_rate_amount"][2].startswith("≤ ")
    assert rows["days_of_cover"][2] == "35.0–45.0 d"
    assert rows["net_sales"][2] == "¥14,000"
    assert rows["orders"][2] == ""
    filtered = blocks(summarise(engine, "overview", little_shop.scope(shop=little_shop.SHOPS[0])), Table)[0]
    assert "target" not in [column.key for column in filtered.columns], "targets are the whole company's"


def test_a_filter_by_shop_changes_the_numbers_and_says_which_have_no_shops(engine: Engine) -> None:
    whole = blocks(summarise(engine, "overview", little_shop.scope()), Table)[0]
    page = summarise(engine, "overview", little_shop.scope(shop=little_shop.SHOPS[0]))
    part = blocks(page, Table)[0]
    assert value_of(part, "net_sales") < value_of(whole, "net_sales")
    stock = next(row for row in part.rows if row.key == "days_of_cover")
    assert stock.cells[1].figure.reason == "This number is not kept by shop."
    assert page.scope_text == little_shop.SHOPS[0]


def value_of(table: Table, metric: str) -> Any:
    row = next(row for row in table.rows if row.key == metric)
    return next(cell.figure.value for cell in row.cells if isinstance(cell, NumberCell))


@pytest.mark.parametrize("grain", [Grain.DAY, Grain.WEEK, Grain.MONTH, Grain.QUARTER, Grain.YEAR])
@pytest.mark.parametrize("page", PAGES)
def test_every_grain_makes_a_page(engine: Engine, page: str, grain: Grain) -> None:
    day = parse_day("2026-07-31")
    summary = summarise(engine, page, Scope.of(bucket_of(day, grain), grain))
    assert summary.blocks and summary.period_text


@pytest.mark.parametrize("page", PAGES)
def test_a_free_period_makes_a_page_that_judges_nothing_by_limits(engine: Engine, page: str) -> None:
    period = Period(parse_day("2026-07-01"), parse_day("2026-07-20"))
    summary = summarise(engine, page, Scope(period, None))
    assert summary.blocks
    for block in summary.blocks:
        if isinstance(block, KpiCard | Trend612 | Lines):
            assert not block.state.is_signal


def test_a_running_period_is_compared_with_as_many_days_and_not_judged(engine: Engine) -> None:
    through = parse_day("2026-08-16")
    bucket = bucket_of(through, Grain.MONTH)
    page = summarise(engine, "sales", Scope.of(bucket, Grain.MONTH))
    trend = next(block for block in blocks(page, Trend612) if block.metric == "orders")
    asked = [Question(("orders",), Period(bucket.period.first, through)), Question(("orders",), Period(parse_day("2026-07-01"), parse_day("2026-07-16")))]
    now, then = (values[0].value for values in engine.answer(asked))
    assert trend.figure.value == now
    assert trend.foot[0].figure.value == then
    assert trend.state.mark == "no_call"
    assert trend.weeks.part == "16 d"


def test_a_year_that_the_data_do_not_reach_is_not_compared(engine: Engine) -> None:
    page = summarise(engine, "sales", little_shop.scope())
    trend = next(block for block in blocks(page, Trend612) if block.metric == "net_sales")
    to_date = next(foot for foot in trend.foot if foot.label == "YTD")
    assert to_date.change is not None and to_date.change.value is None
    assert "too unlike" in (to_date.change.reason or "")


def test_a_part_of_a_month_is_marked_and_stands_beside_as_many_days_of_last_year(engine: Engine) -> None:
    page = summarise(engine, "sales", little_shop.scope())
    trend = next(block for block in blocks(page, Trend612) if block.metric == "orders")
    assert trend.months.part == "16 d"
    assert len(trend.months.points) == 12 and len(trend.weeks.points) == 6
    last_year = Question(("orders",), Period(parse_day("2025-08-01"), parse_day("2025-08-16")))
    assert trend.months.last_year[-1].value == engine.answer([last_year])[0][0].value


def test_people_with_few_cases_come_last_and_are_never_called(engine: Engine) -> None:
    table = next(block for block in blocks(summarise(engine, "team", little_shop.scope()), Table) if block.key == "agents")
    names = [row.key for row in table.rows]
    assert names[-2:] == ["新人", "total"]
    verdicts = {row.key: row.cells[-1].text for row in table.rows}
    assert verdicts["Anna"] == "One low"
    assert verdicts["陈晨"] == "No difference"
    assert verdicts["新人"] == "Too few", "no buyer of theirs was pleased, but there were only 28"


def test_text_from_files_stays_text(engine: Engine) -> None:
    page = summarise(engine, "marketing", little_shop.scope())
    campaigns = next(block for block in blocks(page, Table) if block.key == "campaigns")
    assert "=brand <b>" in [row.key for row in campaigns.rows]


def test_an_unknown_page_is_refused(engine: Engine) -> None:
    with pytest.raises(UsageError, match="no page"):
        summarise(engine, "nonsense", little_shop.scope())


def test_every_metric_of_a_page_is_in_the_catalogue_and_may_be_cut_as_the_page_cuts_it() -> None:
    known = catalogue().metrics
    for page in PAGES.values():
        for entry in page.entries:
            for metric in entry_metrics(entry):
                assert metric.partition("[")[0] in known, (page.id, metric)
                dimension = getattr(entry, "dimension", None)
                assert dimension is None or dimension in known[metric.partition("[")[0]].dimensions, (page.id, metric, dimension)
    assert set(CODES) <= set(known)
    assert len(set(CODES.values())) == len(CODES)
    assert set(PRINTED) <= set(PAGES)


def entry_metrics(entry: shape.Entry) -> list[str]:
    found: list[str] = []
    for name in ("metric", "by", "base"):
        value = getattr(entry, name, None)
        found += [value] if isinstance(value, str) else []
    for name in ("metrics", "inputs", "outputs", "changes", "shares"):
        named = getattr(entry, name, ())
        found += named if isinstance(named, tuple) else ()
    found += [metric for _, group in getattr(entry, "groups", ()) for metric in group]
    return found


def test_both_languages_have_the_same_sentences_with_the_same_placeholders() -> None:
    read = {
        language: tomllib.loads((paths.resources() / "languages" / language / "reports.toml").read_text(encoding="utf-8"))
        for language in ("en", "zh")
    }
    assert set(read["en"]) == set(read["zh"])
    for key, english in read["en"].items():
        assert placeholders(english) == placeholders(read["zh"][key]), key


def placeholders(entry: str | dict[str, str]) -> set[str]:
    forms = entry.values() if isinstance(entry, dict) else (entry,)
    return {part.partition("}")[0] for form in forms for part in form.split("{")[1:]}


@pytest.mark.parametrize("module", ["summary", "text", "pack", "html", "as_json"])
def test_a_summary_is_made_without_qt_and_heavy_libraries(module: str) -> None:
    code = f"import sys, ecoperf_desktop.reports.{module}; print(sorted({{'numpy', 'pandas', 'PySide6', 'pyqtgraph'}} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2])
    assert done.stdout.strip() == "[]"


def test_the_overview_is_worked_out_without_anything_heavy(shop_file: Path) -> None:
    code = """
import sys
from pathlib import Path
from ecoperf_desktop.metrics.catalogue import catalogue
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.model.days import parse_bucket
from ecoperf_desktop.reports.blocks import Scope
from ecoperf_desktop.reports.summary import summarise
from ecoperf_desktop.store.database import Workspace
opened = Workspace.open(Path(sys.argv[1]))
page = summarise(Engine(opened.conn, catalogue()), "overview", Scope.of(*parse_bucket("2026-W33")))
assert not page.is_empty
print(sorted({"numpy", "pandas", "sqlite_utils", "PySide6", "pyqtgraph"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code, str(shop_file)], capture_output=True, text=True, check=True, cwd=Path(__file__).resolve().parents[2])
    assert done.stdout.strip() == "[]"


def test_changes_are_grey_cells_with_signs(engine: Engine) -> None:
    card = blocks(summarise(engine, "overview", little_shop.scope()), Table)[0]
    for row in card.rows:
        for cell in row.cells:
            if isinstance(cell, ChangeCell) and cell.figure.value not in (None, 0) and cell.text != "in range":
                assert cell.text[0] in "+−×" or cell.text.startswith("0"), cell.text

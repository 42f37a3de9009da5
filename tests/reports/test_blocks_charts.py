"""Charts: every number they draw is also in their table, holes stay holes, and one painter serves every device."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import chart_blocks
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypdf import PdfReader
from PySide6.QtGui import QGuiApplication, QImage, QPainter

from ecoperf_desktop.model.days import parse_bucket
from ecoperf_desktop.reports.as_json import document
from ecoperf_desktop.reports.blocks import (
    Axis,
    Bars,
    Drawn,
    Figure,
    Funnel,
    Heat,
    Histogram,
    Matrix,
    PageSummary,
    Points,
    Reference,
    Scatter,
    Scope,
    Stack,
    TextCell,
)
from ecoperf_desktop.reports.html import _block as html_block
from ecoperf_desktop.reports.paper import charts
from ecoperf_desktop.reports.paper.canvas import PAPER_INK, Canvas
from ecoperf_desktop.reports.references import reference_text
from ecoperf_desktop.reports.tabular import reading, table_of
from ecoperf_desktop.reports.text import block_lines

SCOPE = Scope.of(*parse_bucket("2026-W33"))
CHARTS = [pytest.param(block, id=f"{type(block).__name__}-{index}") for index, block in enumerate(chart_blocks.all_charts())]


@pytest.fixture(scope="module", autouse=True)
def application() -> Iterator[None]:
    from PySide6.QtWidgets import QApplication

    made = QGuiApplication.instance() or QApplication(["tests"])
    from ecoperf_desktop.reports.paper import load_fonts

    load_fonts()
    yield
    del made


class Watched(Canvas):
    """A canvas that remembers what was drawn on it."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.boxes: list[tuple[float, float, float, float]] = []
        self.dots: list[tuple[float, float]] = []
        self.hatched = 0

    def box(self, left: float, top: float, width: float, height: float, *rest: Any, **named: Any) -> None:
        self.boxes.append((left, top, width, height))
        super().box(left, top, width, height, *rest, **named)

    def dot(self, x: float, y: float, *rest: Any, **named: Any) -> None:
        self.dots.append((x, y))
        super().dot(x, y, *rest, **named)

    def hatch(self, *given: Any, **named: Any) -> None:
        self.hatched += 1
        super().hatch(*given, **named)


def drawn(block: Drawn, width: float = 420.0) -> tuple[Watched, list[charts.Spot], QImage]:
    height = charts.height_of(block, PAPER_INK)
    image = QImage(round(width * 2), round(height * 2) + 2, QImage.Format.Format_RGB32)
    image.fill(0xFFFFFFFF)
    painter = QPainter(image)
    canvas = Watched(painter, image, width, height, 2.0, PAPER_INK)
    spots = charts.draw(canvas, 0, 0, width, height, block)
    painter.end()
    return canvas, spots, image


def figures_in(thing: Any) -> Iterator[Figure]:
    if isinstance(thing, Figure):
        yield thing
    elif isinstance(thing, tuple):
        for part in thing:
            yield from figures_in(part)
    elif dataclasses.is_dataclass(thing) and not isinstance(thing, type):
        for field in dataclasses.fields(thing):
            yield from figures_in(getattr(thing, field.name))


@pytest.mark.parametrize("block", CHARTS)
def test_every_number_of_a_chart_stands_in_its_table(block: Drawn) -> None:
    table = table_of(block, "en")
    shown = {cell.text for row in table.rows for cell in row.cells}
    wanted = {figure.text for figure in figures_in(block) if figure.value is not None and figure.text.strip()}
    if isinstance(block, Stack):
        wanted -= {part.last.text for part in block.parts}
    for text in wanted - shown:
        assert text in table.foot, text
    assert all(len(row.cells) == len(table.columns) for row in table.rows)


@pytest.mark.parametrize("block", CHARTS)
def test_text_html_and_json_have_the_numbers_of_the_table(block: Drawn) -> None:
    words, page = "\n".join(block_lines(block, "en")), html_block(block, "en")
    written = document([PageSummary("sales", "Sales", SCOPE, "", "", (block,))])
    assert json.loads(written)[0]["blocks"][0]["kind"] == type(block).__name__
    for row in table_of(block, "en").rows:
        for cell in row.cells:
            if cell.text.strip():
                assert cell.text in words
                assert cell.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") in page


@pytest.mark.parametrize("block", CHARTS)
def test_every_place_in_a_chart_reads_a_row_of_its_table(block: Drawn) -> None:
    canvas, spots, _ = drawn(block)
    table = table_of(block)
    assert spots
    for spot in spots:
        read = reading(table, spot.row, spot.columns)
        assert read.title == table.rows[spot.row].cells[0].text
        assert read.lines or isinstance(block, Heat)
        assert -1 <= spot.left and spot.left + spot.width <= canvas.width + 1
        assert -1 <= spot.top and spot.top + spot.height <= canvas.height + 2


@pytest.mark.parametrize("block", CHARTS)
def test_paper_is_pure_grey(block: Drawn) -> None:
    _, _, image = drawn(block)
    seen = {image.pixel(x, y) & 0xFFFFFF for x in range(0, image.width(), 2) for y in range(0, image.height(), 2)}
    assert len(seen) > 3
    assert all(color >> 16 == (color >> 8 & 255) == color & 255 for color in seen)


@pytest.mark.parametrize("width", [24.0, 90.0, 240.0, 900.0])
@pytest.mark.parametrize("block", CHARTS)
def test_no_width_is_too_small_or_too_large(block: Drawn, width: float) -> None:
    drawn(block, width)


def test_a_missing_bar_is_not_a_bar_of_zero() -> None:
    known = chart_blocks.stock()
    canvas, _, _ = drawn(known)
    assert len(canvas.boxes) == sum(bar.figure.value is not None for bar in known.bars) < len(known.bars)


def test_nothing_stands_above_an_unknown_part() -> None:
    whole = chart_blocks.stack()
    hole = next(index for index, point in enumerate(whole.parts[1].points) if point.value is None)
    canvas, spots, _ = drawn(whole)
    middle = spots[hole].rule
    assert middle is not None
    near = [box for box in canvas.boxes if box[0] < middle < box[0] + box[2] and box[2] < spots[hole].width]
    assert len(near) == 1  # the part below it


def test_what_is_not_due_is_blank_and_a_running_month_is_hatched() -> None:
    block = chart_blocks.heat()
    canvas, spots, _ = drawn(block)
    due = [cell for row in block.rows for cell in row.cells if cell is not None]
    assert len(spots) == len(due) + len([cell for cell in block.foot.cells if cell]) if block.foot else 0
    assert canvas.hatched == sum(cell.is_running for cell in due) == 11
    assert len(canvas.boxes) == len(due) - canvas.hatched  # the pooled row is not shaded
    rows = table_of(block).rows
    assert [cell.text for cell in rows[-2].cells[2:13]] == [""] * 11


def test_an_unknown_place_has_no_dot() -> None:
    block = chart_blocks.scatter()
    canvas, spots, _ = drawn(block)
    assert len(canvas.dots) == len(spots) == len(block.dots) - 1
    assert [spot.left for spot in spots] == sorted(spot.left for spot in spots)


def test_a_value_without_interval_is_no_point_when_missing() -> None:
    canvas, spots, _ = drawn(chart_blocks.agents())
    assert len(spots) == 5 and len(canvas.dots) == 4


@pytest.mark.parametrize(
    "block",
    [
        Heat("t", "", (), (), Axis(0, 1)), Funnel("t", "", (), ()), Histogram("t", "", (), Axis(0, 1)), Points("t", "", (), Axis(0, 1)),
        Points("t", "", (), Axis(0, 0), is_lying=True), Scatter("t", "", "x", "y", (), Axis(0, 0), Axis(0, 0)), Stack("t", "", (), (), Axis(0, 1)),
        Matrix("t", "", "", "", (), (), ()), Bars("t", "", (), Axis(0, 0)), Bars("t", "", (), Axis(0, 0), True),
    ],
    ids=lambda block: type(block).__name__,
)  # fmt: skip
def test_an_empty_chart_draws_and_reads_nothing(block: Drawn) -> None:
    _, spots, _ = drawn(block)
    assert not spots and not table_of(block).rows


def test_a_chain_of_profit_adds_up_through_its_levels() -> None:
    chain = chart_blocks.profit()
    level = chain.start.figure.value or 0
    for step in chain.steps:
        if step.is_level:
            assert step.figure.value == level
        else:
            level += step.figure.value or 0
    assert level == chain.end.figure.value
    assert "1,823.5" in " ".join(step.paper for step in chain.steps)


def test_a_median_stands_inside_its_class() -> None:
    block = chart_blocks.histogram()
    assert charts._class_place(block) == pytest.approx(3.9)
    assert charts._class_place(replace(block, median=500.0)) == 12.5
    assert charts._class_place(replace(block, median=None)) is None


@given(st.floats(0, 1), st.floats(0, 1))
def test_words_on_a_shade_are_readable(share: float, other: float) -> None:
    fill = charts.shade(PAPER_INK, share)
    words = charts.words_on(fill)

    def light(color: Any) -> float:
        def linear(channel: float) -> float:
            return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4

        return 0.2126 * linear(color.redF()) + 0.7152 * linear(color.greenF()) + 0.0722 * linear(color.blueF())

    high, low = sorted((light(fill), light(words)), reverse=True)
    assert (high + 0.05) / (low + 0.05) >= 4.5
    if share <= other:
        assert charts.shade(PAPER_INK, other).lightness() <= fill.lightness()


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(-50, 150)), min_size=2, max_size=8))
def test_a_line_is_cut_where_it_leaves_the_field(places: list[tuple[float, float]]) -> None:
    runs = charts._between(places, 0.0, 100.0)
    for run in runs:
        assert len(run) >= 2
        assert all(-1e-6 <= y <= 100 + 1e-6 for _, y in run)
    if all(0 <= y <= 100 for _, y in places):
        assert runs == [places]


def test_a_reference_names_metric_and_period() -> None:
    week, month = parse_bucket("2026-W33")[0].period, parse_bucket("2026-08")[0].period
    assert reference_text(Reference("net_sales", week)) == "S-01·W33"
    assert reference_text(Reference("net_sales", month, (("shop", "Tmall"),))) == "S-01·2026-08·Tmall"
    assert reference_text(Reference("nps_of_ours", parse_bucket("2026-Q3")[0].period)) == "nps_of_ours·2026-Q3"


@pytest.mark.parametrize("block", CHARTS)
def test_a_chart_is_saved_as_lines_and_words(block: Drawn) -> None:
    from ecoperf_desktop.reports.paper import pictures

    svg = pictures.as_svg(block).decode("utf-8")
    assert "<text" in svg and "<image" not in svg and "textLength" in svg
    pdf = PdfReader(BytesIO(pictures.as_pdf(block)))
    page = pdf.pages[0]
    assert len(page.images) == 0
    assert len(pdf.pages) == 1 and block.title in (page.extract_text() or "")
    fonts: Any = page["/Resources"]["/Font"]  # type: ignore[index]
    assert all("/DescendantFonts" in fonts[name].get_object() for name in fonts)
    assert pictures.as_png(block).startswith(b"\x89PNG")


def test_a_title_with_markup_stays_text_in_every_form() -> None:
    from ecoperf_desktop.reports.paper import pictures

    block = replace(chart_blocks.stock(), title="<script>alert(1)</script>")
    assert "<script" not in pictures.as_svg(block).decode("utf-8")
    assert "<script" not in html_block(block, "en")
    assert isinstance(table_of(block).rows[0].cells[0], TextCell)

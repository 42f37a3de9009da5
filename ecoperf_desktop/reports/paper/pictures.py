"""One chart as a picture of its own: PNG, or SVG and PDF with lines as lines and words as words."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF
from PySide6.QtGui import QImage, QPageLayout, QPageSize, QPaintDevice, QPainter, QPdfWriter

from ecoperf_desktop import paths
from ecoperf_desktop.errors import UsageError, WorkspaceError
from ecoperf_desktop.reports.blocks import Bridge, Chart, Heat, Lines, Trend612
from ecoperf_desktop.reports.paper import drawn, load_fonts
from ecoperf_desktop.reports.paper.canvas import PAPER_INK, Canvas, Ink
from ecoperf_desktop.reports.tabular import table_of

FORMS = ("png", "svg", "pdf")
_SIDE = 12.0
_RESOLUTION = 1200
_SHARPNESS = 3  # pixels of a PNG to a point


def write_picture(block: Chart, path: Path, ink: Ink = PAPER_INK, language: str = "en") -> None:
    """Write the chart as its path's ending says; raise UsageError for another ending, WorkspaceError when it cannot.

    A QGuiApplication must exist.
    """
    makers = {"png": as_png, "svg": as_svg, "pdf": as_pdf}
    form = path.suffix.lower().lstrip(".")
    if form not in makers:
        raise UsageError("reports.unknown_picture", path=str(path))
    content = makers[form](block, ink, language)
    try:
        with paths.replacing(path) as draft:
            draft.write_bytes(content)
    except OSError as problem:
        raise WorkspaceError("reports.cannot_write", path=str(path), problem=problem.strerror or str(problem)) from problem


def size_of(block: Chart, ink: Ink) -> tuple[float, float]:
    """Return the width and height of the chart's picture, in points."""
    width = 640.0 if isinstance(block, Heat | Bridge) else 460.0
    match block:
        case Trend612():
            height = drawn.TREND_HEIGHT
        case Lines():
            height = drawn.LINES_HEIGHT
        case _:
            height = drawn.chart_height(block, ink)
    return width, height + 2 * _SIDE


def as_png(block: Chart, ink: Ink = PAPER_INK, language: str = "en") -> bytes:
    width, height = size_of(block, ink)
    picture = QImage(round(width * _SHARPNESS), round(height * _SHARPNESS), QImage.Format.Format_RGB32)
    picture.fill(ink.surface)
    picture.setText("Title", block.title)
    _paint(block, picture, width, height, float(_SHARPNESS), ink, language)
    buffer = _buffer()
    picture.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub knows no text for the format
    return bytes(buffer.data().data())


def as_svg(block: Chart, ink: Ink = PAPER_INK, language: str = "en") -> bytes:
    """Return the chart as SVG, a point to a unit; what it shows is written in its description, row by row."""
    from PySide6.QtSvg import QSvgGenerator

    width, height = size_of(block, ink)
    buffer = _buffer()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(72)
    generator.setSize(QSize(round(width), round(height)))
    generator.setViewBox(QRectF(0, 0, width, height))
    generator.setTitle(block.title)
    table = table_of(block, language)
    lines = [", ".join(cell.text for cell in row.cells if cell.text) for row in table.rows]
    generator.setDescription("; ".join(lines))
    canvas = _paint(block, generator, width, height, 1.0, ink, language)
    return _of_fixed_width(bytes(buffer.data().data()).decode("utf-8"), canvas).encode("utf-8")


def as_pdf(block: Chart, ink: Ink = PAPER_INK, language: str = "en") -> bytes:
    """Return the chart as a PDF page of its own size, its fonts embedded."""
    width, height = size_of(block, ink)
    buffer = _buffer()
    writer = QPdfWriter(buffer)
    writer.setResolution(_RESOLUTION)
    size = QPageSize(QSizeF(width, height), QPageSize.Unit.Point, block.title, QPageSize.SizeMatchPolicy.ExactMatch)
    writer.setPageLayout(QPageLayout(size, QPageLayout.Orientation.Portrait, QMarginsF(0, 0, 0, 0)))
    writer.setTitle(block.title)
    writer.setCreator("EcoPerf")
    _paint(block, writer, width, height, _RESOLUTION / 72, ink, language)
    return bytes(buffer.data().data())


def _buffer() -> QBuffer:
    buffer = QBuffer()
    buffer.setData(QByteArray())
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    return buffer


def _paint(block: Chart, device: QPaintDevice, width: float, height: float, scale: float, ink: Ink, language: str) -> Canvas:
    """Draw the chart and return what it was drawn on."""
    load_fonts()
    painter = QPainter()
    if not painter.begin(device):
        raise WorkspaceError("reports.cannot_paint")
    try:
        canvas = Canvas(painter, device, width, height, scale, ink)
        canvas.box(0, 0, width, height, ink.surface)
        left, right = _SIDE, width - _SIDE
        match block:
            case Trend612():
                drawn.trend(canvas, left, right, _SIDE, block, language, "")
            case Lines():
                drawn.lines(canvas, left, right, _SIDE, block, language)
            case _:
                drawn.chart(canvas, left, right, _SIDE, block)
        return canvas
    finally:
        painter.end()


def _of_fixed_width(content: str, canvas: Canvas) -> str:
    """Say how wide each text is: a reader without our fonts then stretches its own instead of running into the next.

    What was written as one line may stand in several elements, one for each script.
    """
    lines = iter(canvas.written)
    words, size, bold = "", 0.0, False

    def measured(element: re.Match[str]) -> str:
        nonlocal words, size, bold
        part = unescape(element["words"])
        if not words:
            words, size, bold = next(lines, (part, 0.0, False))
        is_known = size > 0 and words.startswith(part)
        words = words[len(part) :] if is_known else ""
        if not is_known or not part.strip():
            return element[0]
        return f'<text textLength="{canvas.text_width(part, size, bold):.2f}" lengthAdjust="spacingAndGlyphs" {element["rest"]}'

    return re.sub(r"<text (?P<rest>[^>]*>(?P<words>[^<]*)</text>)", measured, content)

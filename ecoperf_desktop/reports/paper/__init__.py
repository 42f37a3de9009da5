"""The pack on paper: QPainter on any paged device, so that preview, printer and PDF are the same sheets.

One ink, drawn as vectors with the bundled fonts.  With the window the only place that knows Qt; nothing of it is
loaded before paper is made.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QBuffer, QByteArray, QHashSeed, QIODevice, QMarginsF
from PySide6.QtGui import (
    QFontDatabase,
    QGuiApplication,
    QPagedPaintDevice,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
)

from ecoperf_desktop.errors import UsageError, WorkspaceError
from ecoperf_desktop.language import sentence
from ecoperf_desktop.model.days import date_of
from ecoperf_desktop.reports import fonts
from ecoperf_desktop.reports.paper.canvas import Canvas, Sheet

if TYPE_CHECKING:
    from ecoperf_desktop.reports.pack import Pack

PAPERS = {"A4": QPageSize.PageSizeId.A4, "Letter": QPageSize.PageSizeId.Letter}
_RESOLUTION = 1200
_loaded = False


def page_layout(paper: str) -> QPageLayout:
    """Return the page a sheet is made for, landscape and without margins of its own; raise UsageError."""
    if paper not in PAPERS:
        raise UsageError("reports.unknown_paper", paper=paper, papers=", ".join(PAPERS))
    return QPageLayout(QPageSize(PAPERS[paper]), QPageLayout.Orientation.Landscape, QMarginsF(0, 0, 0, 0))


def write_pdf(pack: Pack, path: Path, paper: str = "A4") -> None:
    """Write the pack as PDF; the same pack gives the same bytes.  Raise UsageError or WorkspaceError."""
    layout = page_layout(paper)
    with _application():
        # The order of the fonts in the file is that of a Qt hash: its seed must not be drawn by chance.
        QHashSeed.setDeterministicGlobalSeed()
        # Qt says nothing of a disk that is full: it paints into memory, and what is written is written here.
        buffer = QBuffer()
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        writer = QPdfWriter(buffer)
        writer.setResolution(_RESOLUTION)
        writer.setPageLayout(layout)
        writer.setTitle(f"{pack.facts.report} {pack.pages[0].period_text}")
        writer.setCreator("EcoPerf")
        paint(pack, writer)
        del writer
        QHashSeed.resetRandomGlobalSeed()
        content = bytes(buffer.data().data())
    try:
        path.write_bytes(_undated(content, pack))
    except OSError as problem:
        raise WorkspaceError("reports.cannot_write", path=str(path), problem=problem.strerror or str(problem)) from problem


def paint(pack: Pack, device: QPagedPaintDevice) -> None:
    """Draw every sheet of the pack on ``device``, whose page layout is set; a QGuiApplication must exist."""
    load_fonts()
    painter = QPainter()
    if not painter.begin(device):
        raise WorkspaceError("reports.cannot_paint")
    try:
        canvas = Canvas.of_page(painter, device)
        sheets = _sheets(pack, canvas)
        for number, sheet in enumerate(sheets, start=1):
            if number > 1:
                device.newPage()
            for draw in sheet.drawings:
                draw(canvas)
            _foot(pack, canvas, sheet, number, len(sheets))
    finally:
        painter.end()


def load_fonts() -> None:
    """Make the bundled fonts known to Qt, once a process.

    From memory, so that a PDF does not depend on where the program is installed.
    """
    global _loaded
    if not _loaded:
        for path in fonts.files():
            QFontDatabase.addApplicationFontFromData(QByteArray(path.read_bytes()))
        _loaded = True


def _sheets(pack: Pack, canvas: Canvas) -> list[Sheet]:
    # Here, since the window draws its charts by this room's painters long before it prints.
    from ecoperf_desktop.reports.paper.areas import area_sheets
    from ecoperf_desktop.reports.paper.first import first_sheets

    sheets = first_sheets(pack, canvas) if pack.overview else []
    for page in pack.areas:
        sheets += area_sheets(pack, page, canvas, first_number=len(sheets) + 1)
    return sheets


def _foot(pack: Pack, canvas: Canvas, sheet: Sheet, number: int, count: int) -> None:
    """Close a sheet: the legend of its marks at the left; report, hash and page at the right."""
    language = pack.scope.language
    bottom = canvas.height - canvas.margin
    canvas.rule(canvas.left, canvas.right, bottom - 11, 0.5)
    place = canvas.left
    for mark, words in sheet.legend:
        if mark is not None:
            canvas.mark(mark, place + 3, bottom - 3.2, 2.6)
            place += 9
        place += canvas.text(place, bottom - 0.5, words, 7.6) + 12
    page = sentence("reports.page_of", language, page=number, pages=count)
    canvas.text(canvas.right, bottom - 0.5, f"EcoPerf · {pack.facts.report} · {pack.hash8} · {page}", 7.6, align="right")


@contextmanager
def _application() -> Iterator[None]:
    """Bring up Qt without a screen when the command line has none; use the window's when there is one."""
    if QGuiApplication.instance() is not None:
        yield
        return
    before = os.environ.get("QT_QPA_PLATFORM")
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    application = QGuiApplication(["ecoperf"])
    try:
        yield
    finally:
        application.shutdown()
        global _loaded
        _loaded = False
        if before is None:
            del os.environ["QT_QPA_PLATFORM"]
        else:
            os.environ["QT_QPA_PLATFORM"] = before


def _undated(content: bytes, pack: Pack) -> bytes:
    """Replace the moment of writing and the random ids by ones that follow from the pack, of the same length."""
    through = pack.facts.through if pack.facts.through is not None else pack.scope.period.last
    when = date_of(through)
    digits = (pack.hash8 * 4)[:32]
    uuid = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"
    moment = f"{when:%Y-%m-%d}T12:00:00"
    zones = {19: "", 20: "Z", 25: "+00:00"}

    def dated(found: re.Match[bytes]) -> bytes:
        return (moment + zones[len(found[0])]).encode()

    content = re.sub(rb"(?<=\(D:)\d{14}(?=Z|[+-])", f"{when:%Y%m%d}120000".encode(), content)
    content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)?", dated, content)
    content = re.sub(rb"(?<=\(D:\d{14})[+-]\d\d'\d\d'", b"+00'00'", content)
    content = re.sub(rb"(?<=uuid:)[0-9a-f-]{36}", uuid.encode(), content)
    return re.sub(rb"(?<=<)[0-9a-f]{72}(?=>)", uuid.encode().hex().encode(), content)

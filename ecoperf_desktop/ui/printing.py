"""The print preview: the sheets as paper will show them, painted by the paper room itself."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtPrintSupport import QPrinter, QPrintPreviewDialog
from PySide6.QtWidgets import QWidget

from ecoperf_desktop.language import sentence
from ecoperf_desktop.reports import paper as sheets
from ecoperf_desktop.reports.pack import Pack


def printer_for(pack: Pack, paper: str) -> QPrinter:
    """Return a printer whose page is the one the sheets are made for."""
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setDocName(f"{pack.facts.report} {pack.hash8}")
    printer.setCreator("EcoPerf")
    printer.setFullPage(True)
    printer.setPageLayout(sheets.page_layout(paper))
    return printer


def preview(pack: Pack, paper: str, parent: QWidget) -> QPrintPreviewDialog:
    """Open the preview; what is printed from it is vector, like the PDF."""
    printer = printer_for(pack, paper)
    dialog = QPrintPreviewDialog(printer, parent, Qt.WindowType.Window)
    # The dialog does not own the printer it was given.
    dialog._printer = printer  # type: ignore[attr-defined]
    dialog.setWindowTitle(sentence("ui.preview_title"))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.paintRequested.connect(lambda device: sheets.paint(pack, device))
    dialog.resize(1100, 800)
    dialog.open()
    return dialog

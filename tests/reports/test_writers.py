"""Text, HTML, JSON and PDF: the same numbers, nothing executable, and paper that can be read by a machine."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from functools import cache
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any

import little_shop
import pytest
from pypdf import PdfReader

from ecoperf_desktop.errors import UsageError
from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.reports import fonts
from ecoperf_desktop.reports.as_json import as_json
from ecoperf_desktop.reports.blocks import Figure, Table, TextCell, Trend612
from ecoperf_desktop.reports.html import html
from ecoperf_desktop.reports.pack import Pack, pack
from ecoperf_desktop.reports.pages import PAGES
from ecoperf_desktop.reports.text import text

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module", params=["en", "zh"])
def made(request: pytest.FixtureRequest, shop_file: Path) -> Pack:
    from ecoperf_desktop.store.database import Workspace

    opened = Workspace.open(shop_file)
    try:
        return pack(little_shop.engine(opened), little_shop.scope(language=request.param))
    finally:
        opened.close()


@pytest.fixture(scope="module")
def printed(made: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from ecoperf_desktop.reports.paper import write_pdf

    path = tmp_path_factory.mktemp("paper") / "report.pdf"
    write_pdf(made, path)
    return path


@cache
def pdf_pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(content)).pages]


def pdf_text(path: Path) -> str:
    return "\n".join(pdf_pages(path.read_bytes()))


def squeezed(words: str) -> str:
    return re.sub(r"\s+", "", words)


def shown_figures(made: Pack) -> list[str]:
    """Return every number that both tables and cards show, as they show it."""
    found = []
    for page in made.pages:
        for block in page.blocks:
            if isinstance(block, Table):
                found += [cell.figure.text for row in block.rows for cell in row.cells if hasattr(cell, "figure") and cell.figure.value is not None]
            if isinstance(block, Trend612):
                found += [point.short for point in (*block.weeks.points, *block.months.points) if point.value is not None]
    return found


def test_text_html_json_and_paper_show_the_same_numbers(made: Pack, printed: Path) -> None:
    in_text, in_html = text(made), html(made)
    in_json = as_json(made)
    for page in made.areas:
        for block in page.blocks:
            if isinstance(block, Table):
                for row in block.rows:
                    for cell in row.cells:
                        if not isinstance(cell, TextCell) and cell.text:
                            assert cell.text in in_text and cell.text in in_html, (page.page, block.key, cell)
                            assert json.dumps(cell.text, ensure_ascii=False)[1:-1] in in_json
    on_paper = squeezed(pdf_text(printed))
    # The overview's scorecard is longer than the headlines of the first sheet: what only it shows is not printed.
    in_areas = {text for page in made.areas for block in page.blocks for text in _texts(block)}
    for figure in set(shown_figures(made)) & in_areas:
        assert squeezed(figure) in on_paper, figure


def _texts(block: Any) -> list[str]:
    if isinstance(block, Figure):
        return [block.text, block.short]
    if isinstance(block, tuple):
        return [text for part in block for text in _texts(part)]
    if dataclasses.is_dataclass(block) and not isinstance(block, type):
        return [text for field in dataclasses.fields(block) for text in _texts(getattr(block, field.name))]
    return []


def test_chinese_text_comes_back_from_the_pdf_as_it_was(made: Pack, printed: Path) -> None:
    on_paper = pdf_text(printed)
    assert not [letter for letter in on_paper if 0x2E80 <= ord(letter) <= 0x2FDF or letter == "\ufffd"]
    assert "\t" not in on_paper
    assert "栖木家居天猫店" in on_paper
    if made.scope.language == "zh":
        for words in ("经营周报", "净销售额", "本次决定", "退款率"):
            assert words in on_paper
        assert {"月", "金", "行"} & set(on_paper)


@pytest.mark.parametrize("words", ["月金行日目立竹自", "净销售额", "Net sales −4.7% ≤ 3.0% † → ×2"])
def test_letters_that_share_a_glyph_with_a_radical_come_back_right(words: str, tmp_path: Path) -> None:
    code = """
import os, sys
os.environ["QT_QPA_PLATFORM"] = "offscreen"
from PySide6.QtGui import QGuiApplication, QPainter, QPdfWriter
from ecoperf_desktop.reports.paper import load_fonts
from ecoperf_desktop.reports.paper.canvas import Canvas
application = QGuiApplication([])
writer = QPdfWriter(sys.argv[1])
load_fonts()
painter = QPainter(writer)
canvas = Canvas.of_page(painter, writer)
canvas.text(60, 60, sys.argv[2], 12)
canvas.text(60, 90, sys.argv[2], 12, bold=True)
painter.end()
"""
    path = tmp_path / "letters.pdf"
    subprocess.run([sys.executable, "-c", code, str(path), words], check=True, cwd=ROOT)
    assert squeezed(pdf_text(path)) == squeezed(words) * 2


def test_paper_is_vector_with_embedded_fonts_small_and_one_sheet_an_area_or_more(made: Pack, printed: Path) -> None:
    reader = PdfReader(printed)
    assert printed.stat().st_size <= 25_000 * len(reader.pages)
    assert len(made.pages) <= len(reader.pages) <= 4 * len(made.pages)
    for page in reader.pages:
        assert float(page.mediabox.width) == pytest.approx(842, abs=1) and float(page.mediabox.height) == pytest.approx(595, abs=1)
        resources = page["/Resources"]
        assert not resources.get("/XObject"), "a picture instead of lines"
        for font in resources["/Font"].values():
            (descendant,) = font.get_object()["/DescendantFonts"]
            assert "EcoPerfSans" in font.get_object()["/BaseFont"]
            assert "/FontFile2" in descendant.get_object()["/FontDescriptor"]


def test_every_sheet_names_report_hash_and_page(made: Pack, printed: Path) -> None:
    pages = pdf_pages(printed.read_bytes())
    for number, page in enumerate(pages, start=1):
        words = squeezed(page)
        assert made.facts.report in words and made.hash8 in words
        assert (f"第{number}/{len(pages)}页" if made.scope.language == "zh" else f"page{number}of{len(pages)}") in words


def test_paper_is_one_ink(printed: Path) -> None:
    for page in PdfReader(printed).pages:
        content = page.get_contents()
        assert content is not None
        for red, green, blue in re.findall(rb"([\d.]+) ([\d.]+) ([\d.]+) (?:sc|SC|scn|SCN|rg|RG)\b", content.get_data()):
            assert red == green == blue


def test_the_first_sheet_stands_alone(made: Pack, printed: Path) -> None:
    words = squeezed(pdf_pages(printed.read_bytes())[0])
    expected = {
        "en": ("Weeklyreview", "Week33,2026", "Actionsfromthelastmeeting", "Headline", "Netsalesbridge", "Contributionbridge", "Todiscuss", "Restatedsincethelastmeeting", "Decisions", "Signatures", "Draft,notfrozen", "Asia/Shanghai", "CNY"),
        "zh": ("经营周报", "2026年第33周", "上次会议的动作", "主要指标", "净销售额桥图", "贡献毛益桥图", "要讨论的", "上次会议后被重述的数字", "本次决定", "签字", "草稿，未冻结"),
    }
    for part in expected[made.scope.language]:
        assert part in words, part


def test_letter_paper_is_another_size_of_the_same_sheets(made: Pack, tmp_path: Path) -> None:
    from ecoperf_desktop.reports.paper import write_pdf

    path = tmp_path / "letter.pdf"
    write_pdf(made, path, paper="Letter")
    box = PdfReader(path).pages[0].mediabox
    assert (float(box.width), float(box.height)) == (792, 612)
    assert made.hash8 in squeezed(pdf_text(path))
    with pytest.raises(UsageError, match="no paper"):
        write_pdf(made, path, paper="A0")


def test_the_same_workspace_and_scope_give_the_same_bytes_in_another_process(made: Pack, shop_file: Path, tmp_path: Path) -> None:
    # Two of their own: what other tests of this process did with fonts names them otherwise in the file.
    code = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[4])
import little_shop
from ecoperf_desktop.reports.pack import pack
from ecoperf_desktop.reports.paper import write_pdf
from ecoperf_desktop.store.database import Workspace
opened = Workspace.open(Path(sys.argv[1]))
write_pdf(pack(little_shop.engine(opened), little_shop.scope(language=sys.argv[2])), Path(sys.argv[3]))
"""
    once, again = tmp_path / "once.pdf", tmp_path / "again.pdf"
    for path in (once, again):
        given = [str(shop_file), made.scope.language, str(path), str(Path(__file__).parent)]
        subprocess.run([sys.executable, "-c", code, *given], check=True, cwd=ROOT)
    assert once.read_bytes() == again.read_bytes()


def test_any_other_number_gives_another_hash(engine: Engine) -> None:
    first = pack(engine, little_shop.scope())
    assert first.hash8 == pack(engine, little_shop.scope()).hash8
    assert first.hash8 != pack(engine, little_shop.scope(day=little_shop.LAST - 7)).hash8
    assert first.hash8 != pack(engine, little_shop.scope(shop=little_shop.SHOPS[0])).hash8


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in ("meta", "br", "polyline", "line"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, (tag, self.open[-3:])
        self.open.pop()


def test_html_is_whole_loads_nothing_and_escapes_what_files_brought(made: Pack) -> None:
    document = html(made)
    tags = _Tags()
    tags.feed(document.replace("/>", ">"))
    assert tags.open == []
    assert not tags.seen & {"script", "link", "img", "iframe", "b", "own", "object"}
    assert not [name for name, _ in tags.attributes if name.startswith("on") or name in ("src", "href")]
    assert "Qimu &lt;own&gt; &amp; site" in document and "=brand &lt;b&gt;" in document


def test_json_writes_money_in_major_units_and_missing_as_null(made: Pack) -> None:
    document = json.loads(as_json(made))
    assert document["hash"] == made.hash8 and document["currency"] == "CNY"
    overview = document["pages"][0]
    card = next(block for block in overview["blocks"] if block["kind"] == "Table")
    rows = {row["key"]: row["cells"] for row in card["rows"]}
    assert re.fullmatch(r"\d+\.\d\d", rows["net_sales"][1]["figure"]["value"])
    assert rows["csat"][1]["figure"]["value"] is None and rows["csat"][1]["figure"]["reason"]
    assert isinstance(rows["refund_rate_amount"][1]["figure"]["value"], float)


def test_terminal_text_carries_no_control_characters(made: Pack) -> None:
    assert all(line.isprintable() for line in text(made).splitlines())


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_empty_workspace_prints_too(nothing: Engine, tmp_path: Path, language: str) -> None:
    from ecoperf_desktop.reports.paper import write_pdf

    made = pack(nothing, little_shop.scope(language=language))
    assert [page.page for page in made.pages] == ["overview"]
    path = tmp_path / "empty.pdf"
    write_pdf(made, path)
    assert len(PdfReader(path).pages) == 1
    for written in (text(made), html(made), pdf_text(path)):
        assert ("尚未导入任何数据" if language == "zh" else "Nothing is imported yet") in written
    assert json.loads(as_json(made))["pages"][0]["blocks"][0]["kind"] == "Empty"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asked_for_by_name_prints_empty_and_full(engine: Engine, nothing: Engine, page: str, tmp_path: Path) -> None:
    from ecoperf_desktop.reports.paper import write_pdf

    for source, name in ((engine, "full"), (nothing, "none")):
        made = pack(source, little_shop.scope(), (page,))
        assert [summary.page for summary in made.pages] == [page]
        path = tmp_path / f"{name}.pdf"
        write_pdf(made, path)
        assert made.pages[0].title in pdf_text(path) or page == "overview"
        assert made.pages[0].title in text(made) and made.pages[0].title in html(made)


def test_an_unknown_page_is_refused(engine: Engine) -> None:
    with pytest.raises(UsageError, match="no page"):
        pack(engine, little_shop.scope(), ("overview", "nonsense"))


def test_the_preview_and_a_printer_get_the_same_sheets(made: Pack, printed: Path, qapp: Any, tmp_path: Path) -> None:
    from PySide6.QtPrintSupport import QPrinter

    from ecoperf_desktop.reports.paper import page_layout, paint

    path = tmp_path / "printer.pdf"
    printer = QPrinter(QPrinter.PrinterMode.HighResolution)
    printer.setOutputFormat(QPrinter.OutputFormat.PdfFormat)
    printer.setOutputFileName(str(path))
    printer.setPageLayout(page_layout("A4"))
    paint(made, printer)
    assert squeezed(pdf_text(path)) == squeezed(pdf_text(printed))


def test_bundled_fonts_are_few_and_carry_the_letters_we_need() -> None:
    from fontTools.ttLib import TTFont

    assert sum(path.stat().st_size for path in fonts.files()) <= 8_000_000
    chinese = next(path for path in fonts.files() if path.stem == "EcoPerfSansSC-Regular")
    known = TTFont(chinese).getBestCmap()
    for first in range(0xB0, 0xF8):
        for second in range(0xA1, 0xFF):
            try:
                letter = bytes((first, second)).decode("gb2312")
            except UnicodeDecodeError:
                continue
            assert ord(letter) in known, letter
    assert not [point for point in known if 0x2E80 <= point <= 0x2FDF]
    latin = TTFont(next(path for path in fonts.files() if path.stem == "EcoPerfSans-Regular"))
    widths = {latin["hmtx"][latin.getBestCmap()[ord(digit)]][0] for digit in "0123456789"}
    assert len(widths) == 1, "digits of one width"

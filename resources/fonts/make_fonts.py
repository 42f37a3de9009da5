"""Make the bundled fonts again: subsets of Inter and Noto Sans CJK SC under their own family names.

    python resources/fonts/make_fonts.py

Needs fontTools and the Debian packages fonts-inter and fonts-noto-cjk.  Renamed because the Open Font License
asks modified versions for another name, and so that they are never mistaken for an installed font.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

HERE = Path(__file__).parent
INTER = Path("/usr/share/fonts/opentype/inter")
NOTO = Path("/usr/share/fonts/opentype/noto")
LATIN_FAMILY = "EcoPerf Sans"
CHINESE_FAMILY = "EcoPerf Sans SC"
SIMPLIFIED_CHINESE = 2  # position of the face in the collection

# Marks, arrows, currency signs and mathematical signs that reports and window use.
MARKS = "–—‘’“”‚„†‡•…‰′″‹›€₩₹₫₱฿₽™←↑→↓↔−×÷±≈≠≤≥∞∑√▲△▼▽◆◇○◎●◐◑■□★☆✓✗"


def main() -> None:
    latin = {*range(0x20, 0x7F), *range(0xA0, 0x250), *range(0x370, 0x400), *range(0x400, 0x460), *map(ord, MARKS)}
    latin |= set(range(0x1E80, 0x1EFA))  # Vietnamese and Welsh
    for weight, number in (("Regular", 400), ("Medium", 500), ("SemiBold", 600), ("Bold", 700)):
        font = TTFont(INTER / f"Inter-{weight}.otf")
        _use_tabular_figures(font)
        _cut(font, latin, ["kern", "mark", "ccmp", "locl"])
        _rename(font, LATIN_FAMILY, weight, number)
        font.save(HERE / f"EcoPerfSans-{weight}.otf")
    for weight, number in (("Regular", 400), ("Bold", 700)):
        font = TTCollection(str(NOTO / f"NotoSansCJK-{weight}.ttc")).fonts[SIMPLIFIED_CHINESE]
        _cut(font, _gb2312() | set(map(ord, MARKS)) | set(range(0x20, 0x7F)), [])
        _rename(font, CHINESE_FAMILY, weight, number)
        font.save(HERE / f"EcoPerfSansSC-{weight}.otf")


def _gb2312() -> set[int]:
    """Return the characters of GB2312; the radicals U+2E80-2FDF, which share glyphs and spoil copied text, are no part."""
    points: set[int] = set()
    for row in range(0xA1, 0xF8):
        for cell in range(0xA1, 0xFF):
            try:
                points.add(ord(bytes((row, cell)).decode("gb2312")))
            except UnicodeDecodeError:
                continue
    points |= set(range(0x3000, 0x3020)) | set(range(0xFF01, 0xFF5F)) | {0xFFE5}
    return {point for point in points if not 0x2E80 <= point <= 0x2FDF}


def _use_tabular_figures(font: TTFont) -> None:
    """Let digits have one width by themselves, so that no layout feature needs to be asked for."""
    substitutions = font["GSUB"].table
    indexes = {
        lookup
        for record in substitutions.FeatureList.FeatureRecord
        if record.FeatureTag == "tnum"
        for lookup in record.Feature.LookupListIndex
    }
    swap: dict[str, str] = {}
    for index in indexes:
        for table in substitutions.LookupList.Lookup[index].SubTable:
            swap.update(getattr(getattr(table, "ExtSubTable", table), "mapping", {}))
    wanted = {*range(0x30, 0x3A), ord("+"), ord("−")}
    for table in font["cmap"].tables:
        if not hasattr(table, "cmap"):
            continue
        for point in wanted & set(table.cmap):
            table.cmap[point] = swap.get(table.cmap[point], table.cmap[point])


def _give_tab_a_glyph(font: TTFont) -> None:
    """Let the tab have the em space's glyph: one without a glyph borrows the space's, and text copied from a PDF
    then has tabs for spaces."""
    best = font.getBestCmap()
    for table in font["cmap"].tables:
        if hasattr(table, "cmap") and 0x2003 in best:
            table.cmap[0x09] = best[0x2003]


def _cut(font: TTFont, points: set[int], features: list[str]) -> None:
    options = Options()
    options.layout_features = features
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.hinting = False
    options.desubroutinize = False
    options.drop_tables += ["BASE", "VORG", "vhea", "vmtx", "DSIG"]
    options.notdef_outline = True
    _give_tab_a_glyph(font)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes={*points, 0x09})
    subsetter.subset(font)


def _rename(font: TTFont, family: str, style: str, weight: int) -> None:
    names = font["name"]
    plain = f"{family.replace(' ', '')}-{style}"
    copyright_text = names.getDebugName(0) or ""
    names.names = []
    regular = style in ("Regular", "Bold")
    entries = {
        0: copyright_text,
        1: family if regular else f"{family} {style}",
        2: style if regular else "Regular",
        3: f"1.0;{plain}",
        4: f"{family} {style}",
        5: "Version 1.0",
        6: plain,
        13: "Licensed under the SIL Open Font License, Version 1.1; see OFL.txt.",
        14: "https://openfontlicense.org",
        **({} if regular else {16: family, 17: style}),
    }
    for number, text in entries.items():
        names.setName(text, number, 3, 1, 0x409)
    font["OS/2"].usWeightClass = weight
    if "CFF " in font:
        top = font["CFF "].cff
        top.fontNames = [plain]
        top[0].FullName, top[0].FamilyName = f"{family} {style}", family


if __name__ == "__main__":
    main()

"""How the window looks: colours, type, space, the palette and the few lines of style sheet.

Colour is for judgement only: ink and greys carry the numbers, teal and burnt
orange carry verdicts, blue is this year and what can be clicked.
"""

from __future__ import annotations

import sys
from functools import cache

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from ecoperf_desktop.records import dataclass
from ecoperf_desktop.reports import fonts


@dataclass(frozen=True)
class Looks:
    """One table of colours, as ``#RRGGBB``; the names are what they are for."""

    name: str
    bg: str
    chrome: str
    surface: str
    surface2: str
    sel: str
    border: str
    hair: str
    ink: str
    ink2: str
    ink3: str
    accent: str
    on_accent: str
    better: str
    worse: str
    quiet: str
    series: str
    last: str
    limit: str
    target: str
    band: str
    band_text: str
    hatch: str
    bar: str
    bar_up: str
    bar_down: str
    cat: tuple[str, str, str, str, str]
    heat_low: str
    heat_high: str
    zone_needs: str
    zone_poor: str
    strip: str
    on_strip: str
    strip_link: str
    warn_bg: str

    @property
    def dark(self) -> bool:
        return self.name == "dark"


LIGHT = Looks(
    name="light", bg="#F3F4F6", chrome="#ECEEF1", surface="#FFFFFF", surface2="#F7F8FA", sel="#E6EEFA",
    border="#D9DDE3", hair="#E8EBEF", ink="#171C24", ink2="#475160", ink3="#606977", accent="#1F5BBF",
    on_accent="#FFFFFF", better="#0A6F69", worse="#B3440A", quiet="#6A5A1E", series="#1D4F9E", last="#8A95A4",
    limit="#8792A1", target="#171C24", band="#F5F0E2", band_text="#7A6A35", hatch="#B9C1CC", bar="#5B83BF",
    bar_up="#2E8F88", bar_down="#C9763F", cat=("#1D5FB0", "#5B98D0", "#B867A0", "#9A8A12", "#59626F"),
    heat_low="#F1F5FB", heat_high="#1D4F9E", zone_needs="#FCF9EE", zone_poor="#FBEFE7",
    strip="#171C24", on_strip="#F3F4F6", strip_link="#9CC2FF", warn_bg="#FBEFE7",
)  # fmt: skip

DARK = Looks(
    name="dark", bg="#12151A", chrome="#0E1115", surface="#1A1E25", surface2="#20252D", sel="#233453",
    border="#323945", hair="#282E37", ink="#E9ECF1", ink2="#B4BCC8", ink3="#99A3B0", accent="#7FAEF8",
    on_accent="#0E1115", better="#4FC4B7", worse="#F19A5E", quiet="#D9C46B", series="#8CB6F5", last="#687586",
    limit="#6F7B8B", target="#E9ECF1", band="#2D2A20", band_text="#B9A766", hatch="#465060", bar="#6E97D6",
    bar_up="#3FA399", bar_down="#CC8150", cat=("#6FA4EE", "#A9D3F2", "#D493BF", "#CDBB4E", "#6B7583"),
    heat_low="#1F2733", heat_high="#8CB6F5", zone_needs="#322C1A", zone_poor="#38261A",
    strip="#2A303A", on_strip="#E9ECF1", strip_link="#9CC2FF", warn_bg="#38261A",
)  # fmt: skip

# Space, in pixels at 100 %: everything is a multiple of STEP.
STEP = 4
PAGE_SIDE, PAGE_TOP = 20, 12
GUTTER = 12
CARD_PADDING = 14
CARD_HEAD = 36
CELL_INSET = 8
RADIUS_CARD, RADIUS_CONTROL, RADIUS_PILL = 8, 6, 4
CONTROL = 30
TOOL_BAR, TAB_BAR, STATUS_BAR = 48, 38, 26
PAGE_WIDEST = 2400

# Roles of type: pixels at 100 % and weight.
_ROLES: dict[str, tuple[float, QFont.Weight]] = {
    "welcome": (26, QFont.Weight.DemiBold),
    "figure": (23, QFont.Weight.DemiBold),
    "sentence": (16, QFont.Weight.DemiBold),
    "block_value": (15, QFont.Weight.DemiBold),
    "body": (13, QFont.Weight.Normal),
    "body_medium": (13, QFont.Weight.Medium),
    "body_strong": (13, QFont.Weight.DemiBold),
    "table": (12.5, QFont.Weight.Normal),
    "table_medium": (12.5, QFont.Weight.Medium),
    "table_strong": (12.5, QFont.Weight.DemiBold),
    "small": (11.5, QFont.Weight.Normal),
    "small_strong": (11.5, QFont.Weight.DemiBold),
    "axis": (10.7, QFont.Weight.Normal),
    "axis_strong": (10.7, QFont.Weight.DemiBold),
}
# The size in points the system's own font has where nobody changed it.
_USUAL_POINTS = {"win32": 9.0, "darwin": 13.0}

# Behind the bundled fonts and the system's Chinese ones: whatever Latin the system has.
_LAST_FAMILIES = ("Inter", "Segoe UI", "Helvetica Neue", "DejaVu Sans")

# Given to QApplication when it is made: to ask it for its style, or to set one, would make Python look through
# every class of Qt, which takes longer than the first paint.
STYLE = ("-style", "fusion")

_now = LIGHT
_scale = 1.0
_dots = 96.0  # of an inch, as fonts count them
_families: tuple[str, ...] = (*fonts.FAMILIES, *_LAST_FAMILIES)


def now() -> Looks:
    """Return the colours in use."""
    return _now


def color(value: str) -> QColor:
    return _color(value)


@cache
def _color(value: str) -> QColor:
    return QColor(value)


def px(pixels: float) -> int:
    """Return a length of the design at the person's font size."""
    return round(pixels * _scale)


def font(role: str = "body") -> QFont:
    """Return the font of a role, with figures of one width.  Do not change it: copy it first."""
    return _font(role, _scale, _families)


@cache
def _font(role: str, scale: float, families: tuple[str, ...]) -> QFont:
    size, weight = _ROLES[role]
    made = QFont()
    made.setFamilies(list(families))
    # Given in points, since pixels would be rounded to whole ones.
    made.setPointSizeF(size * scale * 72 / _dots)
    made.setWeight(weight)
    made.setFeature(QFont.Tag("tnum"), 1)
    made.setStyleHint(QFont.StyleHint.SansSerif)
    return made


@cache
def mono() -> QFont:
    made = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    families = [*made.families(), *_families]
    made.setFamilies(families)
    made.setPointSizeF(12 * _scale * 72 / _dots)
    return made


def wanted(appearance: str) -> Looks:
    """Return the colours of a preference: ``light``, ``dark`` or ``system``."""
    if appearance == "system":
        scheme = QGuiApplication.styleHints().colorScheme()
        return DARK if scheme is Qt.ColorScheme.Dark else LIGHT
    return DARK if appearance == "dark" else LIGHT


def dress(app: QApplication, appearance: str) -> None:
    """Give the whole program its font, palette and style sheet; the application was made with ``STYLE``."""
    global _now
    _now = wanted(appearance)
    _measure(app)
    app.setFont(font("body"))
    app.setPalette(_palette(_now))
    app.setStyleSheet(_sheet(_now))


def load_fonts() -> None:
    """Put the bundled fonts before the system's; call it once, before the first text is drawn."""
    for path in fonts.files():
        QFontDatabase.addApplicationFont(str(path))


def blend(low: str, high: str, share: float) -> QColor:
    """Return the colour ``share`` (0 to 1) of the way from ``low`` to ``high``."""
    one, two = _color(low), _color(high)
    share = min(1.0, max(0.0, share))
    return QColor(
        round(one.red() + (two.red() - one.red()) * share),
        round(one.green() + (two.green() - one.green()) * share),
        round(one.blue() + (two.blue() - one.blue()) * share),
    )


def _measure(app: QApplication) -> None:
    global _scale, _dots
    _dots = app.primaryScreen().logicalDotsPerInch() or 96.0
    usual = _USUAL_POINTS.get(sys.platform)
    chosen = QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).pointSizeF()
    # Linux desktops have no one usual size; only a clearly larger font is a wish.
    if usual is None:
        usual = chosen if 8.0 <= chosen <= 11.5 else 10.0
    _scale = min(2.0, max(0.9, chosen / usual)) if chosen > 0 else 1.0


def _palette(looks: Looks) -> QPalette:
    palette = QPalette()
    role = QPalette.ColorRole
    for name, value in (
        (role.Window, looks.bg), (role.WindowText, looks.ink), (role.Base, looks.surface),
        (role.AlternateBase, looks.surface2), (role.Text, looks.ink), (role.Button, looks.surface),
        (role.ButtonText, looks.ink), (role.BrightText, looks.on_accent), (role.Highlight, looks.sel),
        (role.HighlightedText, looks.ink), (role.ToolTipBase, looks.surface), (role.ToolTipText, looks.ink),
        (role.PlaceholderText, looks.ink3), (role.Link, looks.accent), (role.LinkVisited, looks.accent),
        (role.Accent, looks.accent), (role.Light, looks.surface), (role.Midlight, looks.hair),
        (role.Mid, looks.border), (role.Dark, looks.last), (role.Shadow, looks.ink3),
    ):  # fmt: skip
        palette.setColor(name, _color(value))
    for name in (role.Text, role.WindowText, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, _color(looks.last))
    return palette


def _sheet(looks: Looks) -> str:
    """Return the style sheet: cards, tabs, table heads and the bars; all else is Fusion with the palette."""
    return f"""
    QMenuBar, QStatusBar {{ background: {looks.chrome}; color: {looks.ink2}; }}
    QMenuBar {{ border-bottom: 1px solid {looks.border}; padding: 3px 8px; color: {looks.ink}; }}
    QMenuBar::item {{ padding: 4px 8px; background: transparent; border-radius: {RADIUS_PILL}px; }}
    QMenuBar::item:selected {{ background: {looks.sel}; }}
    QStatusBar {{ border-top: 1px solid {looks.border}; }}
    QStatusBar::item {{ border: 0; }}
    QFrame#card, QFrame#kpi {{ background: {looks.surface}; border: 1px solid {looks.border};
        border-radius: {RADIUS_CARD}px; }}
    QFrame#kpi:focus, QFrame#card:focus {{ border: 2px solid {looks.accent}; }}
    QWidget#bar, QWidget#tabs {{ background: {looks.surface}; }}
    QFrame#foot {{ background: {looks.surface2}; border: 0; border-top: 1px solid {looks.border};
        border-bottom-left-radius: {RADIUS_CARD - 1}px; border-bottom-right-radius: {RADIUS_CARD - 1}px; }}
    QTableView#rows {{ background: transparent; border: 0; selection-background-color: {looks.sel};
        selection-color: {looks.ink}; outline: 0; }}
    QHeaderView, QHeaderView::section {{ background: {looks.surface2}; color: {looks.ink3}; border: 0; }}
    QScrollBar:vertical {{ background: transparent; width: 10px; margin: 1px; }}
    QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 1px; }}
    QScrollBar::handle {{ background: {looks.border}; border-radius: 4px; min-height: 28px; min-width: 28px; }}
    QScrollBar::handle:hover {{ background: {looks.last}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
    QToolTip {{ background: {looks.surface}; color: {looks.ink}; border: 1px solid {looks.border}; padding: 4px; }}
    QScrollArea#page, QScrollArea#page > QWidget > QWidget#sheet {{ background: {looks.bg}; border: 0; }}
    QLineEdit, QComboBox, QDateEdit, QSpinBox {{ min-height: {CONTROL - 10}px; }}
    """

"""Speaks a language in the whole program: ours and Qt's own words."""

from __future__ import annotations

from PySide6.QtCore import QLibraryInfo, QLocale, QTranslator
from PySide6.QtWidgets import QApplication

from ecoperf_desktop import language

_qt: list[QTranslator] = []


def speak(app: QApplication, chosen: str) -> None:
    """Use ``chosen`` for our sentences, Qt's buttons and the form of dates."""
    language.set_language(chosen)
    QLocale.setDefault(QLocale(QLocale.Language.Chinese, QLocale.Country.China) if chosen == "zh" else QLocale(QLocale.Language.English))
    while _qt:
        app.removeTranslator(_qt.pop())
    if chosen == "zh":
        translator = QTranslator()
        if translator.load("qtbase_zh_CN", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            app.installTranslator(translator)
            _qt.append(translator)

"""Greys out what writes where nothing can be written, and says why in its tip."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget

from ecoperf_desktop.ui.texts import tip

_OWN_TIP = "own tip"


class _Holding(QObject):
    """Keeps a widget greyed out whatever its dialog thinks of it."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() is QEvent.Type.EnabledChange and isinstance(watched, QWidget) and watched.isEnabled() and watched.property(_OWN_TIP) is not None:
            watched.setEnabled(False)
        return False


def forbid_writing(within: QWidget, why: str) -> None:
    """Disable every widget inside that is marked ``writes``, for the reason ``why``; an empty one gives it back."""
    for widget in within.findChildren(QWidget):
        if not widget.property("writes"):
            continue
        if why:
            if widget.property(_OWN_TIP) is None:
                widget.setProperty(_OWN_TIP, widget.toolTip())
                widget.installEventFilter(_Holding(widget))
            widget.setEnabled(False)
            widget.setToolTip(tip(why))
        elif widget.property(_OWN_TIP) is not None:
            widget.setToolTip(widget.property(_OWN_TIP))
            widget.setProperty(_OWN_TIP, None)
            widget.setEnabled(True)

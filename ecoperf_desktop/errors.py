"""Every problem we expect, as a tree; anything else is a bug."""

from __future__ import annotations


class EcoPerfError(Exception):
    """A problem a person can act on.

    ``code`` names a sentence in ``resources/languages`` (``room.key``); ``details`` fill its
    placeholders.  The English sentence is the exception's text, so that logs
    and tests read well without a language.
    """

    def __init__(self, code: str, **details: object) -> None:
        self.code = code
        self.details = details
        super().__init__(code, details)

    def __str__(self) -> str:
        from ecoperf_desktop import language

        return language.sentence(self.code, "en", **self.details)


class UsageError(EcoPerfError):
    """The command was asked wrongly: exit code 2."""


class FileRefused(EcoPerfError):
    """Nothing of this file is stored; the text says why and what to do."""


class MappingError(EcoPerfError):
    """A format descriptor is wrong."""


class WorkspaceError(EcoPerfError):
    """The workspace cannot be opened, read or written."""


class WorkspaceTooNew(WorkspaceError):
    """The file was written by a newer program; it was not touched."""


class WorkspaceDamaged(WorkspaceError):
    """The file does not pass the integrity check."""


class WorkspaceInUse(WorkspaceError):
    """Another program holds the workspace."""


class MetricRefused(EcoPerfError):
    """A metric was asked in a way its definition does not allow."""


class GoalRefused(EcoPerfError):
    """A target, a scorecard, a tree of goals or a rule for bonuses that cannot be."""


class Cancelled(EcoPerfError):
    """The person stopped the work; nothing of it was stored: exit code 130."""

    def __init__(self) -> None:
        super().__init__("general.stopped")

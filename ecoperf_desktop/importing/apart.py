"""A long text read in a process of its own, so that reading it and storing it use a processor each.

Both talk in pickles, which is safe since each is this very program.  To the child goes one ``Job``; from it come a
``Begun``, then ``Piece`` after ``Piece``, and at last a ``Whole``, a ``Refused`` or a ``Failed``.  A child that ends
without one of these has left nothing behind: the caller reads the file itself.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from ecoperf_desktop.errors import FileRefused
from ecoperf_desktop.importing import child, limits
from ecoperf_desktop.model.finding import Finding

if TYPE_CHECKING:
    import subprocess

    from ecoperf_desktop.importing.container import Member
    from ecoperf_desktop.importing.descriptor import Format
    from ecoperf_desktop.importing.raw import Chunk
    from ecoperf_desktop.model.columns import Asserted
    from ecoperf_desktop.model.importing import Answers, ImportHead

# Below this a process costs more than it saves.
WORTH_IT = 24 * limits.MIB


@dataclass(frozen=True)
class Job:
    member: Member
    form: Format
    source: str
    settings: Mapping[str, str]
    known: Answers | None


@dataclass(frozen=True)
class Begun:
    """What the file's beginning shows; ``head`` None when all of it has to be read before anything is known."""

    head: ImportHead | None


@dataclass(frozen=True)
class Piece:
    """Rows of one block, and the compressed texts that are ready by now, be they of this block or an earlier one."""

    tables: list[Asserted]
    size: int
    chunks: list[Chunk]


@dataclass(frozen=True)
class Whole:
    """What is known at the end: values of ``Prepared`` by name."""

    values: dict[str, object]


@dataclass(frozen=True)
class Refused:
    code: str
    details: dict[str, object]
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Failed:
    """A bug, with its traceback."""

    trace: str


class Ended(Exception):
    """The process cannot go on, or the file has to be read another way."""


class RefusedApart(FileRefused):
    """A refusal by the reading process, with the findings which led to it."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.code, **refused.details)
        self.findings = refused.findings


def worth_it(paths: Sequence[Path]) -> bool:
    """Say whether this is one file long enough to be read apart."""
    try:
        return len(paths) == 1 and paths[0].is_file() and paths[0].stat().st_size >= WORTH_IT
    except OSError:
        return False


Said: TypeAlias = Begun | Piece | Whole


class ReadingProcess:
    """The process, started before it is needed, for one file.  Use it in a ``with``.

    ``has_read`` says that it read the file to its end.
    """

    def __init__(self) -> None:
        self.has_read = False
        self._process: subprocess.Popen[bytes] | None = None
        try:
            self._process = child.started(child.READ_TEXT)
        except OSError:
            pass  # no process to be had: the file is read here

    def __enter__(self) -> ReadingProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            child.end(self._process)
            self._process = None

    def begin(self, job: Job) -> ImportHead | None:
        """Have the file begun and return its head, None when all of it has to be read first.

        Raises FileRefused like ``prepare.begin``, and Ended when the process cannot do it.
        """
        if self._process is None or self._process.stdin is None:
            raise Ended
        try:
            pickle.dump(job, self._process.stdin, pickle.HIGHEST_PROTOCOL)
            self._process.stdin.close()
        except OSError:
            raise Ended from None
        said = self._next()
        if not isinstance(said, Begun):
            raise Ended
        return said.head

    def stream(self, tick: Callable[[int], None]) -> Generator[Piece, None, Whole]:
        """Yield the pieces, then return what the file is; raises FileRefused, and Ended like ``begin``."""
        try:
            while isinstance(said := self._next(), Piece):
                tick(said.size)
                yield said
            if not isinstance(said, Whole):
                raise Ended
            self.has_read = True
            return said
        finally:
            self.close()

    def _next(self) -> Said:
        if self._process is None or self._process.stdout is None:
            raise Ended
        try:
            said: Said | Refused | Failed = pickle.load(self._process.stdout)  # noqa: S301 - written by this program
        except (EOFError, OSError, pickle.UnpicklingError):
            self.close()
            raise Ended from None
        if isinstance(said, Refused):
            raise RefusedApart(said)
        if isinstance(said, Failed):
            raise RuntimeError(said.trace)
        return said

"""All formats at hand, each made from its file only when a file's headers point at it.

Making a format (its patterns, rules and checks) takes some milliseconds, and there are many; most imports need one or two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import overload

from ecoperf_desktop import paths
from ecoperf_desktop.importing import descriptor
from ecoperf_desktop.importing.declared import Tree
from ecoperf_desktop.importing.descriptor import Format
from ecoperf_desktop.records import dataclass


@dataclass(frozen=True)
class Outline:
    """What says whether a format has to be looked at.

    ``finders`` are normalised headers of which a file of this format has at least one; None when the headers do not tell.
    """

    id: str
    layout: str
    header: str
    finders: tuple[str, ...] | None


def outline(form: Format) -> Outline:
    """Return the outline of a format."""
    tests = form.detect.all or form.detect.any
    finders: tuple[str, ...] | None = None
    if tests and not any(test.patterns for test in tests):
        # Of tests that must all hold, one is enough to find the format by.
        finders = tuple(sorted(name for test in (tests[:1] if form.detect.all else tests) for name in test.names))
    return Outline(form.id, form.read.layout, form.read.header, finders)


class Shelf(Sequence[Format]):
    """Formats in a fixed order; ``outlines`` has one for each, in the same order."""

    def __init__(self, entries: Iterable[tuple[Outline, Callable[[], Format]]]) -> None:
        self._entries = tuple(entries)
        self._made: dict[int, Format] = {}
        self.outlines = tuple(outlined for outlined, _ in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    @overload
    def __getitem__(self, place: int) -> Format: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Format]: ...
    def __getitem__(self, place: int | slice) -> Format | Sequence[Format]:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if place < 0:
            place += len(self)
        if place not in self._made:
            self._made[place] = self._entries[place][1]()
        return self._made[place]

    def __iter__(self) -> Iterator[Format]:
        return (self[place] for place in range(len(self)))

    def with_given(self, given: Sequence[Format]) -> Shelf:
        """Return these formats and the given ones, which win on equal id."""
        ids = {form.id for form in given}
        kept = ((outlined, partial(self.__getitem__, place)) for place, outlined in enumerate(self.outlines) if outlined.id not in ids)
        return Shelf((*kept, *_made(given)))


def shelf(formats: Sequence[Format]) -> Shelf:
    """Return formats that are made already as a shelf."""
    return formats if isinstance(formats, Shelf) else Shelf(_made(formats))


def shipped() -> Shelf:
    """Return every format: those of the program and, winning on equal id, the person's own.

    Raise MappingError for a descriptor of the person's own that is wrong.
    """
    own = paths.user_formats()
    ours = paths.resources() / "formats"
    kept = _ours(ours, descriptor.stamp(ours))
    return kept.with_given(_own(own, descriptor.stamp(own))) if own.is_dir() else kept


@lru_cache(maxsize=2)
def _ours(folder: Path, stamp: descriptor.Stamp) -> Shelf:
    """Return the program's formats; ``stamp`` only tells that none of them changed."""
    del stamp
    trees = descriptor.trees(folder)
    known = {descriptor.id_of(tree): tree for tree in trees.values()}
    makers = [partial(descriptor.made, path, tree, known) for path, tree in trees.items()]
    return Shelf(zip(_outlines(folder, trees, makers), makers, strict=True))


@lru_cache(maxsize=2)
def _own(folder: Path, stamp: descriptor.Stamp) -> tuple[Format, ...]:
    """Return the person's own formats; ``stamp`` only tells that none of them changed."""
    del stamp
    return tuple(descriptor.read_all([folder]))


def _made(formats: Iterable[Format]) -> Iterator[tuple[Outline, Callable[[], Format]]]:
    return ((outline(form), partial(_same, form)) for form in formats)


def _same(form: Format) -> Format:
    return form


def _outlines(folder: Path, trees: dict[Path, Tree], ours: Sequence[Callable[[], Format]]) -> list[Outline]:
    """Return the outlines of a folder's formats, kept in the cache folder for as long as no file's size or time changes."""
    stamp = [list(one) for one in descriptor.stamp(folder)]
    kept = descriptor.cache_file("outlines", folder)
    try:
        cached = json.loads(kept.read_text(encoding="utf-8"))
        if cached["stamp"] == stamp and len(cached["outlines"]) == len(trees):
            return [Outline(name, layout, header, None if finders is None else tuple(finders)) for name, layout, header, finders in cached["outlines"]]
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        pass
    made = [outline(make()) for make in ours]
    fields = [[one.id, one.layout, one.header, one.finders] for one in made]
    descriptor.keep(kept, json.dumps({"stamp": stamp, "outlines": fields}, ensure_ascii=False))
    return made

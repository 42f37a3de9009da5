"""The printed pack: the summaries of its pages and what identifies them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ecoperf_desktop.metrics.evaluate import Engine
from ecoperf_desktop.reports.as_json import document
from ecoperf_desktop.reports.blocks import Facts, PageSummary, Scope
from ecoperf_desktop.reports.pages import PRINTED
from ecoperf_desktop.reports.summary import summaries


@dataclass(frozen=True)
class Pack:
    """What is printed or written: the first sheet's summary (the overview), then a sheet an area.

    ``hash8`` is the beginning of a SHA-256 over every number and word of the pack: the same workspace and
    the same scope give the same eight characters, on any computer.
    """

    scope: Scope
    pages: tuple[PageSummary, ...]
    facts: Facts
    hash8: str

    @property
    def overview(self) -> PageSummary | None:
        return next((page for page in self.pages if page.page == "overview"), None)

    @property
    def areas(self) -> tuple[PageSummary, ...]:
        return tuple(page for page in self.pages if page.page != "overview")


def pack(engine: Engine, scope: Scope, pages: Sequence[str] = ()) -> Pack:
    """Work out the pages, all that are printed when none is named; raise UsageError for an unknown one.

    Pages without any data are left out, unless they are asked for by name.
    """
    made = summaries(engine, tuple(dict.fromkeys(pages)) or PRINTED, scope)
    kept = tuple(page for page in made if pages or page.page == "overview" or not page.is_empty)
    digest = hashlib.sha256(document(kept).encode("utf-8")).hexdigest()
    return Pack(scope, kept, kept[0].facts, digest[:8])

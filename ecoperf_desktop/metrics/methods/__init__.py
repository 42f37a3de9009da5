"""Methods of the catalogue: what takes more than arithmetic.  One entry a method, named in ``resources/metrics``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

from ecoperf_desktop.metrics.asked import Working


class _Methods(Mapping[str, type[Working]]):
    """Every method by name; their modules are loaded when the first is asked for, since the first page needs none."""

    @cached_property
    def _known(self) -> dict[str, type[Working]]:
        from ecoperf_desktop.metrics.methods import (
            customers,
            holding,
            lifetime,
            marginal,
            monitoring,
            people,
            performance,
            plans,
            sales,
            scorecards,
            shares,
            supply,
            vitals,
        )

        known: dict[str, type[Working]] = {}
        for room in (
            sales, customers, supply, holding, lifetime, performance, shares, plans, people, scorecards, vitals, marginal, monitoring,
        ):  # fmt: skip
            known.update(room.METHODS)
        return known

    def __getitem__(self, name: str) -> type[Working]:
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


METHODS: Mapping[str, type[Working]] = _Methods()

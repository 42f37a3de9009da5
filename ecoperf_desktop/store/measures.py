"""The measures declared in ``resources/metrics/measures.toml``: what is summed ahead."""

from __future__ import annotations

from functools import cache

from ecoperf_desktop import paths
from ecoperf_desktop.declarations import declared
from ecoperf_desktop.errors import MappingError
from ecoperf_desktop.model.metric import Measure
from ecoperf_desktop.store.views import VIEWS


@cache
def measures() -> dict[str, Measure]:
    """Return the declared measures by id (``line.gross``), in the order of the file.

    Raise MappingError when the file names a view that does not exist or an entry is
    neither an expression nor a table of ``sum`` and ``where``.
    """
    path = paths.resources() / "metrics" / "measures.toml"
    known: dict[str, Measure] = {}
    for view, entries in declared(path).items():
        if view not in VIEWS:
            raise MappingError("metrics.catalogue_unknown_view", file=path.name, entry=view, view=view)
        for name, entry in entries.items():
            measure = _measure(view, name, entry)
            if measure is None:
                raise MappingError("metrics.catalogue_bad_entry", file=path.name, entry=f"{view}.{name}", key="sum")
            known[measure.id] = measure
    return known


def _measure(view: str, name: str, entry: object) -> Measure | None:
    if isinstance(entry, str):
        return Measure(view, name, entry)
    if not isinstance(entry, dict) or not set(entry) <= {"sum", "where"}:
        return None
    expression, where = entry.get("sum"), entry.get("where")
    if not isinstance(expression, str) or not (where is None or isinstance(where, str)):
        return None
    return Measure(view, name, expression, where)

"""What stands above and below the line of a quotient: money or counts."""

from __future__ import annotations

from collections.abc import Sequence

from ecoperf_desktop.metrics import formula
from ecoperf_desktop.metrics.catalogue import Catalogue
from ecoperf_desktop.metrics.trail import divided
from ecoperf_desktop.model.metric import Formula, Metric, Ratio, Term


def side_units(known: Catalogue, metric: Metric) -> tuple[str, str]:
    """Return the units of what stands above and below the line; of what is no quotient its own and counts."""
    calculation = metric.calculation
    if isinstance(calculation, Ratio):
        return _unit(known, calculation.over), _unit(known, calculation.under)
    if isinstance(calculation, Formula):
        node = divided(calculation)[0]
        if isinstance(node, formula.Operation) and node.sign == "/":
            names = [[name for name in formula.names(side) if name not in ("days", "covered")] for side in (node.left, node.right)]
            is_money = [any(known.metric(name).unit == "money" for name in side) for side in names]
            return "money" if is_money[0] else "count", "money" if is_money[1] else "count"
    return metric.unit, "count"


def _unit(known: Catalogue, terms: Sequence[Term]) -> str:
    term = terms[0].of
    if "." not in term:
        return known.metric(term).unit
    return "money" if "_minor" in known.measures[term].expression else "count"

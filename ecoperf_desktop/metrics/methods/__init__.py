"""Methods of the catalogue: what takes more than arithmetic.  One entry a method, named in ``resources/metrics``."""

from __future__ import annotations

from ecoperf_desktop.metrics.asked import Working
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

METHODS: dict[str, type[Working]] = {
    **sales.METHODS,
    **customers.METHODS,
    **supply.METHODS,
    **holding.METHODS,
    **lifetime.METHODS,
    **performance.METHODS,
    **shares.METHODS,
    **plans.METHODS,
    **people.METHODS,
    **scorecards.METHODS,
    **vitals.METHODS,
    **marginal.METHODS,
    **monitoring.METHODS,
}

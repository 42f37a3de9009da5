"""Methods of stock, suppliers, carriers, costs and monitoring."""

from __future__ import annotations

from ecoperf_desktop.metrics.asked import Working

METHODS: dict[str, type[Working]] = {}

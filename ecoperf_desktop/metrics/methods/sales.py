"""Methods of sales: growth, classes of products, what made a change."""

from __future__ import annotations

from ecoperf_desktop.metrics.asked import Working

METHODS: dict[str, type[Working]] = {}

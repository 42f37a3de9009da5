"""Methods of customers: who stays, comes back, and is worth what."""

from __future__ import annotations

from ecoperf_desktop.metrics.asked import Working

METHODS: dict[str, type[Working]] = {}

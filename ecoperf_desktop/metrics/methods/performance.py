"""Methods of performance: where a running period ends, how one stands among one's like, and what a training brought."""

from __future__ import annotations

from ecoperf_desktop.metrics.asked import Working

METHODS: dict[str, type[Working]] = {}

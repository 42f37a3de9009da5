"""Data: what is doubtful about it, which files the numbers come from, and where they have holes."""

from __future__ import annotations

from ecoperf_desktop.reports.pages.shape import Doubts, Ledger, Page, Sources

PAGE = Page("data", (Doubts(), Sources(), Ledger()))

"""Targets and goals."""

"""EcoPerf: how an online shop performs, from the week's exports to Monday's sheet."""

__version__ = "0.1.0"

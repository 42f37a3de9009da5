"""The workspace: one SQLite file with facts, daily sums, the import ledger and lineage."""

"""The weekly meeting: frozen weeks, restatements, actions."""

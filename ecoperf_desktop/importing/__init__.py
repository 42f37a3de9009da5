"""Files in: container, encoding, dialect, format, plan, rows."""

"""The window.  With reports/paper the only place that knows Qt."""

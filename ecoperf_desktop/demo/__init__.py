"""The demo shop: a made-up business, written as the platform files we can read."""

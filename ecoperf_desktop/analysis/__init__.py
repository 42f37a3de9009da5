"""What changed and why: signals and drivers."""

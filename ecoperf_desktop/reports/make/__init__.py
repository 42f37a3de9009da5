"""How each entry of a page becomes blocks."""

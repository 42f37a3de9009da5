"""Pages of blocks, and one writer for each form."""

"""Every number: the catalogue, its evaluation, comparison and explanation."""

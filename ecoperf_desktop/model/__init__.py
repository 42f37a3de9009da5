"""Values that travel between the rooms: no files, no database, no Qt."""

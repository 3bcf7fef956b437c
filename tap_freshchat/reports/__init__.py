"""Raw reports: jobs that are submitted and awaited, files that are fetched, rows that are read."""

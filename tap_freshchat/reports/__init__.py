"""Raw reports: jobs are submitted and polled, files downloaded, rows read."""

"""The steps of the Dockerfile, without Docker."""

"""Parsers of untrusted bytes, each as a function that raises only its documented errors."""

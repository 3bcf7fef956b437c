"""Parsers of foreign bytes, each as a function of bytes that only its documented errors leave."""

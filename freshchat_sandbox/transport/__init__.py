"""Transports of the sandbox: in the process, or over HTTP."""

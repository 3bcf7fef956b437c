"""One JSON Schema a stream, named as the stream."""

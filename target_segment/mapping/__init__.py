"""Config → compiled mapping → record as a Segment event. Pure."""

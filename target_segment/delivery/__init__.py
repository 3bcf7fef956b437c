"""Events as bodies to Segment: packed, paced, several in flight, bisected when refused."""

"""Class-agnostic mask proposals from Segment Anything, from depth, and from files."""

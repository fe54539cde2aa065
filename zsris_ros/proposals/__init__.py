"""Pixels to class-agnostic masks: Segment Anything, depth, and masks from a file."""

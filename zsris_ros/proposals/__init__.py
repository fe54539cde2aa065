"""Pixels to class-agnostic masks: Segment Anything, depth, and whatever follows the protocol."""

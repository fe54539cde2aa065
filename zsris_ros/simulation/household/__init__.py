"""Household scenes: scanned objects and furniture on tables, counters and shelves."""

"""Requests by service, action and topic: frame selection, the answer, tracking, look-ahead."""

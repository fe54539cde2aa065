"""Requests to the node: frame selection, the worker thread, service, action, topics, tracking."""

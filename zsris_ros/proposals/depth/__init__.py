"""Mask proposals from a depth image."""

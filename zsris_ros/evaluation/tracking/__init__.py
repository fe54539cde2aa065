"""Tracking of one of two equal objects in simulated films."""

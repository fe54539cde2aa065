"""Tracking of one object over frames, with the reason when it is lost."""

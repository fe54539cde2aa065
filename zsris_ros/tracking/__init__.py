"""Follows one object from frame to frame, and says so when it is lost."""

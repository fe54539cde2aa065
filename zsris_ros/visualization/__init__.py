"""Results drawn over images."""

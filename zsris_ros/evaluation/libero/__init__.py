"""LIBERO, a benchmark of manipulation policies, as frames with questions."""

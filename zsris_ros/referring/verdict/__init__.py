"""The verdict FOUND, AMBIGUOUS or NOT_FOUND from scores, and its sentences."""

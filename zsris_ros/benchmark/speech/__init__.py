"""Speech from sound to mask: word error rates, delays and task success."""

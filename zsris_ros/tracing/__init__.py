"""Named stages of the pipeline, for timing and cancellation."""

"""Experiments: compilation, GPU memory, agreement of background-token reuse."""

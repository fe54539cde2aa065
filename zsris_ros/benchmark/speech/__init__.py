"""Benchmark of speech recognition, from sound to mask."""

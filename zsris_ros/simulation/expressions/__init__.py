"""Sentences about a simulated scene with their true answers: meanings, then words for them."""

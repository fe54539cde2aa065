"""Presets, and the loading of their models."""

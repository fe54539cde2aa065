"""Presets, and the models they name, loaded and ready to answer."""

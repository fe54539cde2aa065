"""Numerics that several rooms share: batching, precision, resizing, torchvision operators."""

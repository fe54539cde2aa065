"""Shared PyTorch code: devices, precision, batching, resizing, torchvision's operators."""

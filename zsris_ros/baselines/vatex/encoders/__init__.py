"""Encoders of VATEX: backbones of images and clips, the deformable encoder, and the text."""

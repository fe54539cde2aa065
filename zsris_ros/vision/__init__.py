"""Pixels and masks to features: open_clip's transformer opened block by block.

``clip`` opens the model, ``views`` makes the two pictures of every mask, ``hybrid`` encodes masks
(HybridGL, Eqs. 1 and 2) and ``gem`` localises a phrase in the whole frame. Importing this package
costs nothing; its modules import torch.
"""

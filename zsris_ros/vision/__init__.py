"""Features of masks and frames by CLIP.

``clip`` exposes the parts of the model, ``views`` makes the two images of every mask, ``hybrid``
encodes masks (HybridGL, Eqs. 1 and 2), ``gem`` localises phrases. The modules import torch, this
package does not.
"""

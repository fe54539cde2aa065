"""A CLIP with a residual network: the model, its mask encoder and its localiser."""

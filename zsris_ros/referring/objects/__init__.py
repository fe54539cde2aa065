"""The objects of a frame: which masks show one, their metric geometry, free spots beside them."""

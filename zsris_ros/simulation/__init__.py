"""The simulated tabletop: frames with true masks, depth, centres and sentences, from a seed."""

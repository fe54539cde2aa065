"""Training of the small tabletop models from the simulated tabletop's pictures."""

"""Training of the bundled tabletop weights."""

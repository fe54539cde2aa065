"""Training of the bundled models: tabletop weights, spaCy pipeline, speech language model."""

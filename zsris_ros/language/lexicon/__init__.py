"""Words as tables, and the morphology that looks them up."""

"""Training of VATEX on any data set of expressions and masks."""

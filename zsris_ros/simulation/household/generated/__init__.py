"""Models of common kinds with random shape, size and print, in any number."""

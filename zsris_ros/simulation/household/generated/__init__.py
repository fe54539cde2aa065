"""Models of common kinds whose shape, size and print are drawn by chance, as many as are wanted."""

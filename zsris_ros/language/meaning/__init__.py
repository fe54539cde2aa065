"""What the words of a noun phrase mean in an image, one file a kind of meaning."""

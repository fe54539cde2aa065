"""The lifecycle node, its worker thread, its models and its process."""

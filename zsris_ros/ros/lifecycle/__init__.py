"""The lifecycle of the node, its process, its models and its log."""

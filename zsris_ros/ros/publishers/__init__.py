"""Results as messages, and the topics they are published on."""

"""Conversion of answers to messages, and the topics of the node."""

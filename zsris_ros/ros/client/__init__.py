"""Clients of the node: a service client, a client without messages, and a bag player."""

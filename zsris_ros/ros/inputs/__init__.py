"""Camera subscriptions of the node, and the watchdogs of their topics."""

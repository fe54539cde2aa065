"""Camera subscriptions of the node, and the watchdog of its image topic."""

"""Publishers and subscriptions that no event is watched for.

By default rclpy watches each of them for partners with another quality of service or type. Every
watcher takes part in every turn of the executor, and there are two of each. Ours say nothing new: a
subscriber learns the same from its own end, and to what the node asks of a camera every
publisher's quality is compatible.
"""

from __future__ import annotations

try:
    from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
except ImportError:  # Humble
    from rclpy.qos_event import PublisherEventCallbacks, SubscriptionEventCallbacks

PUBLISHER = PublisherEventCallbacks(use_default_callbacks=False)
SUBSCRIPTION = SubscriptionEventCallbacks(use_default_callbacks=False)

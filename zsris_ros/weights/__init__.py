"""Where weights come from: the catalogue, fetching and verifying, safe loading, and presets.

``catalogue``, ``fetch`` and ``command`` need neither torch nor the network's rooms, so that listing
and fetching are quick; ``load`` builds the models a preset names.
"""

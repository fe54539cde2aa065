"""The whole thing once, with real processes: a recorded camera, the node, and a client.

``recording`` reads the recording that ships with its truth, ``record`` makes it from the
simulation, ``processes`` runs the node and the bag player, ``show`` asks and judges, ``report``
writes what came out.
"""

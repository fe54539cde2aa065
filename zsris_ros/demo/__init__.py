"""The demo: a recorded camera, the node and a client as real processes.

``demo_bag`` reads the recording and its ground truth, ``record`` makes it from the simulation,
``processes`` runs the node and the bag player, ``run_demo`` asks and scores, ``demo_report``
writes the results.
"""

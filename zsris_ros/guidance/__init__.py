"""Where things are, as scores: pure functions on boxes, masks, maps and probabilities.

``relations`` says how two objects stand to each other, ``positions`` where in the picture a word
points, ``coherence`` how well a mask covers a heat map, ``fusion`` makes one answer of the scores.
Equation numbers are HybridGL's. Importing this package costs nothing; its modules import torch.
"""

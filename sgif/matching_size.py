"""Sizes of the search for nearest patches (`sgif.matching`): known without torch, for the forecast of its cost."""

SIDE, FRAMES = 5, 3
"""Pixels and frames of a patch."""
COMPONENTS = 40
"""Principal components in which patches are compared; of at most SIDE * SIDE * FRAMES * 3 = 225."""
ALPHA = 0.02
"""The completeness weight's alpha, in units of the patches' total variance."""
EXACT = 8192
"""So many patches are compared all with all."""
ROUNDS = 2
"""How often a patch asks its neighbours, and tries random places near its own."""
TRIES = 9
"""Places that a patch tries in a round."""

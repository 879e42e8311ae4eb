"""Reads labelled face images, trains the networks of `classifier`, measures them and writes the released models.

Nothing here runs in the pipeline. It imports `classifier`'s networks and preprocessing, so both mean the same.
"""

import sys

from training import interrupts

if sys.argv[0] == "-m":  # so it is while Python looks for the module of `python -m training.…`, whose imports take long
    interrupts.quick()

"""Reads labelled face images, trains the networks of `classifier`, measures them and writes the released models.

Nothing here runs in the pipeline. It imports `classifier`'s networks and preprocessing, so both mean the same.
"""

import sys

from shared.extras import explain_missing
from training import interrupts

explain_missing("training")
if sys.argv[0] == "-m":  # while Python locates the module of `python -m training.…`; its imports take seconds
    interrupts.quick()

"""Reads labelled face images, trains the networks of `classifier`, measures them and writes the released models.

Nothing here runs in the pipeline. It imports `classifier`'s networks and preprocessing, so both mean the same.
"""

import os

# OpenMP's threads and those of training.fused take turns on the same cores: an idle thread must sleep, not spin.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

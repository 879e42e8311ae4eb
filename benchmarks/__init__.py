"""Benchmarks against the common alternatives: `python -m benchmarks`.

Each module except the shared ones (`measure`, `plan`, `pictures`, `processes`, `machine`, `plots`) is one subject.
"""

from shared.extras import explain_missing

explain_missing("dev")

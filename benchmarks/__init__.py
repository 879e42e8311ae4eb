"""Benchmarks against the common alternatives: `python -m benchmarks`.

Each module except the shared ones (`measure`, `plan`, `pictures`, `processes`, `machine`, `plots`) is one subject.
"""

"""What is fast and what is not, measured against what people use today: `python -m benchmarks`.

Each module but the common ones (`measure`, `plan`, `pictures`, `processes`, `machine`, `plots`) is one subject.
"""

"""What a process is called on the bus."""

from shared.identity import Identity


def test_equal_pids_on_equal_hosts_are_told_apart():
    """Containers on the host's network have its name, and all count pids from 1; a restarted one has its old pid."""
    first = Identity("classifier", "box", 7, "classifier", 1_700_000_000_000_000_000)
    second = first._replace(started_ns=first.started_ns + 1_000_000)
    assert first.process == "classifier-box-7-e56800"
    assert second.process == "classifier-box-7-e56801"

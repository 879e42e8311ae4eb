"""Addresses of the bus."""

import pytest

from shared.endpoints import check_endpoint


@pytest.mark.parametrize(("system", "most"), [("linux", 107), ("darwin", 103)])
def test_a_socket_path_is_as_long_as_the_system_allows(system: str, most: int) -> None:
    """Longer ones would fail at the start of the bus."""
    check_endpoint("X", "ipc://" + "x" * most, keys=False, system=system)
    with pytest.raises(ValueError, match=f"at most {most} bytes"):
        check_endpoint("X", "ipc://" + "x" * (most + 1), keys=False, system=system)

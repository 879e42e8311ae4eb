"""A file replaced whole."""

import pytest

from shared.files import replacing


def test_the_file_is_there_when_it_is_whole(tmp_path):
    """Until then its place is empty; its folder is made."""
    path = tmp_path / "new" / "weights.npz"
    with replacing(path) as part:
        part.write_bytes(b"all of it")
        assert not path.exists()
    assert part.suffix == path.suffix  # some writers go by it
    assert path.read_bytes() == b"all of it"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("written", [b"", b"half of"])
def test_a_failure_leaves_what_was_there(tmp_path, written):
    """And nothing else, however far the writer came."""
    path = tmp_path / "weights.npz"
    path.write_bytes(b"old")

    def fail():
        with replacing(path) as part:
            if written:
                part.write_bytes(written)
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]

"""Who else does our work."""

from shared.rivals import Rivals


def test_a_rival_is_new_once_and_present_until_it_is_silent():
    """After a silence it is news again."""
    rivals = Rivals()
    assert rivals.note("capture-h-1", "source 'cam0'", 0.0)
    assert not rivals.note("capture-h-1", "source 'cam0'", 1.0)
    assert rivals.present(3.9) == ["source 'cam0' by capture-h-1"]
    assert rivals.present(4.1) == []
    assert rivals.present(3.9) == ["source 'cam0' by capture-h-1"], "to ask changes nothing"
    assert rivals.note("capture-h-1", "source 'cam0'", 5.0)

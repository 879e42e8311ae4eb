"""Where the private pipeline's states are."""

from recorder.processes import Pipeline


def test_states_of_a_source(tmp_path):
    """The smoother's first, then the capture's; not those of a source whose name has this one's in it."""
    pipeline = Pipeline({}, tmp_path, tmp_path, 1, 1)
    assert pipeline.states_of("clip") == []
    saved = {"smoother/clip.msgpack": b"1", "capture-clip/clip.json": b"2"}
    others = {"smoother/my-clip.msgpack": b"3", "smoother/clip-2.msgpack": b"4", "capture-clip-2/clip-2.json": b"5"}
    pipeline.restore(saved | others)
    assert [path.read_bytes() for path in pipeline.states_of("clip")] == [b"1", b"2"]
    assert pipeline.can_go_on("clip")
    pipeline.forget("clip")
    assert not pipeline.can_go_on("clip")
    assert pipeline.can_go_on("clip-2")

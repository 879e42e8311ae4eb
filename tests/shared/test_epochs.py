"""Which epoch a source is in: what captures say counts, not the largest number heard."""

from shared.epochs import MOST_SOURCES, Epochs
from tests.dashboard.made import source_status, status


def said(epoch, pid=1, now=0.0, epochs=None, stage="capture", source="s"):
    epochs = epochs or Epochs()
    epochs.hear(status(stage, pid=pid, sources=[source_status(source, epoch=epoch)]), now)
    return epochs


def test_a_later_epoch_counts_if_a_capture_says_so():
    """A reconnect is followed at once; a number that somebody made up is not."""
    epochs = said(7)
    assert not epochs.follows("s", 1_000_007, 7, 1.0, quiet=False)
    said(8, epochs=epochs, now=1.0)
    assert epochs.follows("s", 8, 7, 1.0, quiet=False)
    assert epochs.is_said("s", 8, 1.0)
    assert not epochs.is_said("s", 7, 1.0), "a process is in one epoch at a time"


def test_an_earlier_epoch_counts_if_the_current_one_is_nobodys():
    """A capture started anew after the clock went back is listened to once its predecessor's word is old."""
    epochs = said(9)
    said(3, pid=2, now=2.0, epochs=epochs)
    assert not epochs.follows("s", 3, 9, 2.0, quiet=True), "two captures: the later run wins"
    assert epochs.follows("s", 3, 9, 3.5, quiet=False)


def test_without_captures_that_speak_the_latest_counts():
    """A capture of one's own may say no status; it is trusted until it has been quiet."""
    epochs = Epochs()
    assert epochs.follows("s", 9, 3, 0.0, quiet=False)
    assert not epochs.follows("s", 3, 9, 0.0, quiet=False)
    assert epochs.follows("s", 3, 9, 0.0, quiet=True)


def test_only_captures_are_asked():
    """Whatever else lists sources."""
    assert not said(7, stage="recorder").is_said("s", 7, 0.0)


def test_made_up_sources_are_forgotten():
    """However many names somebody invents."""
    epochs = Epochs()
    for number in range(3 * MOST_SOURCES):
        said(1, now=float(number), epochs=epochs, source=f"s{number}")
    assert len(epochs._said) == MOST_SOURCES


def test_a_refused_source_is_in_no_epoch():
    """A capture that was asked for it in vain says nothing about the one that has it."""
    epochs = Epochs()
    epochs.hear(status("capture", sources=[source_status("s", "refused", epoch=0)]), 0.0)
    assert epochs.follows("s", 8, 7, 0.0, quiet=False)

"""What installing takes."""

import pytest

from benchmarks import footprint
from benchmarks.plan import Plan
from shared.errors import AffectError


@pytest.fixture
def makefile(tmp_path, monkeypatch):
    """A function that gives the checkout another Makefile."""
    monkeypatch.setattr(footprint, "ROOT", tmp_path)
    return lambda recipe: (tmp_path / "Makefile").write_text(f"setup:\n\t{recipe}\n")


def test_installing_is_measured_only_on_demand(makefile, tmp_path):
    """It downloads. Each round begins without an environment."""
    makefile('mkdir "$(VENV)" && head -c 3000000 /dev/urandom > "$(VENV)/package" && test "$(TORCH)" = 0')
    assert list(footprint.install(Plan(tmp_path / "scratch"))) == []
    (tmp_path / "scratch").mkdir()
    seconds, size = footprint.install(Plan(tmp_path / "scratch", only="install"))
    assert (seconds.name, seconds.unit, size.name, size.unit) == ("install/seconds", "s", "install/size", "MB")
    assert seconds.ours > 0
    assert size.ours == pytest.approx(3.0, abs=0.2)


def test_a_failure_says_what_make_said(makefile, tmp_path):
    """Without a network there is no figure."""
    makefile("echo no network; exit 1")
    with pytest.raises(AffectError, match="no network"):
        list(footprint.install(Plan(tmp_path, only="install")))

"""Whether there is a bus: known from what comes back, told once each time it changes."""

from shared.echo import PATIENCE_S, Echo


def test_who_is_not_heard_is_not_ready():
    """Before the first echo a process is starting; that it has waited in vain is news once."""
    echo = Echo()
    assert (echo.connected, echo.state) == (False, "starting")
    echo.said(0.0)
    assert not echo.check(PATIENCE_S)
    assert echo.check(PATIENCE_S + 0.1)
    assert not echo.check(PATIENCE_S + 9)


def test_a_bus_that_goes_and_comes_back():
    """Each is news, once."""
    echo = Echo()
    echo.said(0.0)
    echo.heard()
    assert echo.check(0.1)
    assert echo.connected
    for second in range(1, 5):
        echo.said(float(second))
    assert not echo.check(4.0)
    assert echo.check(4.1)
    assert (echo.connected, echo.state) == (False, "reconnecting")
    echo.heard()
    assert echo.check(5.0)
    assert echo.connected


def test_a_long_piece_of_work_is_no_lost_bus():
    """Its echoes wait and are heard before the question is asked."""
    echo = Echo()
    echo.said(0.0)
    echo.heard()
    assert echo.check(0.1)
    for second in range(1, 20):
        echo.said(float(second))
    echo.heard()
    assert not echo.check(20.0)
    assert echo.connected

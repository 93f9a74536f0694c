"""What SIGTERM and SIGINT do."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from syncd.daemon.signals import ENDING, Signals

DEADLINE = 30.0


@pytest.mark.parametrize("number", ENDING)
def test_the_first_signal_asks_to_end(number: signal.Signals) -> None:
    """It wakes who waits, whichever thread it arrives at, and nothing else happens."""
    left: list[int] = []
    with Signals(left.append) as signals:
        assert not signals.wait(0)
        timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
        timer.start()
        while not signals.wait(DEADLINE):
            pass
        timer.join()
        assert signals.wait()
    assert left == []


def test_the_second_signal_ends_at_once() -> None:
    """Its exit code is what a shell shows for a program that was ended by the signal."""
    left: list[int] = []
    with Signals(left.append):
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGINT)
    assert left == [128 + signal.SIGINT]


def test_signals_are_as_before_afterwards() -> None:
    """A daemon that has ended leaves nothing behind in its process."""
    before = [signal.getsignal(number) for number in ENDING]
    with Signals():
        assert [signal.getsignal(number) for number in ENDING] != before
    assert [signal.getsignal(number) for number in ENDING] == before
    assert signal.set_wakeup_fd(-1) == -1

"""How long something is, for people."""

from __future__ import annotations

import pytest

from syncd.cli.ages import age


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0s"),
        (0.9, "0s"),
        (119, "119s"),
        (120, "2m"),
        (7_199, "119m"),
        (7_200, "2h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (86_400 * 400, "400d"),
    ],
)
def test_ages(seconds: float, text: str) -> None:
    """The largest unit of which there are two counts, in whole ones."""
    assert age(seconds) == text

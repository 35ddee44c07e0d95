"""The windows: closed intervals of whole Hounsfield units, each in its region; soft ones for explanation."""

import pytest
import torch

from samd.inference.tissue import Region, TissueWindows
from tests.inference.builders import published_windows

ADIPOSE, SOFT, BONE, AERATED, LOW = range(1, 6)


@pytest.mark.requirement("MOD-03")
@pytest.mark.parametrize(
    ("hounsfield", "region", "segment"),
    [
        (-191, Region.BODY, 0),
        (-190, Region.BODY, ADIPOSE),
        (-30, Region.BODY, ADIPOSE),
        (-29, Region.BODY, SOFT),
        (150, Region.BODY, SOFT),
        (151, Region.BODY, 0),
        (225, Region.BODY, 0),
        (226, Region.BODY, BONE),
        (3071, Region.BODY, BONE),
        (3072, Region.BODY, 0),
        (-1000, Region.BODY, 0),
        (-1024, Region.LUNG, LOW),
        (-950, Region.LUNG, LOW),
        (-949, Region.LUNG, AERATED),
        (-500, Region.LUNG, AERATED),
        (-499, Region.LUNG, 0),
        (-100, Region.LUNG, 0),
        (-100, Region.OUTSIDE, 0),
        (float("nan"), Region.BODY, 0),
    ],
)
def test_every_window_holds_both_of_its_ends_in_its_own_region(
    hounsfield: float, region: Region, segment: int
) -> None:
    labels = published_windows().labels(
        torch.tensor([[hounsfield]]), torch.tensor([[region]], dtype=torch.uint8)
    )

    assert labels.tolist() == [[segment]]


@pytest.mark.requirement("XAI-01")
def test_soft_membership_is_one_half_at_an_edge_and_nothing_outside_the_region() -> None:
    windows = TissueWindows.of([(0, 1000, Region.BODY)], edge_width=10.0)
    hounsfield = torch.tensor([[-0.5, 500.0, 1000.5, -100.0, 500.0]])
    region = torch.tensor([[1, 1, 1, 1, 2]], dtype=torch.uint8)

    membership = windows.membership(hounsfield, region, segment=1)

    expected = [0.5, 1.0, 0.5, 1 / (1 + torch.e**9.95), 0.0]
    torch.testing.assert_close(membership, torch.tensor([expected], dtype=torch.float32))


@pytest.mark.requirement("XAI-01")
def test_the_soft_size_of_each_plane_is_the_sum_of_its_memberships() -> None:
    windows = TissueWindows.of([(0, 1000, Region.BODY)], edge_width=1.0)
    planes = torch.tensor([[[500.0, 500.0]], [[500.0, -500.0]]])
    region = torch.ones((1, 2), dtype=torch.uint8)

    torch.testing.assert_close(windows(planes, region, 1), torch.tensor([2.0, 1.0]))

"""CT tissue by published windows of Hounsfield units, as a network whose weights are the windows."""

from collections.abc import Sequence
from enum import IntEnum

import torch
from torch import Tensor, nn


class Region(IntEnum):
    """Where a window applies; the regions are found by `samd.inference.anatomy`."""

    OUTSIDE = 0
    BODY = 1  # inside the skin, lungs excluded
    LUNG = 2


class TissueWindows(nn.Module):
    """For each segment a closed interval of Hounsfield units, valid in one region of the body.

    `windows` holds (lowest, highest) in whole HU, `regions` the Region of each segment, and
    `edge_width` the HU over which a soft edge falls: weights like any others, from the signed file.
    Hard membership makes labels; soft membership is differentiable and is what is explained.
    """

    def __init__(self, *, outputs: int) -> None:
        super().__init__()
        self.windows: Tensor
        self.regions: Tensor
        self.edge_width: Tensor
        self.register_buffer("windows", torch.zeros(outputs, 2))
        self.register_buffer("regions", torch.zeros(outputs, dtype=torch.uint8))
        self.register_buffer("edge_width", torch.ones(()))

    @classmethod
    def of(cls, segments: Sequence[tuple[int, int, Region]], *, edge_width: float) -> "TissueWindows":
        """The network with these (lowest HU, highest HU, region), the first as segment 1."""
        network = cls(outputs=len(segments))
        network.windows.copy_(torch.tensor([window[:2] for window in segments]))
        network.regions.copy_(torch.tensor([window[2] for window in segments]))
        network.edge_width.fill_(edge_width)
        return network

    def labels(self, hounsfield: Tensor, region: Tensor) -> Tensor:
        """Segment numbers, uint8, of planes in whole HU: 0 where none applies. NaN belongs nowhere.

        `hounsfield` (..., rows, columns) and `region`, uint8 of Region, have the same shape. Where
        windows overlap, the later segment has the voxel.
        """
        labels = torch.zeros_like(region)
        for index, (lowest, highest) in enumerate(self.windows):
            inside = (hounsfield >= lowest) & (hounsfield <= highest) & (region == self.regions[index])
            labels[inside] = index + 1
        return labels

    def membership(self, hounsfield: Tensor, region: Tensor, *, segment: int) -> Tensor:
        """How far each voxel belongs to `segment`, 0..1, with logistic edges half a unit outside its window.

        `hounsfield` must be finite. At the edges of the window membership is about one half.
        """
        lowest, highest = self.windows[segment - 1]
        rising = torch.sigmoid((hounsfield - (lowest - 0.5)) / self.edge_width)
        falling = torch.sigmoid(((highest + 0.5) - hounsfield) / self.edge_width)
        return rising * falling * (region == self.regions[segment - 1])

    def forward(self, hounsfield: Tensor, region: Tensor, segment: int) -> Tensor:
        """The soft number of voxels of `segment` in each of n planes (n, rows, columns)."""
        return self.membership(hounsfield, region, segment=segment).sum(dim=(-2, -1))

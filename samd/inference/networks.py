"""The networks that a bundle may name: all architecture code of the device, and nothing else.

A bundle brings weights and whole-number parameters only; what they mean is written here.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from samd.inference.tissue import TissueWindows


class SqueezeExcitation(nn.Module):
    """Weighs the channels by what the whole image shows (Hu et al. 2018, CVPR)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.narrow = nn.Linear(channels, channels // 8)
        self.widen = nn.Linear(channels // 8, channels)

    def forward(self, features: Tensor) -> Tensor:
        weights = torch.sigmoid(self.widen(torch.relu(self.narrow(features.mean(dim=(2, 3))))))
        return features * weights[:, :, None, None]


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with squeeze and excitation, beside a short cut (He et al. 2016, CVPR)."""

    def __init__(self, inputs: int, outputs: int, *, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.excitation = SqueezeExcitation(outputs)
        self.short_cut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.short_cut = nn.Sequential(
                nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
            )

    def forward(self, features: Tensor) -> Tensor:
        inner = torch.relu(self.first_norm(self.first(features)))
        inner = self.excitation(self.second_norm(self.second(inner)))
        return torch.relu(inner + self.short_cut(features))


class RadiographClassifier(nn.Module):
    """A small residual network: (n, 1, rows, columns) in 0..1 to n logits for each output.

    Three stages of `width`, twice and four times as many channels at full, half and a quarter of
    the resolution, the mean over the image, and one linear layer: so a Grad-CAM of `features` is
    also the exact share of each place in the logit (Selvaraju et al. 2017, section 3.1). The
    logits are divided by `temperature` (Guo et al. 2017), which calibration sets. `healthy` is the
    mean of the healthy training images, `size` x `size`: what explanations compare with.
    """

    def __init__(self, *, outputs: int, width: int, blocks: int, size: int) -> None:
        super().__init__()
        stages: list[nn.Module] = [
            nn.Conv2d(1, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
        inputs = width
        for stage in range(3):
            channels = width << stage
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                stages.append(ResidualBlock(inputs, channels, stride=stride))
                inputs = channels
        self.features = nn.Sequential(*stages)
        self.head = nn.Linear(inputs, outputs)
        self.temperature: Tensor
        self.register_buffer("temperature", torch.ones(()))
        self.healthy: Tensor
        self.register_buffer("healthy", torch.zeros(size, size))

    def forward(self, images: Tensor) -> Tensor:
        return self.judged(self.embedded(images))

    def embedded(self, images: Tensor) -> Tensor:
        """What the network makes of each image: (n, 4 * width), the mean of every channel."""
        return self.features(images).mean(dim=(2, 3))

    def judged(self, embeddings: Tensor) -> Tensor:
        """The logits of embeddings, (n, outputs)."""
        logits: Tensor = self.head(embeddings)
        return logits / self.temperature


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "radiograph-classifier": RadiographClassifier,
    "tissue-windows": TissueWindows,
}

"""Random weights to start from."""

from torch import nn
from torch.nn.modules.conv import _ConvNd


def he_normal(model: nn.Module) -> None:
    """Weights of convolutions and linear layers from N(0, 2 / inputs), their biases 0 (He et al. 2015, equation 10)."""
    for module in model.modules():
        if isinstance(module, (_ConvNd, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)

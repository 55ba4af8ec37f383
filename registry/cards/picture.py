"""``sparsity.svg``, the picture of a card, and the sentence for those who cannot see it."""

from zoo.checkpoint.folder import PICTURE
from zoo.checkpoint.passport import Layer

from ..charts.layers import LayerBar, layer_sparsity_bars
from ..charts.standalone import standalone
from .facts import CardFacts
from .markdown import text


def picture(facts: CardFacts) -> bytes | None:
    """One bar per prunable layer, or None for a model without zeros."""
    layers = _layers(facts)
    if not facts.pruned or not layers:
        return None
    bars = [LayerBar(layer.name, layer.elements, layer.nonzeros) for layer in layers]
    drawing = layer_sparsity_bars(bars, facts.passport.sparsity("prunable"), f"Sparsity per layer of {facts.repo_id}")
    return standalone(drawing).encode()


def reference(facts: CardFacts) -> str:
    """The Markdown that shows the picture; its alternative text says what the bars say."""
    layers = _layers(facts)
    least = min(layers, key=lambda layer: layer.sparsity)
    most = max(layers, key=lambda layer: layer.sparsity)
    alternative = (
        f"Bars: the sparsity of each of {len(layers)} prunable layers, from {_share(least)} to {_share(most)}; "
        f"{facts.passport.sparsity('prunable'):.1%} overall."
    )
    return f"![{alternative}]({PICTURE})"


def _layers(facts: CardFacts) -> list[Layer]:
    return [layer for layer in facts.passport.layers if layer.prunable]


def _share(layer: Layer) -> str:
    return f"{layer.sparsity:.1%} in {text(layer.name)}"

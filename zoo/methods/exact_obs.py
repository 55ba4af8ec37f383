"""ExactOBS: every row of a layer loses its weights one after the other, each time with the exact inverse Hessian."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor

from ..allocation import BY_LAYER, Counts
from ..core.errors import UsageError
from ..layerwise import InputMoments, Layer, WalkConfig, prune_layers
from ..layerwise.allocate import Choices, Price, choices_of, exactly, timing_price
from ..layerwise.inverse import curvature
from ..layerwise.levels import PrunedRows, over_all
from ..layerwise.network_loss import NetworkLoss
from ..layerwise.passes import first_images
from ..layerwise.profiles import Profile, search_profile
from ..layerwise.store import EliminationStore
from ..layerwise.units import Units
from ..layerwise.walk import shown_layers
from ..patterns import Block, NByM, Unstructured
from ..pruner import Pruner
from ..second_order.samples import calibration_source
from ..selection import LayerwiseConfig
from . import METHODS, MaskBehaviour, Method, MethodFacts

BETWEEN_LAYERS = ("global", "dp", "spdy")
PRICES = ("weights", "flops", "timings")


@dataclass(frozen=True)
class ExactOBSConfig(WalkConfig, LayerwiseConfig):
    """What a layer loses, and how much each.

    ``allocation``: "uniform", "er", "erk"; "global", one ranking of all steps by their loss over the energy of the
    layer's output; "dp", the profile of least summed loss, or "spdy", the best that SPDY's search finds, among the
    levels 1 − ``density_factor`` ᵏ up to ``highest_level``. ``damping``: a fraction of the mean of H's diagonal.

    ``price``: what a profile is to save: "weights", "flops", or "timings" in seconds, given as rows of ``timings``
    (tensor, sparsity, seconds; between them by straight lines). The budget is the one that leads to the sparsity asked
    for. ``search_starts``, ``search_patience`` and ``search_samples`` (images) are SPDY's.
    """

    order: str = "parallel"
    allocation: str = "global"
    damping: float = 1e-3
    density_factor: float = 0.9
    highest_level: float = 0.99
    price: str = "weights"
    timings: tuple[tuple[str, float, float], ...] = ()
    search_starts: int = 100
    search_patience: int = 100
    search_samples: int = 1024

    def __post_init__(self) -> None:
        LayerwiseConfig.__post_init__(self)
        WalkConfig.__post_init__(self)
        if self.allocation in BETWEEN_LAYERS and self.order != "parallel":
            raise UsageError(
                f"The allocation {self.allocation} compares all layers, so that they are looked at in parallel.",
                "Leave the order out, or choose the allocation uniform, er or erk.",
            )
        if not (0 <= self.damping < float("inf") and 0 < self.density_factor < 1 and 0 < self.highest_level <= 1):
            raise UsageError(
                "damping must be at least 0, density_factor between 0 and 1, highest_level above 0 and at most 1; got "
                f"{self.damping}, {self.density_factor} and {self.highest_level}."
            )
        if self.price not in PRICES or (self.price == "timings") != bool(self.timings):
            raise UsageError(f"price is one of {', '.join(PRICES)}, and timings go with the last; got {self.price!r}.")
        if min(self.search_starts, self.search_patience, self.search_samples) < 1:
            raise UsageError("search_starts, search_patience and search_samples must be at least 1.")

    @classmethod
    def allocations(cls) -> tuple[str, ...]:
        """The names that ``allocation`` may have."""
        return (*BY_LAYER, *BETWEEN_LAYERS)


@METHODS.register("exact-obs")
class ExactOBS(Method):
    """Frantar, Singh & Alistarh 2022; what is left of a row is the least squares solution at every step."""

    facts = MethodFacts(
        title="ExactOBS",
        family="second-order",
        paper="Optimal Brain Compression: A Framework for Accurate Post-Training Quantization and Pruning "
        "(arXiv 2208.11580); profiles: SPDY: Accurate Pruning with Speedup Guarantees (arXiv 2201.13096)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        needs_calibration=True,
        needs_labels=False,
        patterns=(Unstructured.kind, NByM.kind, Block.kind),
    )
    config_type = ExactOBSConfig
    short_runs = MappingProxyType(
        {
            "uniform": {"allocation": "uniform", "order": "sequential"},
            "dp-flops": {"allocation": "dp", "price": "flops"},
            "spdy": {"allocation": "spdy", "search_starts": 2, "search_patience": 2},
        }
    )

    def prepare(self, pruner: Pruner) -> None:
        """Prune once."""
        _Run(pruner, self.config).prune()


class _Run:
    """One pruning: its network, settings, and what has been eliminated already."""

    def __init__(self, pruner: Pruner, config: ExactOBSConfig) -> None:
        self.pruner, self.config = pruner, config
        self.calibration = calibration_source(pruner.calibration)
        self.store = EliminationStore(pruner.workspace)
        self.units = Units.of(pruner.pattern)
        self.dense = {*config.dense(pruner.shapes), *self.units.untiled(pruner.shapes)}

    def prune(self) -> None:
        """In one go where each layer's part is known, after a look at all of them where it is not."""
        if self.units.most is not None:
            self._layer_by_layer(lambda _: 0)
        elif self.config.allocation in BY_LAYER:
            counts = self.units.counts(self.config, self.pruner.shapes, self.pruner.target)
            self._layer_by_layer(lambda rows: counts[rows.curvature.layer.name])
        else:
            self._between_layers()

    def _layer_by_layer(self, kept_blocks: Callable[[PrunedRows], int]) -> None:
        pruner = self.pruner

        def solve(layer: Layer, moments: InputMoments) -> tuple[Tensor, Tensor]:
            if layer.name in self.dense:
                return pruner.prunable[layer.name].detach().clone(), pruner.masks[layer.name]
            rows = self._rows(layer, moments)
            return self._pruned(rows, kept_blocks(rows))

        pruner.set_masks(prune_layers(pruner.model, pruner.prunable, self.calibration, self.config, solve))

    @torch.no_grad()
    def _between_layers(self) -> None:
        pruner = self.pruner
        shown = shown_layers(pruner.model, pruner.prunable, self.calibration, self.config)
        rows = {layer.name: self._rows(layer, moments) for layer, moments in shown if layer.name not in self.dense}
        leaving = self._allocated(rows)
        masks = dict(pruner.masks)
        for name, part in rows.items():
            weight, masks[name] = self._pruned(part, part.blocks - leaving[name])
            pruner.prunable[name].copy_(weight)
        pruner.set_masks(masks)

    def _rows(self, layer: Layer, moments: InputMoments) -> PrunedRows:
        units, columns = self.units, self._columns(layer)
        weights = layer.matrix(self.pruner.prunable[layer.name])[..., columns]
        curved = curvature(layer, moments.hessian()[:, columns][:, :, columns], self.config.damping)
        found = self.store.eliminate(weights, curved, size=units.size, tall=units.tall, most=units.most)
        uses = moments.positions / moments.samples
        return PrunedRows(weights, curved, found, tall=units.tall, size=units.size, uses=uses)

    def _pruned(self, rows: PrunedRows, kept_blocks: int) -> tuple[Tensor, Tensor]:
        layer = rows.curvature.layer
        kept = rows.kept(rows.blocks - kept_blocks)
        back = self._columns(layer).argsort()
        fitted = rows.fitted(kept).to(rows.weights.dtype)
        return layer.tensor(fitted[..., back]), layer.tensor(kept[..., back])

    def _columns(self, layer: Layer) -> Tensor:
        """The columns in the order that patterns count them."""
        order = torch.arange(layer.columns) if self.units == Units() else layer.channels_last()
        return order.to(self.pruner.prunable[layer.name].device)

    def _allocated(self, rows: Mapping[str, PrunedRows]) -> Counts:
        """How many blocks leave each layer."""
        config, pruner = self.config, self.pruner
        blocks = sum(part.blocks for part in rows.values())
        leaving = blocks - self.units.kept(pruner.shapes, pruner.target, self.dense)
        if config.allocation == "global":
            return over_all({name: part.relative_losses() for name, part in rows.items()}, leaving)
        spdy = config.allocation == "spdy"
        choices = choices_of(rows, self._price(rows), config.density_factor, config.highest_level, quadratic=spdy)
        profile = self._searched(choices, leaving) if spdy else choices.within(leaving)
        return exactly(choices, profile, leaving)

    def _price(self, rows: Mapping[str, PrunedRows]) -> Price:
        if self.config.price == "timings":
            return timing_price(self.config.timings, {name: part.blocks for name, part in rows.items()})
        unit = self.units.numel
        flops = self.config.price == "flops"
        return lambda name, left: (rows[name].blocks - left) * unit * (2 * rows[name].uses if flops else 1.0)

    def _searched(self, choices: Choices, leaving: int) -> Profile:
        config, pruner = self.config, self.pruner
        images = first_images(self.calibration(), config.search_samples)
        measured = NetworkLoss(pruner.model, pruner.prunable, images)
        weights: dict[tuple[str, int], Tensor] = {}

        def at(name: str, count: int) -> Tensor:
            if (name, count) not in weights:
                part = choices.rows[name]
                weights[name, count] = self._pruned(part, part.blocks - count)[0]
            return weights[name, count]

        return search_profile(
            lambda coefficients: choices.within(leaving, coefficients),
            lambda profile: measured({name: at(name, count) for name, count in choices.taken(profile).items()}),
            len(choices.rows),
            pruner.generator,
            starts=config.search_starts,
            patience=config.search_patience,
        )

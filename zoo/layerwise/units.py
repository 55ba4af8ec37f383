"""What leaves together under a pattern, where weights leave one after the other."""

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil, prod

from ..allocation import Counts, Shapes, count_for, rounded
from ..core.errors import UsageError
from ..errors import MaskError
from ..patterns import Block, NByM, Pattern
from ..selection import LayerwiseConfig


@dataclass(frozen=True)
class Units:
    """Blocks of ``tall`` outputs by ``size`` inputs; with ``most`` = (n, m) at most n of each m consecutive ones."""

    tall: int = 1
    size: int = 1
    most: tuple[int, int] | None = None

    @classmethod
    def of(cls, pattern: Pattern) -> "Units":
        """The units of a pattern without channels; how their scores aggregate is not asked: their losses are exact."""
        match pattern:
            case Block(rows=rows, columns=columns):
                return cls(rows, columns)
            case NByM(n=n, m=m):
                return cls(most=(m - n, m))
            case _:
                return cls()

    @property
    def numel(self) -> int:
        """Weights of a unit."""
        return self.tall * self.size

    def untiled(self, shapes: Shapes) -> tuple[str, ...]:
        """The tensors that the units do not tile and that therefore stay dense."""
        inputs = self.size if self.most is None else self.most[1]
        return tuple(name for name, shape in shapes.items() if shape[0] % self.tall or shape[1] % inputs)

    def kept(self, shapes: Shapes, sparsity: float, dense: Collection[str]) -> int:
        """Units that stay in the tensors that are not ``dense``: no fewer weights than the sparsity asks for.

        Raises :class:`MaskError` where the dense ones are more.
        """
        sizes = {name: prod(shape) for name, shape in shapes.items()}
        wanted = count_for(sparsity, sum(sizes.values())) - sum(sizes[name] for name in dense)
        if wanted < 0:
            raise MaskError(f"At sparsity {sparsity} the layers that stay dense ({', '.join(dense)}) keep too much.")
        if len(dense) == len(sizes):
            raise UsageError("No layer is left to prune: the pattern tiles none, or the scope leaves all dense.")
        return ceil(wanted / self.numel)

    def counts(self, config: LayerwiseConfig, shapes: Shapes, sparsity: float) -> Counts:
        """Kept units of each tensor by an allocation that looks at no score."""
        untiled = self.untiled(shapes)
        dense = {*untiled, *config.dense(shapes)}
        wanted = config.counts(shapes, sparsity, None, untiled)
        free = {name: prod(shape) // self.numel for name, shape in shapes.items() if name not in dense}
        real = {name: wanted[name] / self.numel for name in free}
        return rounded(real, self.kept(shapes, sparsity, dense), free)

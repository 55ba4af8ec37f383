"""A training run that can stop after any step and go on as if it had not."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from math import ceil, isfinite
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from ..core.errors import UsageError
from ..errors import RanksDisagreeError, TrainingDivergedError
from ..flops import positions
from ..methods import Method
from ..patterns import UNSTRUCTURED, Pattern
from ..pruner import Pruner
from .accelerating import checksum, make_accelerator
from .batches import TrainingBatches
from .config import Execution, TrainConfig
from .cost import Cost
from .losses import training_loss
from .norms import recalibrate, running_norms
from .optimizers import make_optimizer, set_rate
from .rows import Row, TrainResult
from .seeds import chance, one_thread, stream_seed

NORM_IMAGES = 1024  # from which batch norm is measured where nothing is trained (CrAM: 1,000)


class Session:
    """Trains ``model`` in place while ``method`` prunes it to ``target`` (fraction of the prunable weights).

    Iterating makes one step at a time, from where the run stands to its end; then :meth:`finish`. Between two steps
    :meth:`state_dict` holds everything: a session made alike that loads it ends in the same bits, on one device and
    package set. Loading an earlier state is a rewind. Under ``accelerate launch`` every process makes its session.

    Args:
        accelerator: from :func:`~zoo.train.accelerating.make_accelerator`, where the data asked it for their share.
        input_size: (channels, height, width) of an image, for counting FLOPs.
        pattern: that the zeros have to follow.
        calibration: what methods look at, and batch norm is measured on at the end, instead of ``data``.
        workspace: see :class:`~zoo.pruner.Pruner`.
        teacher: the dense parent, for distillation; needed exactly if ``config.distillation`` is above 0.
        log_steps: steps from one row of :attr:`rows` to the next; None for one row an epoch.
        validate: measures the network's accuracy (fraction) for the rows that end an epoch; None for no such column.
    """

    def __init__(
        self,
        model: nn.Module,
        data: TrainingBatches,
        config: TrainConfig,
        *,
        input_size: tuple[int, int, int],
        method: Method,
        target: float,
        pattern: Pattern = UNSTRUCTURED,
        calibration: TrainingBatches | None = None,
        workspace: Path | None = None,
        execution: Execution | None = None,
        accelerator: Accelerator | None = None,
        teacher: nn.Module | None = None,
        log_steps: int | None = None,
        validate: Callable[[], float] | None = None,
    ) -> None:
        if (teacher is None) != (config.distillation == 0.0):
            raise UsageError("A dense parent to learn from and distillation above 0 go together.")
        self.execution = Execution() if execution is None else execution
        self.accelerator = accelerator or make_accelerator(config.precision, self.execution)
        self.config, self.data, self.rows = config, data, list[Row]()
        self._shown = data if calibration is None else calibration
        self.epochs = method.epochs(target, config.epochs)
        self._layout: Any = torch.channels_last if self.execution.channels_last else torch.preserve_format
        self.model = self._moved(model)
        self._teacher = None if teacher is None else self._moved(teacher)
        self.pruner = Pruner(
            model,
            method,
            target=target,
            total_steps=self.epochs * len(data),
            seed=stream_seed(config.seed, "pruner"),
            calibration=self._calibration,
            pattern=pattern,
            workspace=workspace,
            samples=len(data) * data.batch_size,
        )
        with one_thread():
            self._cost = Cost(self.pruner, positions(model, input_size), data.batch_size)
            optimizer = self.pruner.begin(lambda: make_optimizer(model, config))
        # accelerate's optimizer is needed for scaled gradients alone, and costs a tiny network a tenth of its time.
        self._optimizer = self.accelerator.prepare_optimizer(optimizer) if self._scaler else optimizer
        # Sequential, because accelerate rewrites the forward method of what it prepares, and methods look at the model.
        trained: Any = torch.compile(model) if self.execution.compile else model
        self._network = self.accelerator.prepare_model(nn.Sequential(trained))
        self._log_steps, self._validate = log_steps, validate
        self._losses: list[Tensor] = []
        self._seconds, self._rate = 0.0, config.learning_rate

    @property
    def _scaler(self) -> Any:
        """Of fp16 gradients; None in every other precision."""
        return self.accelerator.scaler

    @property
    def step(self) -> int:
        """Steps that are done."""
        return self.pruner.step

    @property
    def total_steps(self) -> int:
        """Steps of the whole run."""
        return self.pruner.total_steps

    def __iter__(self) -> Iterator[int]:
        """Make the steps that are left; yields the number of finished steps after each."""
        while self.step < self.total_steps:
            epoch, start = divmod(self.step, len(self.data))
            batches = self.data.epoch(epoch, start)
            self._network.train()
            while self.step < (epoch + 1) * len(self.data):
                began = time.perf_counter()
                with one_thread(), chance(self._seed_of_step(), self.accelerator.device):
                    self._train(*self._placed(*next(batches)))
                self._seconds += time.perf_counter() - began
                if self.step % (self._log_steps or len(self.data)) == 0 or self.step == self.total_steps:
                    self._log()
                yield self.step

    def finish(self) -> TrainResult:
        """Leave plain dense tensors, their batch-norm statistics measured anew if the configuration asks for it."""
        with one_thread():
            self.pruner.finalize()
            self._check_ranks()
            with self.accelerator.autocast():
                recalibrate(self.model, self._fresh_images(self._norm_batches))
        if self._norm_batches and self.accelerator.num_processes > 1:
            for norm in running_norms(self.model):
                for statistic in (norm.running_mean, norm.running_var):
                    if statistic is not None:
                        statistic.copy_(self.accelerator.reduce(statistic, "mean"))
        return TrainResult(tuple(self.rows), self.epochs, self.step, self._cost.total)

    def state_dict(self) -> dict[str, Any]:
        """Everything a run is, for ``torch.save`` and ``torch.load(weights_only=True)``. Tensors are not copied."""
        return {
            "model": self.model.state_dict(),
            "optimizer": self._optimizer.state_dict(),
            "pruner": self.pruner.state_dict(),
            "scaler": self._scaler.state_dict() if self._scaler else None,
            "flops": self._cost.total,
            "losses": list(self._losses),
            "rows": [asdict(row) for row in self.rows],
            "seconds": self._seconds,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from, or back to, the step at which ``state`` was taken."""
        self.model.load_state_dict(state["model"])
        self._optimizer.load_state_dict(state["optimizer"])
        memory = {name: tensor.to(self.accelerator.device) for name, tensor in state["pruner"]["memory"].items()}
        self.pruner.load_state_dict({**state["pruner"], "memory": memory})
        if self._scaler:
            self._scaler.load_state_dict(state["scaler"])
        self._cost.total = state["flops"]
        self._losses = [loss.to(self.accelerator.device) for loss in state["losses"]]
        self.rows = [Row(**row) for row in state["rows"]]
        self._seconds = state["seconds"]

    def _train(self, images: Tensor, labels: Tensor) -> None:
        config, pruner, optimizer = self.config, self.pruner, self._optimizer
        self._rate = config.rate(*pruner.learning_rate_position())
        set_rate(optimizer, self._rate, config.learning_rate)
        optimizer.zero_grad()
        pruner.before_forward()
        self._losses.append(self._backward(images, labels))
        replaced = False
        if self._gradients_are_usable():
            if config.clip_norm is not None:
                nn.utils.clip_grad_norm_(self.model.parameters(), config.clip_norm)
            replaced = pruner.after_backward()
        self._cost.add(teacher=self._teacher is not None)
        if not replaced:
            optimizer.step()
        elif self._scaler:
            self._scaler.update()
        self._share_statistics()
        pruner.after_step()

    def _backward(self, images: Tensor, labels: Tensor) -> Tensor:
        """Gradients of the loss of this process's share of a batch, piece by piece; processes are averaged."""
        count = min(self.execution.pieces, len(labels))
        pieces = list(zip(images.tensor_split(count), labels.tensor_split(count), strict=True))
        mean = torch.zeros((), device=images.device)
        for number, (x, y) in enumerate(pieces, 1):
            last = number == len(pieces)
            with nullcontext() if last else self.accelerator.no_sync(self._network):
                loss = training_loss(self._network(x), y, self.config, self._taught(x)) * (len(y) / len(labels))
                mean += loss.detach()
                extra = self.pruner.extra_loss() if last else None
                whole = loss if extra is None else loss + extra
                torch.autograd.backward(self._scaler.scale(whole) if self._scaler else whole)
        return mean

    @torch.no_grad()
    def _taught(self, images: Tensor) -> Tensor | None:
        if self._teacher is None:
            return None
        with self.accelerator.autocast():
            logits: Tensor = self._teacher.eval()(images)
        return logits.float()

    def _gradients_are_usable(self) -> bool:
        """Bring fp16 gradients to their true size; False where they overflowed, and the scaler will skip the step."""
        if not self._scaler:
            return True
        self.accelerator.unscale_gradients(self._optimizer)
        gradients = [parameter.grad for parameter in self.model.parameters() if parameter.grad is not None]
        return bool(torch.isfinite(torch.nn.utils.get_total_norm(gradients)))

    @torch.no_grad()
    def _share_statistics(self) -> None:
        """Methods that calibrate in evaluation mode must see the same batch-norm statistics in every process."""
        if self.accelerator.num_processes > 1 and self.pruner.method.facts.needs_calibration:
            for buffer in self.model.buffers():
                torch.distributed.broadcast(buffer, 0)

    def _log(self) -> None:
        loss = float(self.accelerator.reduce(torch.stack(self._losses).mean(), "mean"))
        if not isfinite(loss):
            raise TrainingDivergedError(
                f"The loss is {loss} after step {self.step} of {self.total_steps}.",
                f"Lower the learning rate, now {self.config.learning_rate}.",
            )
        self._check_ranks()
        before = self.rows[-1].seconds if self.rows else 0.0
        ends_epoch = self.step % len(self.data) == 0
        self.rows.append(
            Row(
                step=self.step,
                epoch=self.step / len(self.data),
                loss=loss,
                sparsity=self.pruner.sparsity(),
                learning_rate=self._rate,
                seconds=self._seconds,
                images_per_second=len(self._losses) * self.data.batch_size / (self._seconds - before),
                validation_top1=self._validate() if self._validate is not None and ends_epoch else None,
            )
        )
        self._losses = []

    def _check_ranks(self) -> None:
        if self.accelerator.num_processes == 1:
            return
        mine = torch.tensor([checksum(list(self.pruner.masks.values()))], device=self.accelerator.device)
        seen = self.accelerator.gather(mine).tolist()
        if len(set(seen)) > 1:
            raise RanksDisagreeError(
                f"The processes of this run hold different masks at step {self.step}: checksums {seen}.",
                "The method draws or measures something that differs between processes; train it in one.",
            )

    def _seed_of_step(self) -> int:
        return stream_seed(self.config.seed, f"step {self.step} of process {self.accelerator.process_index}")

    def _moved(self, model: nn.Module) -> nn.Module:
        # Two calls, because torch's annotations know no single one.
        return model.to(self.accelerator.device).to(memory_format=self._layout)

    def _placed(self, images: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        device = self.accelerator.device
        return (
            images.to(device, non_blocking=True, memory_format=self._layout),
            labels.to(device, non_blocking=True),
        )

    @property
    def _norm_batches(self) -> int:
        """Batches to measure batch norm on."""
        if self.config.norm_batches is not None:
            return self.config.norm_batches
        once = min(len(self._shown), ceil(NORM_IMAGES / self._shown.batch_size))  # no image twice
        return 0 if self.total_steps else once

    def _calibration(self) -> Iterator[tuple[Tensor, Tensor]]:
        for images, labels in self._shown.for_calibration():
            yield self._placed(images, labels)

    def _fresh_images(self, count: int) -> Iterator[Tensor]:
        """Images of ``count`` batches of the epochs that would follow."""
        epoch = self.epochs
        while count > 0:
            for images, labels in self._shown.epoch(epoch):
                yield self._placed(images, labels)[0]
                count -= 1
                if not count:
                    return
            epoch += 1

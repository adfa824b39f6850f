"""What all trainings share: a budget, a learning rate that follows it, averaged weights, checkpoints."""

import math
import os
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from .compiling import Compiling
from .plot import draw_curve

# Losses are read from the device this often: reading waits for it.
READ_EVERY = 10
REPORT_EVERY = 50
SAVE_SECONDS = 120
# No step takes longer than so many usual ones.
LONGEST_STEP = 5


class Paused(Exception):
    """The session is over before the part is trained; its checkpoint goes on from here."""


@dataclass(frozen=True)
class Budget:
    """How long a part is trained: for a number of steps if one is given, otherwise for seconds.

    `deadline`, by the monotonic clock, ends the session, not the training.
    """

    seconds: float
    steps: int | None = None
    deadline: float = math.inf

    def shared(self, parts: int) -> "Budget":
        """What one of several parts gets of the time."""
        return replace(self, seconds=self.seconds / parts)

    def spent(self, steps: int, seconds: float) -> float:
        """The share that is spent, in 0 ... 1."""
        return min(1.0, steps / self.steps if self.steps is not None else seconds / max(self.seconds, 1e-9))


class Average:
    """An exponential moving average of the parameters, which renders better than the last ones."""

    def __init__(self, parameters: list[torch.Tensor], decay: float = 0.999):
        self.parameters = parameters
        self.shadow = [parameter.detach().clone() for parameter in parameters]
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.shadow, self.parameters, 1 - decay)

    @torch.no_grad()
    def apply(self) -> None:
        torch._foreach_copy_(self.parameters, self.shadow)


def adamw(parameters: list[torch.Tensor], lr: float) -> torch.optim.Optimizer:
    return torch.optim.AdamW(parameters, lr=lr, weight_decay=0.01, betas=(0.9, 0.99))


class Loop:
    """Trains modules within a budget, over as many sessions as it takes.

    The checkpoint in the work folder holds everything, the generators of random numbers included: a training that
    was stopped goes on as if it had not been. Where the budget is in seconds, seconds decide its learning rate, so
    that only trainings by steps are the same to the last bit.
    """

    def __init__(
        self, name: str, folder: Path, modules: list[torch.nn.Module], budget: Budget, rate: float, warmup: int = 100,
        decay: float = 0.999, optimizer: Callable[..., torch.optim.Optimizer] = adamw, seed: int = 0,
        compiling: Compiling = Compiling(), compiled: Sequence[torch.nn.Module] = (),
    ):
        """`compiled` are networks that are compiled when `compiling` allows it."""
        self.compiling, self.compiled = compiling, compiled
        self.name, self.budget, self.rate, self.warmup = name, budget, rate, warmup
        self.folder = folder
        self.modules = modules
        self.parameters = [
            parameter for module in modules for parameter in module.parameters() if parameter.requires_grad
        ]
        self.device = self.parameters[0].device
        self.optimizer = optimizer(self.parameters, lr=rate)
        self.average = Average(self.parameters, decay)
        self.step, self.seconds = 0, 0.0
        self.losses: list[float] = []
        # What examples are spoilt by and where crops lie; noise comes from PyTorch's own generators.
        self.chance = random.Random(seed)
        torch.manual_seed(seed)
        self.path = folder / f"{name}.checkpoint"
        if self.path.exists():
            self.load()

    def load(self) -> None:
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        for module, values in zip(self.modules, state["modules"]):
            module.load_state_dict(values)
        self.optimizer.load_state_dict(state["optimizer"])
        for shadow, values in zip(self.average.shadow, state["average"]):
            shadow.copy_(values)
        self.average.updates, self.step, self.seconds = state["updates"], state["step"], state["seconds"]
        self.losses = state["losses"]
        version, numbers, following = state["chance"]
        self.chance.setstate((version, tuple(numbers), following))
        torch.set_rng_state(state["noise"])
        if self.device.type == "cuda" and state["device_noise"] is not None:
            torch.cuda.set_rng_state(state["device_noise"], self.device)
        print(f"{self.name}: goes on at step {self.step}, after {self.seconds:.0f} s", flush=True)

    def save(self) -> None:
        version, numbers, following = self.chance.getstate()
        is_cuda = self.device.type == "cuda"
        state = {
            "modules": [module.state_dict() for module in self.modules], "optimizer": self.optimizer.state_dict(),
            "average": self.average.shadow, "updates": self.average.updates, "step": self.step,
            "seconds": self.seconds, "losses": self.losses, "chance": [version, list(numbers), following],
            "noise": torch.get_rng_state(),
            "device_noise": torch.cuda.get_rng_state(self.device) if is_cuda else None,
        }
        temporary = self.path.with_suffix(".part")
        torch.save(state, temporary)
        os.replace(temporary, self.path)
        draw_curve(self.losses, self.folder / f"{self.name}-loss.png", f"{self.name}: loss")

    @property
    def is_done(self) -> bool:
        return self.budget.spent(self.step, self.seconds) >= 1

    def counted(self, seconds: float) -> float:
        """What a step's time counts: less where the process must have been stopped meanwhile."""
        usual = self.seconds / (self.step - 1) if self.step > 1 else seconds
        return min(seconds, LONGEST_STEP * usual)

    def run(self, loss_of_a_batch: Callable[[], torch.Tensor]) -> None:
        """Trains until the budget is spent; then the modules have the averaged weights.

        - Raises: `Paused` when the session ends first.
        """
        now = saved = time.monotonic()
        unread: list[torch.Tensor] = []
        if self.is_done:
            self.average.apply()
            return
        while not self.is_done:
            spent = self.budget.spent(self.step, self.seconds)
            rate = self.rate * min(1, (self.step + 1) / self.warmup) * max(0.03, 0.5 * (1 + math.cos(math.pi * spent)))
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            if self.compiled and self.compiling.is_due(self.name):
                for network in self.compiled:
                    # For each shape by itself, so that what was compiled ahead is what is asked for.
                    network.compile(dynamic=False)
                self.compiled = ()
            loss = loss_of_a_batch()
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.average.update()
            self.step += 1
            unread.append(loss.detach())
            is_over = time.monotonic() >= self.budget.deadline
            if len(unread) == READ_EVERY or is_over:
                self.losses += torch.stack(unread).tolist()
                unread.clear()
            before, now = now, time.monotonic()
            self.seconds += self.counted(now - before)
            if self.step % REPORT_EVERY == 0:
                recent = self.losses[-REPORT_EVERY:]
                print(f"{self.name}: step {self.step}, {self.seconds:.0f} s, loss {sum(recent) / len(recent):.4f}", flush=True)
            if is_over and not self.is_done:
                self.save()
                # What is saved of a training on its way renders better so; going on begins with the checkpoint.
                self.average.apply()
                raise Paused(f"{self.name}: paused at step {self.step}, after {self.seconds:.0f} s of its time")
            if time.monotonic() - saved > SAVE_SECONDS:
                self.losses += [value.item() for value in unread]
                unread.clear()
                self.save()
                saved = time.monotonic()
        self.losses += [value.item() for value in unread]
        self.save()
        self.average.apply()
        self.compiling.finished(self.name)

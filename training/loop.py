"""What all trainings share: a time budget, a learning rate that follows it, averaged weights, checkpoints."""

import math
import os
import time
from collections.abc import Callable
from pathlib import Path

import torch

from .plot import draw_curve


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
        for shadow, parameter in zip(self.shadow, self.parameters):
            shadow.lerp_(parameter, 1 - decay)

    @torch.no_grad()
    def apply(self) -> None:
        for shadow, parameter in zip(self.shadow, self.parameters):
            parameter.copy_(shadow)


class Loop:
    """Trains modules for a number of seconds, over as many runs as it takes.

    The checkpoint in the work folder holds everything, the seconds spent included: a run that was
    stopped goes on where it was.
    """

    def __init__(
        self, name: str, folder: Path, modules: list[torch.nn.Module], seconds: float, rate: float, warmup: int = 100,
        decay: float = 0.999,
    ):
        self.name, self.seconds, self.rate, self.warmup = name, seconds, rate, warmup
        self.folder = folder
        self.modules = modules
        self.parameters = [
            parameter for module in modules for parameter in module.parameters() if parameter.requires_grad
        ]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=rate, weight_decay=0.01, betas=(0.9, 0.99))
        self.average = Average(self.parameters, decay)
        self.step, self.spent = 0, 0.0
        self.losses: list[float] = []
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
        self.average.updates, self.step, self.spent = state["updates"], state["step"], state["spent"]
        self.losses = state["losses"]
        print(f"{self.name}: goes on at step {self.step}, after {self.spent:.0f} s", flush=True)

    def save(self) -> None:
        state = {
            "modules": [module.state_dict() for module in self.modules], "optimizer": self.optimizer.state_dict(),
            "average": self.average.shadow, "updates": self.average.updates, "step": self.step, "spent": self.spent,
            "losses": self.losses,
        }
        temporary = self.path.with_suffix(".part")
        torch.save(state, temporary)
        os.replace(temporary, self.path)
        draw_curve(self.losses, self.folder / f"{self.name}-loss.png", f"{self.name}: loss")

    def run(self, loss_of_a_batch: Callable[[], torch.Tensor], steps: int | None = None) -> None:
        """Trains until the budget is spent, or for a number of steps; then the modules have the averaged weights."""
        start, saved = time.monotonic() - self.spent, time.monotonic()
        recent = 0.0
        while self.spent < self.seconds and (steps is None or self.step < steps):
            share = min(1.0, self.spent / self.seconds)
            rate = self.rate * min(1, (self.step + 1) / self.warmup) * max(0.03, 0.5 * (1 + math.cos(math.pi * share)))
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            loss = loss_of_a_batch()
            self.optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
            self.optimizer.step()
            self.average.update()
            self.step += 1
            self.spent = time.monotonic() - start
            self.losses.append(loss.item())
            recent = loss.item() if self.step == 1 else 0.98 * recent + 0.02 * loss.item()
            if self.step % 50 == 0:
                print(f"{self.name}: step {self.step}, {self.spent:.0f} s, loss {recent:.4f}", flush=True)
            if time.monotonic() - saved > 120:
                self.save()
                saved = time.monotonic()
        self.save()
        self.average.apply()

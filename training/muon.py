"""Muon, with AdamW for what is no matrix.

Muon: An optimizer for hidden layers in neural networks (Jordan et al. 2024). The momentum of each weight
matrix is made orthogonal before it is applied, so that all directions are learned at one speed; scaled as in
Muon is Scalable for LLM Training (2025), it takes AdamW's learning rates. A convolution is a matrix of
[outputs, inputs times kernel].
"""

import torch

from .precision import has_half_precision

MOMENTUM = 0.95
# Of the quintic iteration that takes singular values to about one.
COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(matrices: torch.Tensor, iterations: int = 5) -> torch.Tensor:
    """The nearest matrices, about, with all singular values alike (Newton and Schulz): [n, rows, columns]."""
    a, b, c = COEFFICIENTS
    is_tall = matrices.shape[1] > matrices.shape[2]
    x = matrices.mT if is_tall else matrices
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    if has_half_precision(x.device.type):
        x = x.bfloat16()
    for _ in range(iterations):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return (x.mT if is_tall else x).to(matrices.dtype)


class Muon(torch.optim.Optimizer):
    """One group of matrices, one of everything else; both take the same learning rate."""

    def __init__(self, parameters: list[torch.Tensor], lr: float, weight_decay: float = 0.01):
        groups = [
            {"params": [parameter for parameter in parameters if parameter.dim() > 1], "is_matrix": True},
            {"params": [parameter for parameter in parameters if parameter.dim() <= 1], "is_matrix": False},
        ]
        super().__init__([group for group in groups if group["params"]], {"lr": lr, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            parameters = [parameter for parameter in group["params"] if parameter.grad is not None]
            torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
            updates = self.matrix_updates(parameters) if group["is_matrix"] else self.vector_updates(parameters)
            torch._foreach_add_(parameters, updates, alpha=-group["lr"])

    def matrix_updates(self, parameters: list[torch.Tensor]) -> list[torch.Tensor]:
        """Those of one shape together, which costs a fraction of one by one."""
        alike: dict[torch.Size, list[tuple[int, torch.Tensor]]] = {}
        for index, parameter in enumerate(parameters):
            state, gradient = self.state[parameter], parameter.grad
            if not state:
                state["momentum"] = torch.zeros_like(gradient)
            momentum = state["momentum"].mul_(MOMENTUM).add_(gradient)
            matrix = gradient.add(momentum, alpha=MOMENTUM).flatten(1)
            alike.setdefault(matrix.shape, []).append((index, matrix))
        updates: list[torch.Tensor] = [torch.empty(0)] * len(parameters)
        for shape, entries in alike.items():
            result = 0.2 * max(shape) ** 0.5 * orthogonal(torch.stack([matrix for _, matrix in entries]))
            for (index, _), update in zip(entries, result):
                updates[index] = update.view_as(parameters[index])
        return updates

    def vector_updates(self, parameters: list[torch.Tensor]) -> list[torch.Tensor]:
        """Adam's, with betas of 0.9 and 0.99."""
        gradients = [parameter.grad for parameter in parameters]
        states = [self.state[parameter] for parameter in parameters]
        for state, gradient in zip(states, gradients):
            if not state:
                state["step"] = 0
                state["first"], state["second"] = torch.zeros_like(gradient), torch.zeros_like(gradient)
            state["step"] += 1
        # All at once: one by one, starting so many small operations takes a GPU longer than they do.
        first, second = [state["first"] for state in states], [state["second"] for state in states]
        torch._foreach_lerp_(first, gradients, 0.1)
        torch._foreach_lerp_(second, torch._foreach_mul(gradients, gradients), 0.01)
        updates = torch._foreach_div(first, [1 - 0.9 ** state["step"] for state in states])
        spreads = torch._foreach_sqrt(torch._foreach_div(second, [1 - 0.99 ** state["step"] for state in states]))
        torch._foreach_add_(spreads, 1e-8)
        torch._foreach_div_(updates, spreads)
        return updates

"""Forward diffusion on unCLIP's squared-cosine schedule, and the loss of a learned range of variances."""

import functools

import torch
from diffusers import UnCLIPScheduler

TIMESTEPS = 1000
# Products of (1 - beta): how much of the clean sample is left at each timestep.
_SIGNAL = UnCLIPScheduler().alphas_cumprod
# The largest stride of a respaced chain that is trained for: 1000 timesteps in 12 steps.
LONGEST_STRIDE = 83


@functools.cache
def signal_table(device: torch.device) -> torch.Tensor:
    """Of every timestep, how much of the clean sample is left: copied to a device once, since a copy waits for it."""
    return _SIGNAL.to(device)


def clean_from(
    prediction: torch.Tensor, sample: torch.Tensor, timesteps: torch.Tensor, kind: str
) -> torch.Tensor:
    """The clean picture that a network's prediction, of the noise ("epsilon") or of the picture ("sample"), means."""
    if kind == "sample":
        return prediction
    signal = spread(signal_table(sample.device)[timesteps], sample)
    return ((sample - (1 - signal).sqrt() * prediction) / signal.sqrt()).clamp(-1, 1)


def draw_timesteps(count: int, noisy_share: float, device: torch.device) -> torch.Tensor:
    """Timesteps of a batch: so many of the noisier part, where the shape of things is decided, the rest of all."""
    anywhere = torch.randint(TIMESTEPS, (count,), device=device)
    noisy = torch.randint(2 * TIMESTEPS // 5, TIMESTEPS, (count,), device=device)
    return torch.where(torch.rand(count, device=device) < noisy_share, noisy, anywhere)


def noised(clean: torch.Tensor, timesteps: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
    """The sample at a timestep (Denoising Diffusion Probabilistic Models, 2020, formula 4)."""
    signal = spread(signal_table(clean.device)[timesteps], clean)
    return signal.sqrt() * clean + (1 - signal).sqrt() * noise


def spread(values: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return values.view(-1, *[1] * (like.dim() - 1))


def signal_to_noise_weight(timesteps: torch.Tensor, low: float, high: float, device: torch.device) -> torch.Tensor:
    """min(SNR, high) for a network that predicts the clean sample (Efficient Diffusion Training via Min-SNR
    Weighting, 2023), and at least `low`, so that the noisiest steps learn too."""
    signal = signal_table(device)[timesteps]
    return (signal / (1 - signal)).clamp(low, high)


def variance_loss(
    clean: torch.Tensor, predicted: torch.Tensor, fraction: torch.Tensor, timesteps: torch.Tensor
) -> torch.Tensor:
    """Kullback-Leibler divergence of a step with the predicted variance from the true one.

    Improved Denoising Diffusion Probabilistic Models (2021): the network interpolates, in the logarithm,
    between the smallest and the largest sensible variance; the prediction of the clean sample gets no
    gradient from here. Sampling respaces the chain, and at a stride of one both ends are almost equal for
    most timesteps, which would leave the fraction undetermined; so strides are drawn at random.
    """
    device = clean.device
    table = signal_table(device)
    stride = torch.randint(1, LONGEST_STRIDE + 1, timesteps.shape, device=device)
    is_inside = (timesteps >= stride).float()
    signal = table[timesteps]
    previous = torch.where(timesteps >= stride, table[(timesteps - stride).clamp(min=0)], torch.ones_like(signal))
    beta = (1 - signal / previous).clamp(1e-8, 0.999)
    smallest = ((1 - previous) / (1 - signal) * beta).clamp(min=1e-12)
    low, high = spread(smallest.log(), clean), spread(beta.log(), clean)
    share = (fraction.clamp(-1, 1) + 1) / 2
    log_variance = share * high + (1 - share) * low
    gap = spread(previous.sqrt() * beta / (1 - signal), clean) * (clean - predicted.detach())
    divergence = 0.5 * (
        -1 + log_variance - low + torch.exp((low - log_variance).clamp(max=10))
        + gap**2 * torch.exp((-log_variance).clamp(max=20))
    )
    bounds = torch.nn.functional.relu(fraction.abs() - 1).pow(2).mean()
    return 2e-3 * (divergence.clamp(max=50).mean((1, 2, 3)) * is_inside).mean() + 0.1 * bounds

"""A small convolutional network that says what a picture shows.

It is trained on composed scenes alone, spoilt by blur, noise, rescaling and quantisation, and never sees a
picture that a model made: so it is nobody's teacher and nobody's pupil.
"""

from pathlib import Path

import torch
import torch.nn.functional as F

from ..compose import Composer
from ..corruption import diversely
from ..loop import Budget, Loop
from ..presets import Preset
from ..world import World
from .answers import Answers, right

# Side of the pictures that it looks at.
SIDE = 64
BATCH = 96
WIDTHS = (32, 64, 128, 128)
# Batches that its normalisation is settled with.
SETTLING = 20
LEARNING_RATE = 2e-3
# Of a picture's side: scenes are moved by up to so much, about the error of a decoder that places things.
SHIFT = 4


class Recogniser(torch.nn.Module):
    def __init__(self, world: World):
        super().__init__()
        layers, before = [], 3
        for after in WIDTHS:
            layers += [
                torch.nn.Conv2d(before, after, 3, stride=2, padding=1, bias=False), torch.nn.BatchNorm2d(after),
                torch.nn.ReLU(), torch.nn.Conv2d(after, after, 3, padding=1, bias=False),
                torch.nn.BatchNorm2d(after), torch.nn.ReLU(),
            ]
            before = after
        self.trunk = torch.nn.Sequential(*layers, torch.nn.Flatten())
        self.features = torch.nn.Sequential(torch.nn.Linear(16 * before, 256), torch.nn.ReLU())
        self.heads = torch.nn.ModuleDict({
            question: torch.nn.Linear(256, count) for question, count in Answers.sizes(world).items()})

    def look(self, pictures: torch.Tensor) -> torch.Tensor:
        """Features [n, 256] of pictures [n, 3, 64, 64] in -1 ... 1."""
        return self.features(self.trunk(pictures))

    def forward(self, pictures: torch.Tensor) -> dict[str, torch.Tensor]:
        features = self.look(pictures)
        return {question: head(features) for question, head in self.heads.items()}

    @torch.no_grad()
    def answers(self, pictures: torch.Tensor) -> Answers:
        """The likeliest to each question."""
        parts = [self(part) for part in pictures.split(256)]
        chosen = {question: torch.cat([part[question] for part in parts]).argmax(1) for question in self.heads}
        # Of symmetric patterns, colours in the order of their list.
        is_symmetric = (chosen["pattern"] == 1) | (chosen["pattern"] == 2)
        low, high = (
            torch.minimum(chosen["ground"], chosen["over"]), torch.maximum(chosen["ground"], chosen["over"]))
        chosen["ground"] = torch.where(is_symmetric, low, chosen["ground"])
        chosen["over"] = torch.where(is_symmetric, high, chosen["over"])
        return Answers(**chosen)


def reduced(pictures: torch.Tensor) -> torch.Tensor:
    """To the recogniser's size."""
    if pictures.shape[-1] == SIDE:
        return pictures
    return F.interpolate(pictures, size=[SIDE, SIDE], mode="bicubic", align_corners=False, antialias=True).clamp(-1, 1)


def spoilt(pictures: torch.Tensor, chance) -> torch.Tensor:
    """Moved a little, and made as unclear as a small model's pictures are."""
    dx, dy = chance.randint(-SHIFT, SHIFT), chance.randint(-SHIFT, SHIFT)
    padded = F.pad(pictures, (SHIFT,) * 4, mode="replicate")
    moved = padded[..., SHIFT + dy : SHIFT + dy + SIDE, SHIFT + dx : SHIFT + dx + SIDE]
    return diversely(moved, chance).clamp(-1, 1)


def trained(world: World, preset: Preset, folder: Path, budget: Budget) -> Recogniser:
    """From its checkpoint in `folder` if that is finished, otherwise trained on."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(7)
    model = Recogniser(world)
    loop = Loop("recogniser", folder, [model], budget, LEARNING_RATE, decay=0.99, seed=8)
    composer = world.composer(max(SIDE, preset.full_size), torch.device("cpu"))

    def loss() -> torch.Tensor:
        scenes = [world.scene(loop.chance) for _ in range(BATCH)]
        pictures = spoilt(reduced(composer.of(scenes)), loop.chance)
        expected = right(scenes, world)
        return sum(F.cross_entropy(logits, getattr(expected, question)) for question, logits in model(pictures).items())

    model.train()
    loop.run(loss)
    settle(model, composer, world, loop)
    return model.eval().requires_grad_(False)


@torch.no_grad()
def settle(model: Recogniser, composer: Composer, world: World, loop: Loop) -> None:
    """Statistics of its normalisation anew, for the averaged weights, on pictures that are not spoilt."""
    for layer in model.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.reset_running_stats()
            layer.momentum = None
    for _ in range(SETTLING):
        pictures = reduced(composer.of([world.scene(loop.chance) for _ in range(BATCH)]))
        model(spoilt(pictures, loop.chance))

"""The parts of one model, in the making: each from its checkpoint, from a model folder, or from nothing."""

import shutil
from pathlib import Path

import torch
from transformers import CLIPTokenizer

from . import bytepairs, card, clip, decoder, export, prior, sheet, upsampler, warm
from .arrays import Examples
from .compiling import Compiling
from .loop import Budget
from .presets import Preset
from .words import Words
from .world import World

PARTS = ("clip", "prior", "decoder", "upsampler")


class Making:
    """Builds every part, then trains those that have a budget, in order."""

    def __init__(
        self, preset: Preset, world: World, work: Path, start: Path | None = None, trained: tuple[str, ...] = (),
        processes: int = 0, compiling: Compiling = Compiling(),
    ):
        """`start` is a model folder to begin with. It may lack those parts that are `trained`; these begin anew."""
        self.processes, self.compiling, self.start = processes, compiling, start
        self.preset, self.world, self.work = preset, world, work
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        work.mkdir(parents=True, exist_ok=True)
        # One seed for what weights start as, in whichever session a part is first trained.
        torch.manual_seed(0)
        tokenizer = self._tokenizer(start)
        self.clip = clip.Clip(preset, tokenizer, Words.of(tokenizer, world, preset.tokens)).to(self.device)
        self.prior = prior.make(preset).to(self.device)
        self.unet, self.projection = (part.to(self.device) for part in decoder.make(preset))
        self.upsamplers = [upsampler.make(stage, preset.groups).to(self.device) for stage in preset.upsamplers]
        # Convolutions of a GPU's matrix units want it; otherwise they turn every picture there and back.
        for network in (self.unet, *self.upsamplers):
            network.to(memory_format=torch.channels_last)
        if start is not None:
            folders = {
                "text_encoder": ("clip", self.clip.text), "image_encoder": ("clip", self.clip.vision),
                "prior": ("prior", self.prior), "decoder": ("decoder", self.unet),
                "text_proj": ("decoder", self.projection),
            } | {upsampler.parts(stage)[0]: ("upsampler", model) for stage, model in enumerate(self.upsamplers)}
            for folder, (part, module) in folders.items():
                warm.start(module, start, folder, may_lack=part in trained)

    def _tokenizer(self, start: Path | None) -> CLIPTokenizer:
        folder = self.work / "tokenizer"
        if start is None:
            return bytepairs.make(self.world, self.preset, folder)
        shutil.copytree(start / "tokenizer", folder, dirs_exist_ok=True)
        return CLIPTokenizer.from_pretrained(folder)

    def train(self, budgets: dict[str, Budget]) -> None:
        """- Raises: `Paused` when the session ends first."""
        preset, world, work = self.preset, self.world, self.work
        if "clip" in budgets:
            clip.train(self.clip, world, preset, work, budgets["clip"], self.processes)
        self.clip.text.eval().requires_grad_(False)
        self.clip.vision.eval().requires_grad_(False)
        if "prior" in budgets:
            prior.standardise(self.prior, self.clip, world, preset)
            prior.train(self.prior, self.clip, world, preset, work, budgets["prior"], self.processes)
        if "decoder" in budgets:
            decoder.train(
                self.unet, self.projection, self.clip, world, preset, work, budgets["decoder"], self.processes,
                self.compiling)
        if "upsampler" in budgets:
            for stage, model in enumerate(self.upsamplers):
                redraw = (self._redraw, [self.unet]) if stage == 0 else (None, [])
                upsampler.train(
                    model, stage, world, self.clip.words, preset, work,
                    budgets["upsampler"].shared(len(self.upsamplers)), *redraw, self.processes, self.compiling)

    def _redraw(self, pictures: torch.Tensor, small: torch.Tensor, examples: Examples) -> torch.Tensor:
        """What the decoder makes of scenes."""
        return decoder.redrawn(
            self.unet, self.projection, self.clip, small, self.clip.look(pictures), self.clip.texts(examples),
            self.preset.prediction)

    def save(self, folder: Path) -> None:
        """Writes the model folder; the parts are then on the processor, in half precision."""
        export.save(
            self.clip, self.prior, self.unet, self.projection, self.upsamplers, self.preset, self.work / "tokenizer",
            self.world.words(), folder)
        card.record_data(folder, self.world.sources, self.start)

    def draw(self, folder: Path, prompts: list[str]) -> Path:
        """A sheet of what the saved folder makes of prompts."""
        path = self.work / "sheet.png"
        sheet.draw(folder, prompts, path)
        return path

"""Trajectories of the reference's scheduler under made-up model outputs."""
import json
import shutil

import torch
from diffusers import UnCLIPScheduler
from safetensors.torch import save_file

from .configurations import scheduler


@torch.no_grad()
def write(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    out, cases = {}, []
    for number, (variance, prediction, clip, train, steps) in enumerate([
            ("fixed_small_log", "sample", 5.0, 1000, 25), ("fixed_small_log", "epsilon", 1.0, 1000, 7),
            ("learned_range", "epsilon", 1.0, 1000, 25), ("learned_range", "sample", None, 1000, 3),
            ("learned_range", "epsilon", 1.0, 10, 10), ("fixed_small_log", "sample", 0.5, 37, 2)]):
        options = scheduler(variance, prediction, clip, train)
        reference = UnCLIPScheduler(**options)
        reference.set_timesteps(steps)
        generator = torch.Generator().manual_seed(number)
        channels = 6 if variance == "learned_range" else 3
        sample = torch.randn(1, 3, 3, 3, generator=generator)
        outputs = torch.randn(steps, 1, channels, 3, 3, generator=torch.Generator().manual_seed(100 + number))
        samples = [sample]
        times = reference.timesteps.tolist()
        for index, time in enumerate(times):
            sample = reference.step(
                outputs[index], time, sample, generator=generator,
                prev_timestep=times[index + 1] if index + 1 < steps else None).prev_sample
            samples.append(sample)
        out[f"{number}.outputs"], out[f"{number}.samples"] = outputs, torch.stack(samples)
        cases.append({**options, "_class_name": "UnCLIPScheduler", "seed": number, "timesteps": times})
    save_file(out, folder / "model.safetensors")
    (folder / "cases.json").write_text(json.dumps({"cases": cases}, indent=1))

#!/usr/bin/env python3
"""Writes walks of the implicit sampler and of the second-order solver under made-up model outputs.

    python make_sampler_fixtures.py

Needs numpy, torch, diffusers and safetensors (made with torch 2.15, diffusers 0.42.1). The implicit sampler is
computed here, in double precision, from formulas 12 and 16 of "Denoising Diffusion Implicit Models", at the timesteps
of `UnCLIPScheduler`; diffusers' own takes others. The solver is diffusers' `DPMSolverMultistepScheduler`, its timesteps
included.
"""
import json
import pathlib
import shutil

import numpy as np
import torch
from diffusers import DPMSolverMultistepScheduler, UnCLIPScheduler
from safetensors.numpy import save_file

COUNT = 24


def config(variance, prediction, clip, train):
    return dict(_class_name="UnCLIPScheduler", variance_type=variance, prediction_type=prediction,
                clip_sample=clip is not None, clip_sample_range=clip or 1.0, num_train_timesteps=train)


def timesteps(options, steps):
    reference = UnCLIPScheduler(**{k: v for k, v in options.items() if k != "_class_name"})
    reference.set_timesteps(steps)
    return reference.timesteps.tolist(), reference.alphas_cumprod.double().numpy()


def outputs_of(options, steps, rng):
    """Outputs as a model gives them: the variances behind the prediction where the model learns them."""
    width = 2 * COUNT if options["variance_type"] == "learned_range" else COUNT
    return rng.standard_normal((steps, width)).astype(np.float32)


def implicit(options, steps, eta, rng):
    times, products = timesteps(options, steps)
    outputs, noise = outputs_of(options, steps, rng), rng.standard_normal((steps, COUNT)).astype(np.float32)
    sample = rng.standard_normal(COUNT).astype(np.float32)
    samples = [sample]
    for index, time in enumerate(times):
        here = products[time]
        there = products[times[index + 1]] if index + 1 < steps else 1.0
        x, output = sample.astype(np.float64), outputs[index, :COUNT].astype(np.float64)
        if options["prediction_type"] == "epsilon":
            clean, direction = (x - np.sqrt(1 - here) * output) / np.sqrt(here), output
        else:
            clean, direction = output, (x - np.sqrt(here) * output) / np.sqrt(1 - here)
        if options["clip_sample"]:
            clean = clean.clip(-options["clip_sample_range"], options["clip_sample_range"])
        sigma = eta * np.sqrt((1 - there) / (1 - here)) * np.sqrt(1 - here / there)
        sample = np.sqrt(there) * clean + np.sqrt(1 - there - sigma**2) * direction + sigma * noise[index]
        sample = sample.astype(np.float32)
        samples.append(sample)
    return times, dict(outputs=outputs, noise=noise, samples=np.stack(samples))


def solver(options, steps, rng):
    outputs = outputs_of(options, steps, rng)
    reference = DPMSolverMultistepScheduler(
        num_train_timesteps=options["num_train_timesteps"], beta_schedule="squaredcos_cap_v2",
        prediction_type=options["prediction_type"], algorithm_type="dpmsolver++", solver_order=2, solver_type="midpoint",
        lower_order_final=True, final_sigmas_type="zero")
    reference.set_timesteps(steps)
    times = reference.timesteps.tolist()
    sample = torch.from_numpy(rng.standard_normal(COUNT).astype(np.float32))
    samples = [sample]
    for index, time in enumerate(times):
        sample = reference.step(torch.from_numpy(outputs[index, :COUNT].copy()), time, sample).prev_sample
        samples.append(sample)
    return times, dict(outputs=outputs, samples=torch.stack(samples).numpy())


def main():
    folder = pathlib.Path(__file__).parent / "samplers"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    cases, tensors = [], {}
    walks = [("ddim", c, steps, eta) for eta in (0.0, 0.5, 1.0) for c, steps in [
        (config("learned_range", "epsilon", 1.0, 1000), 25), (config("fixed_small_log", "sample", 5.0, 1000), 10),
        (config("fixed_small_log", "epsilon", None, 400), 7)]]
    walks += [("solver", c, steps, 0.0) for c, steps in [
        (config("learned_range", "epsilon", None, 1000), 12), (config("fixed_small_log", "sample", None, 1000), 10),
        (config("fixed_small_log", "sample", None, 1000), 25), (config("fixed_small_log", "epsilon", None, 400), 15),
        (config("fixed_small_log", "sample", None, 50), 2)]]
    for number, (sampler, options, steps, eta) in enumerate(walks):
        rng = np.random.default_rng(number)
        times, recorded = implicit(options, steps, eta, rng) if sampler == "ddim" else solver(options, steps, rng)
        cases.append({**options, "sampler": sampler, "eta": eta, "timesteps": times})
        tensors |= {f"{number}.{name}": value for name, value in recorded.items()}
    save_file(tensors, folder / "model.safetensors")
    (folder / "cases.json").write_text(json.dumps({"cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()

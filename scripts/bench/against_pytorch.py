"""Atelier and PyTorch at the same work, in alternation; medians as a table, against what the project asks of itself."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

import torch

from scripts.bench.karlo_model import PARTS, write
from scripts.lib.memory import peak_memory

PART = {"prior": "prior", "decoder": "decoder", "upsampler": "super_res_first"}
STARTER = "models/starter"
STARTER_STEPS = (25, 25, 7)
PROMPT = "a red circle"


def inputs(stage, batch):
    generator = torch.Generator().manual_seed(0)
    randn = lambda *shape: torch.randn(*shape, generator=generator)
    if stage == "prior":
        return dict(
            hidden_states=randn(batch, 768), timestep=torch.tensor(100), proj_embedding=randn(batch, 768),
            encoder_hidden_states=randn(batch, 77, 768), attention_mask=torch.ones(batch, 77, dtype=torch.bool))
    if stage == "decoder":
        return dict(
            sample=randn(batch, 3, 64, 64), timestep=torch.tensor(100), encoder_hidden_states=randn(batch, 81, 1536),
            class_labels=randn(batch, 1280))
    return dict(sample=randn(batch, 6, 256, 256), timestep=torch.tensor(100))


def step_of(folder, stage, batch, precision, layout):
    """Loads a part and answers a function that makes one step."""
    cls, _ = PARTS[PART[stage]]
    module = cls.from_pretrained(f"{folder}/{PART[stage]}").eval()
    given = inputs(stage, batch)
    if precision == "bf16":
        module = module.to(torch.bfloat16)
        given = {k: v.to(torch.bfloat16) if v.is_floating_point() else v for k, v in given.items()}
    if layout == "channels last":
        module = module.to(memory_format=torch.channels_last)
        given = {k: v.contiguous(memory_format=torch.channels_last) if v.ndim == 4 else v for k, v in given.items()}

    def step():
        with torch.inference_mode():
            module(**given)
    return step


def pictures_of(folder, count):
    """Loads a whole model and answers a function that makes some pictures at once."""
    from diffusers.pipelines.deprecated.unclip import UnCLIPPipeline, text_proj
    # What model folders call the module of their text projection.
    sys.modules["unclip"] = text_proj
    pipeline = UnCLIPPipeline.from_pretrained(folder, torch_dtype=torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    prior, decoder, super_res = STARTER_STEPS

    def pictures():
        pipeline(
            [PROMPT] * count, prior_num_inference_steps=prior, decoder_num_inference_steps=decoder,
            super_res_num_inference_steps=super_res, generator=torch.Generator().manual_seed(7))
    return pictures


def serve(folder, stage, batch, precision, layout, threads):
    """In a process of its own, so that memory is this variant's: a line in, one evaluation, its seconds out."""
    torch.set_num_threads(threads)
    work = pictures_of(folder, int(batch)) if stage == "picture" else step_of(folder, stage, int(batch), precision, layout)
    work()
    print(json.dumps("ready"), flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        work()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "bytes": peak_memory()}), flush=True)


class Comparison:
    def __init__(self, args, folder):
        self.args = args
        self.folder = folder
        self.met = True

    def bench(self, stage, batch, steps, threads=None, kernels=None):
        """Atelier's own figures of one stage."""
        environment = os.environ | ({"ATELIER_KERNELS": kernels} if kernels else {})
        return json.loads(subprocess.check_output([
            self.args.atelier, "bench", "--model", self.folder, "--stage", stage, "--batch", str(batch), "--steps",
            str(steps), "--threads", str(threads or self.args.threads), "--json"], env=environment))

    def render(self, folder, pictures, parameters):
        """Atelier's seconds a picture in a running process (the median, which a few first ones do not change), and its
        peak memory."""
        with tempfile.TemporaryDirectory() as out:
            facts = json.loads(subprocess.check_output([
                self.args.atelier, "render", "--model", folder, "--prompt", PROMPT, "--seed", "7", "--n", str(pictures),
                "--threads", str(self.args.threads), "--out", f"{out}/picture.png", "--json", *parameters]))
        seconds = statistics.median(picture["seconds"] for picture in facts["pictures"])
        return seconds, facts["peak_memory_bytes"]

    def alternate(self, own, variants, stage, batch, folder=None):
        """Medians of `own`, which comes before each evaluation of each variant of the peer, and of the variants.

        One variant of the peer is in memory at a time.
        """
        owns, peers, memory = [], {}, {}
        for variant in variants:
            command = [
                sys.executable, "-m", "scripts.bench.against_pytorch", "--serve", folder or self.folder, stage,
                str(batch), *variant, "--threads", str(self.args.threads)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                seconds = []
                # Not before it has loaded and warmed up: both would be in each other's way.
                process.stdout.readline()
                for _ in range(self.args.rounds):
                    owns.append(own())
                    process.stdin.write("\n")
                    process.stdin.flush()
                    answer = json.loads(process.stdout.readline())
                    seconds.append(answer["seconds"])
                    memory[variant] = answer["bytes"]
                process.stdin.close()
            peers[variant] = statistics.median(seconds)
        best = {}
        for precision in dict.fromkeys(precision for precision, _ in variants):
            best[precision] = min(
                (seconds, variant) for variant, seconds in peers.items() if variant[0] == precision)
        return statistics.median(owns), best, memory

    def row(self, name, own, best, bars, scale=1.0):
        cells = [name, f"{own:.3g} s"]
        for precision in ["f32", "bf16"]:
            if precision not in best:
                cells += ["", ""]
                continue
            seconds, variant = best[precision]
            ratio = seconds * scale / own
            bar = bars.get(precision)
            layout = f" ({variant[1]})" if variant[1] == "channels last" else ""
            cells += [f"{seconds * scale:.3g} s{layout}", f"{ratio:.1f}" + (f" (asked: {bar})" if bar else "")]
            self.met = self.met and (bar is None or ratio >= bar)
        print("| " + " | ".join(cells) + " |", flush=True)

    def limit(self, name, value, bound, unit, at_least=False):
        met = value >= bound if at_least else value < bound
        self.met = self.met and met
        print(f"| {name} | {value:.3g} {unit} | {'at least' if at_least else 'under'} {bound} {unit} |", flush=True)

    def run(self):
        args = self.args
        plain = [("f32", "plain"), ("bf16", "plain")]
        layouts = [(precision, layout) for precision in ["f32", "bf16"] for layout in ["plain", "channels last"]]
        print(f"torch {torch.__version__}, {args.threads} threads, medians of {args.rounds} alternating runs")
        print()
        print("| work | Atelier | PyTorch f32 | times | PyTorch bf16 | times |")
        print("|---|---|---|---|---|---|")
        prior, prior_best, _ = self.alternate(
            lambda: self.bench("prior", 2, 25)["seconds_total"], plain, "prior", 2)
        self.row("prior, 25 steps", prior, prior_best, {"f32": 9, "bf16": 4}, 25)
        many, many_best, _ = self.alternate(
            lambda: self.bench("prior", 32, 25)["seconds_total"] / 16, plain[:1], "prior", 32)
        self.row("prior, 25 steps, 16 prompts at once, a prompt; PyTorch's one by one", many, prior_best, {"f32": 20}, 25)
        self.row("the same; PyTorch's 16 at once too", many, many_best, {}, 25 / 16)
        decoder, decoder_best, decoder_memory = self.alternate(
            lambda: self.bench("decoder", 2, 2)["seconds_per_step"], layouts, "decoder", 2)
        self.row("decoder, a step", decoder, decoder_best, {"f32": 2.3, "bf16": 1.2})
        upsampler, upsampler_best, upsampler_memory = self.alternate(
            lambda: self.bench("upsampler", 1, 1)["seconds_per_step"], layouts, "upsampler", 1)
        self.row("upsampler, a step", upsampler, upsampler_best, {"f32": 3.2, "bf16": 1.5})
        whole, memory = self.render(self.folder, 1, ["--prior-steps", "25", "--decoder-steps", "25", "--super-res-steps", "7"])
        summed = {
            precision: (
                25 * prior_best[precision][0] + 25 * decoder_best[precision][0] + 7 * upsampler_best[precision][0],
                (precision, "plain"))
            for precision in ["f32", "bf16"]}
        self.row("a whole picture, 25 + 25 + 7 steps (PyTorch's: the sum of its steps)", whole, summed, {"f32": 3, "bf16": 1.4})
        steps = [
            "--sampler", "ddpm", "--prior-steps", str(STARTER_STEPS[0]), "--decoder-steps", str(STARTER_STEPS[1]),
            "--super-res-steps", str(STARTER_STEPS[2]), "--prior-guidance", "4", "--decoder-guidance", "8"]
        for pictures, name, bars in [
            (1, "the starter model, a picture in a running process", {"f32": 4}),
            (self.args.threads, "the same; PyTorch's as many at once as there are threads", {})]:
            starter, starter_best, _ = self.alternate(
                lambda: self.render(STARTER, 8, steps)[0], plain[:1], "picture", pictures, folder=STARTER)
            self.row(name, starter, starter_best, bars, 1 / pictures)
        print()
        print("| limit | measured | asked |")
        print("|---|---|---|")
        self.limit("peak memory, all stages, f16 weights", memory / 1e9, 8, "GB")
        facts = self.bench("decoder", 2, 1)
        self.limit("peak memory, decoder alone", facts["peak_memory_bytes"] / 1e9, 3, "GB")
        self.limit("from exec to the decoder's first step", facts["seconds_to_first_step"], 1, "s")
        pairs = [
            (self.bench("decoder", 2, 1, threads=1)["seconds_per_step"], self.bench("decoder", 2, 2, threads=2)["seconds_per_step"])
            for _ in range(args.rounds)]
        self.limit("two threads against one, decoder", statistics.median(one / two for one, two in pairs), 1.85, "times", at_least=True)
        print()
        print(f"PyTorch's peaks: decoder {min(decoder_memory.values()) / 1e9:.1f} to {max(decoder_memory.values()) / 1e9:.1f} GB, "
              f"upsampler {min(upsampler_memory.values()) / 1e9:.1f} to {max(upsampler_memory.values()) / 1e9:.1f} GB.")
        print()
        print("| work, AVX2 kernels | Atelier | PyTorch f32 (all it has) | times |")
        print("|---|---|---|---|")
        for name, stage, batch, steps, key, best, scale in [
            ("prior, 25 steps", "prior", 2, 25, "seconds_total", prior_best, 25),
            ("decoder, a step", "decoder", 2, 2, "seconds_per_step", decoder_best, 1),
            ("upsampler, a step", "upsampler", 1, 1, "seconds_per_step", upsampler_best, 1)]:
            own = self.bench(stage, batch, steps, kernels="avx2")[key]
            seconds = best["f32"][0] * scale
            print(f"| {name} | {own:.3g} s | {seconds:.3g} s | {seconds / own:.1f} |", flush=True)
        return self.met


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atelier")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--serve", nargs=5)
    args = parser.parse_args()
    if args.serve:
        return serve(*args.serve, args.threads)
    with tempfile.TemporaryDirectory() as folder:
        print(f"Writing random weights of Karlo's size to {folder} (6 GB) ...", file=sys.stderr)
        write(folder)
        met = Comparison(args, folder).run()
    print()
    print("All that is asked is met." if met else "Not all that is asked is met.")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()

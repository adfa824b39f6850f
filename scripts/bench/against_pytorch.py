"""One step of each stage, by Atelier and by PyTorch in its layouts and precisions, in alternation; medians as a table."""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time

import torch
from karlo_model import PARTS, write

BATCH = {"prior": 2, "decoder": 2, "upsampler": 1}
PART = {"prior": "prior", "decoder": "decoder", "upsampler": "super_res_first"}
# What the bars ask for: times PyTorch in f32 (its better layout) and in bf16.
BARS = {"prior, 25 steps": (9, 4), "decoder, a step": (2.3, 1.2), "upsampler, a step": (3.2, 1.5)}


def inputs(stage):
    batch = BATCH[stage]
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


def peer(folder, stage, precision, layout):
    """Loads a part and answers a function that makes one step."""
    cls, _ = PARTS[PART[stage]]
    module = cls.from_pretrained(f"{folder}/{PART[stage]}").eval()
    given = inputs(stage)
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


def peak_memory():
    """Bytes. Not getrusage, whose figure a process inherits from the one that started it."""
    line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def serve(folder, stage, precision, layout, threads):
    """In a process of its own, so that memory is this variant's: a line in, a step, its seconds out."""
    torch.set_num_threads(threads)
    step = peer(folder, stage, precision, layout)
    step()
    for _ in sys.stdin:
        start = time.perf_counter()
        step()
        seconds = time.perf_counter() - start
        print(json.dumps({"seconds": seconds, "bytes": peak_memory()}), flush=True)


def compare(args, folder, stage):
    layouts = ["plain"] if stage == "prior" else ["plain", "channels last"]
    runs = {}
    memory = {}
    # One variant of the peer in memory at a time; Atelier's run comes before and behind each of its steps.
    for precision in ["f32", "bf16"]:
        for layout in layouts:
            command = [sys.executable, __file__, "--serve", folder, stage, precision, layout, "--threads", str(args.threads)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                for _ in range(args.rounds):
                    own = json.loads(subprocess.check_output([
                        args.atelier, "bench", "--model", folder, "--stage", stage, "--batch", str(BATCH[stage]), "--steps",
                        "25" if stage == "prior" else "1", "--threads", str(args.threads), "--json"]))
                    seconds = own["seconds_total"] if stage == "prior" else own["seconds_per_step"]
                    runs.setdefault("own", []).append(seconds)
                    memory["own"] = own["peak_memory_bytes"]
                    process.stdin.write("\n")
                    process.stdin.flush()
                    answer = json.loads(process.stdout.readline())
                    runs.setdefault((precision, layout), []).append(answer["seconds"] * (25 if stage == "prior" else 1))
                    memory[precision, layout] = answer["bytes"]
                process.stdin.close()
    own = statistics.median(runs["own"])
    name = f"{stage}, " + ("25 steps" if stage == "prior" else "a step")
    cells = [name, f"{own:.2f} s", f"{memory['own'] / 1e9:.1f} GB"]
    met = True
    for precision, bar in zip(["f32", "bf16"], BARS[name]):
        seconds, layout = min((statistics.median(runs[precision, layout]), layout) for layout in layouts)
        ratio = seconds / own
        met = met and ratio >= bar
        cells += [f"{seconds:.2f} s ({layout}), {memory[precision, layout] / 1e9:.1f} GB", f"{ratio:.1f} (bar {bar})"]
    print("| " + " | ".join(cells) + " |", flush=True)
    return met


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--atelier")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--serve", nargs=4)
    args = parser.parse_args()
    if args.serve:
        return serve(*args.serve, args.threads)
    with tempfile.TemporaryDirectory() as folder:
        print(f"Writing random weights of Karlo's size to {folder} (6 GB) ...", file=sys.stderr)
        # The published weights are of half precision too; the peer widens them as it loads them.
        write(folder, torch.float16)
        print(f"torch {torch.__version__}, {args.threads} threads, medians of {args.rounds} alternating runs or more")
        print("| work | Atelier, f16 weights | peak | PyTorch f32 | times | PyTorch bf16 | times |")
        print("|---|---|---|---|---|---|---|")
        met = [compare(args, folder, stage) for stage in ["prior", "decoder", "upsampler"]]
    sys.exit(0 if all(met) else 1)


if __name__ == "__main__":
    main()

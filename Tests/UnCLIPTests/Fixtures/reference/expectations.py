"""Runs the reference on a saved folder and records what every part and every case gives."""
import json

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from .configurations import PICTURES, PROMPTS
from .folders import load
from .pictures import scene


@torch.no_grad()
def expect(folder, cases, seed):
    """Writes the folder's `expected`. False, and nothing written, if it would show little: numbers that the reference
    itself rounds off, the pictures of a chaotic sampler, which mean nothing beyond the last bit, and pictures that are
    black and white."""
    text, picture = load(folder)
    generator = torch.Generator().manual_seed(seed + 1)
    out, timestep = part_outputs(text, generator)
    if (own := own_rounding(folder, seed, out)) > 2e-5:
        print(f"{folder.name} is ill-conditioned with seed {seed}: {own:.0e}", flush=True)
        return False
    if picture is not None:
        out |= image_outputs(picture, seed)
    for number, case in enumerate(cases):
        embedding, rendered = render(text, picture, case, out)
        out[f"case{number}.embedding"], out[f"case{number}.picture"] = embedding, rendered.to(torch.float16)
        if ((rendered > 0) & (rendered < 255)).float().mean() < 0.25:
            print(folder.name, "gives black and white with seed", seed, flush=True)
            return False
    # About what rounding to single precision does to a part's output.
    for pipe in [text, picture] if picture else [text]:
        for module in pipe.components.values():
            for p in module.parameters() if isinstance(module, torch.nn.Module) else []:
                p.mul_(1 + 1e-6 * torch.randn(p.shape, generator=generator))
    for number, case in enumerate(cases):
        drift = (render(text, picture, case, out)[1] - out[f"case{number}.picture"].float()).abs()
        if not (drift.max() <= 1 and drift.mean() < 0.05):
            print(f"{folder.name} is chaotic with seed {seed}: {drift.max():.0f}, {drift.mean():.3f}", flush=True)
            return False
    target = folder / "expected"
    target.mkdir()
    halves = {k for k in out if k.endswith((".input", "projection.image"))}
    save_file({k: (v.half() if k in halves else v).contiguous() for k, v in out.items()}, target / "model.safetensors")
    (target / "cases.json").write_text(json.dumps({"timestep": timestep, "prompt": PROMPTS[0], "cases": cases}, indent=1))
    spread = [round(float(out[f"case{n}.picture"].float().std()), 1) for n in range(len(cases))]
    size = sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) // 1024
    print(folder.name, size, "KiB, spread", spread, flush=True)
    return True


def draw(generator, dtype, *shape):
    """Normal values that half precision holds, which is how they are kept."""
    return torch.randn(*shape, generator=generator).to(torch.float16).to(dtype)


def part_outputs(pipe, generator, dtype=torch.float32):
    """Inputs and outputs of each part that a prompt's picture needs, and the timestep of them."""
    out = {}
    ids = pipe.tokenizer(["", PROMPTS[0]], padding="max_length", truncation=True,
                         max_length=pipe.tokenizer.model_max_length, return_tensors="pt")
    mask = ids.attention_mask.bool()
    text = pipe.text_encoder(ids.input_ids)
    out["text.ids"], out["text.mask"] = ids.input_ids.to(dtype), mask.to(dtype)
    out["text.states"], out["text.embedding"] = text.last_hidden_state, text.text_embeds

    width = pipe.prior.config.embedding_dim
    out["prior.input"] = draw(generator, dtype, width)
    timestep = 417 * pipe.prior_scheduler.config.num_train_timesteps // 1000
    out["prior.output"] = pipe.prior(
        out["prior.input"].expand(2, -1), timestep=torch.tensor(timestep), proj_embedding=text.text_embeds,
        encoder_hidden_states=text.last_hidden_state, attention_mask=mask).predicted_image_embedding

    out["projection.image"] = draw(generator, dtype, width)
    context, time = pipe.text_proj(
        image_embeddings=out["projection.image"][None], prompt_embeds=text.text_embeds,
        text_encoder_hidden_states=text.last_hidden_state, do_classifier_free_guidance=True)
    out["projection.context"], out["projection.time"] = context, time

    size = pipe.decoder.config.sample_size
    out["decoder.input"] = draw(generator, dtype, 2, pipe.decoder.config.in_channels, size, size)
    extra = torch.nn.functional.pad(mask, (pipe.text_proj.clip_extra_context_tokens, 0), value=True)
    out["decoder.output"] = pipe.decoder(
        out["decoder.input"], timestep=torch.tensor(timestep), encoder_hidden_states=context,
        class_labels=time, attention_mask=extra).sample

    for name in ["super_res_first", "super_res_last"]:
        unet = getattr(pipe, name)
        size = unet.config.sample_size
        out[f"{name}.input"] = draw(generator, dtype, 1, unet.config.in_channels, size, size)
        out[f"{name}.output"] = unet(out[f"{name}.input"], timestep=torch.tensor(timestep)).sample
    return out, timestep


def own_rounding(folder, seed, out):
    """The largest relative difference of a part's output in single precision from the same in double."""
    pipe, _ = load(folder)
    for module in pipe.components.values():
        if isinstance(module, torch.nn.Module):
            module.double()
    exact, _ = part_outputs(pipe, torch.Generator().manual_seed(seed + 1), torch.float64)
    return max(float((out[k] - v).abs().max() / v.abs().max()) for k, v in exact.items())


def image_outputs(pipe, seed):
    """Pictures, what the encoder is shown of them before and after normalisation, and its embeddings."""
    out = {}
    for number, (width, height) in enumerate(PICTURES):
        picture = scene(width, height, 10 * seed + number)
        cut = pipe.feature_extractor(picture, do_rescale=False, do_normalize=False, return_tensors="pt").pixel_values[0]
        pixels = pipe.feature_extractor(picture, return_tensors="pt").pixel_values
        out[f"image{number}.picture"] = torch.tensor(np.asarray(picture)).to(torch.float16)
        out[f"image{number}.cut"] = cut.permute(1, 2, 0).to(torch.float16)
        out[f"image{number}.pixels"] = pixels[0]
        out[f"image{number}.embedding"] = pipe.image_encoder(pixels).image_embeds[0]
    return out


def render(text, picture, case, tensors):
    """The image embedding and the picture of a case, 0 ... 255."""
    shared = dict(
        generator=torch.Generator().manual_seed(case["seed"]), output_type="np",
        decoder_num_inference_steps=case["decoder_steps"], super_res_num_inference_steps=case["super_res_steps"],
        decoder_guidance_scale=case["decoder_guidance"])
    if "picture" in case:
        name = f"image{case['picture']}"
        source = Image.fromarray(tensors[f"{name}.picture"].to(torch.uint8).numpy())
        made = picture(image=source, **shared).images[0]
        return tensors[f"{name}.embedding"].clone(), (torch.tensor(made) * 255).round()
    seen = {}
    original = text.prior.post_process_latents
    text.prior.post_process_latents = lambda x: seen.setdefault("embedding", original(x))
    made = text(
        case["prompt"], prior_num_inference_steps=case["prior_steps"], prior_guidance_scale=case["prior_guidance"],
        **shared).images[0]
    text.prior.post_process_latents = original
    return seen["embedding"][0], (torch.tensor(made) * 255).round()

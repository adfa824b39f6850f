"""A model folder of Karlo's full size with random weights: all that a picture of a prompt takes."""

import json
import shutil
from pathlib import Path

import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel
from safetensors.torch import save_file
from transformers import CLIPTextConfig, CLIPTextModelWithProjection

U_NET = dict(
    act_fn="silu", block_out_channels=(320, 640, 960, 1280), layers_per_block=3, norm_eps=1e-5, norm_num_groups=32,
    resnet_time_scale_shift="scale_shift")
UPSAMPLER = dict(
    sample_size=256, in_channels=6, out_channels=3, add_attention=False,
    down_block_types=("ResnetDownsampleBlock2D",) * 4, up_block_types=("ResnetUpsampleBlock2D",) * 4, **U_NET)
PARTS = {
    "prior": (PriorTransformer, dict(
        num_attention_heads=32, attention_head_dim=64, num_layers=20, embedding_dim=768, num_embeddings=77,
        additional_embeddings=4)),
    "text_proj": (UnCLIPTextProjModel, dict(
        clip_extra_context_tokens=4, clip_embeddings_dim=768, time_embed_dim=1280, cross_attention_dim=1536)),
    "decoder": (UNet2DConditionModel, dict(
        sample_size=64, in_channels=3, out_channels=6, attention_head_dim=64, cross_attention_dim=1536,
        class_embed_type="identity", mid_block_type="UNetMidBlock2DSimpleCrossAttn",
        down_block_types=("ResnetDownsampleBlock2D",) + ("SimpleCrossAttnDownBlock2D",) * 3,
        up_block_types=("SimpleCrossAttnUpBlock2D",) * 3 + ("ResnetUpsampleBlock2D",), **U_NET)),
    "super_res_first": (UNet2DModel, UPSAMPLER),
    "super_res_last": (UNet2DModel, UPSAMPLER),
}
# CLIP ViT-L/14's text tower; its vocabulary is that of the tokenizer that comes with this repository.
TEXT_ENCODER = dict(
    hidden_size=768, projection_dim=768, intermediate_size=3072, num_hidden_layers=12, num_attention_heads=12)
TOKENIZER = Path(__file__).parents[2] / "models/starter/tokenizer"
# The published weights are of half precision too; the peer widens them as it loads them.
DTYPE = torch.float16
SCHEDULERS = {
    "prior_scheduler": dict(prediction_type="sample", variance_type="fixed_small_log", clip_sample_range=5.0),
    "decoder_scheduler": dict(prediction_type="epsilon", variance_type="learned_range", clip_sample_range=1.0),
    "super_res_scheduler": dict(prediction_type="epsilon", variance_type="fixed_small_log", clip_sample_range=1.0),
}


def random_weights(module, generator):
    """Weights at a scale that keeps signals alive through the depth."""
    for name, tensor in module.state_dict().items():
        if name == "causal_attention_mask":
            continue
        if tensor.ndim >= 2 and not name.startswith("clip_"):
            value = torch.empty(tensor.shape).uniform_(-1, 1, generator=generator) * (3 / tensor[0].numel()) ** 0.5
        elif name.endswith("weight") or name == "clip_std":
            value = torch.ones(tensor.shape)
        else:
            value = torch.zeros(tensor.shape)
        yield name, value


def write_text_encoder(folder, generator):
    shutil.copytree(TOKENIZER, folder / "tokenizer", dirs_exist_ok=True)
    vocabulary = json.loads((TOKENIZER / "vocab.json").read_text())
    start, end = vocabulary["<|startoftext|>"], vocabulary["<|endoftext|>"]
    config = CLIPTextConfig(
        vocab_size=len(vocabulary), bos_token_id=start, eos_token_id=end, pad_token_id=end, **TEXT_ENCODER)
    with torch.device("meta"):
        encoder = CLIPTextModelWithProjection(config)
    config.architectures = ["CLIPTextModelWithProjection"]
    (folder / "text_encoder").mkdir(exist_ok=True)
    config.save_pretrained(folder / "text_encoder")
    weights = {key: value.to(DTYPE) for key, value in random_weights(encoder, generator) if "position_ids" not in key}
    save_file(weights, folder / "text_encoder" / "model.safetensors", metadata={"format": "pt"})


def write(folder):
    """Writes the folder, one part at a time."""
    folder = Path(folder)
    generator = torch.Generator().manual_seed(1)
    index = {"_class_name": "UnCLIPPipeline", "_diffusers_version": "0.42.1"}
    for name, (cls, settings) in PARTS.items():
        with torch.device("meta"):
            module = cls(**settings)
        (folder / name).mkdir(parents=True, exist_ok=True)
        module.save_config(folder / name)
        weights = {key: value.to(DTYPE) for key, value in random_weights(module, generator)}
        save_file(weights, folder / name / "diffusion_pytorch_model.safetensors")
        index[name] = ["diffusers", cls.__name__]
    for name, settings in SCHEDULERS.items():
        (folder / name).mkdir(exist_ok=True)
        config = {"_class_name": "UnCLIPScheduler", "num_train_timesteps": 1000, "clip_sample": True, **settings}
        (folder / name / "scheduler_config.json").write_text(json.dumps(config))
        index[name] = ["diffusers", "UnCLIPScheduler"]
    write_text_encoder(folder, generator)
    index |= {"tokenizer": ["transformers", "CLIPTokenizer"], "text_encoder": ["transformers", "CLIPTextModelWithProjection"]}
    (folder / "model_index.json").write_text(json.dumps(index, indent=2))

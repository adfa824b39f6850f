"""Every key of the configurations that a model is built from, and what the engine does about it.

A key is honoured (a committed model sets it to something else than its default), refused at values that the engine
does not compute, or without effect on what a model of the supported kinds gives. Writing the table checks it against
the reference: that no key is missing, that honoured ones are covered, and that those said to be without effect have
none. The engine is held to it by ConfigurationKeysTests.swift.
"""
import inspect
import json

import numpy as np
import torch
from diffusers import PriorTransformer, UNet2DConditionModel, UNet2DModel, UnCLIPScheduler
from diffusers.pipelines.deprecated.unclip.text_proj import UnCLIPTextProjModel
from transformers import CLIPTextConfig, CLIPVisionConfig
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

from .folders import load
from .pictures import scene
from .preprocessing import CONFIGURATIONS

CROSS = ["CrossAttnDownBlock2D", "DownBlock2D"]

# Class: the parts that it configures; keys without effect, each with a value to try; values that are refused. All
# other keys are honoured.
CLASSES = {
    "CLIPTextConfig": (["text_encoder"], dict(
        attention_dropout=0.5, initializer_range=0.5, initializer_factor=2.0, pad_token_id=0, bos_token_id=3), dict(
        hidden_act=["gelu_new", "mish"], eos_token_id=[[3, 4]])),
    "CLIPVisionConfig": (["image_encoder"], dict(
        attention_dropout=0.5, initializer_range=0.5, initializer_factor=2.0), dict(
        num_channels=[1, 4], hidden_act=["gelu_new"], image_size=[[16, 16]], patch_size=[[8, 8]])),
    "PriorTransformer": (["prior"], dict(dropout=0.5), dict(
        additional_embeddings=[3, 5], encoder_hid_proj_type=[None, "text_proj"], added_emb_type=[None, "other"],
        time_embed_act_fn=["mish"], norm_in_type=["group"], embedding_proj_norm_type=["group"], clip_embed_dim=[99])),
    "UnCLIPTextProjModel": (["text_proj"], {}, dict(clip_extra_context_tokens=[0])),
    "UNet2DConditionModel": (["decoder"], dict(
        downsample_padding=0, dropout=0.5, transformer_layers_per_block=3,
        reverse_transformer_layers_per_block=[[1], [1]], dual_cross_attention=True, use_linear_projection=True,
        addition_time_embed_dim=7, upcast_attention=True, projection_class_embeddings_input_dim=5,
        addition_embed_type_num_heads=3), dict(
        sample_size=[None, [8, 8], 9], down_block_types=[CROSS], up_block_types=[["UpBlock2D", "CrossAttnUpBlock2D"]],
        mid_block_type=["UNetMidBlock2DCrossAttn", "UNetMidBlock2D"], only_cross_attention=[True, [True, False], None],
        act_fn=["mish", "tanh"], norm_num_groups=[None, 5], attention_head_dim=[None, 5, [8, None]],
        encoder_hid_dim=[8], encoder_hid_dim_type=["text_proj"], num_attention_heads=[2],
        class_embed_type=["timestep", "projection", "simple_projection"], addition_embed_type=["text", "image"],
        num_class_embeds=[10], resnet_time_scale_shift=["ada_group", "spatial"], time_embedding_type=["fourier", None],
        time_embedding_act_fn=["silu"], timestep_post_act=["silu"], time_cond_proj_dim=[4], conv_in_kernel=[2],
        conv_out_kernel=[4], attention_type=["gated", None], class_embeddings_concat=[True],
        mid_block_only_cross_attention=[True], cross_attention_norm=["layer_norm", "group_norm"])),
    "UNet2DModel": (["super_res_first", "super_res_last"], dict(
        downsample_padding=0, downsample_type="resnet", upsample_type="resnet", dropout=0.5, num_train_timesteps=77), dict(
        sample_size=[None, [20, 20], 21], time_embedding_type=["fourier", "learned", None],
        down_block_types=[["DownBlock2D", "AttnDownBlock2D"]], up_block_types=[["SkipUpBlock2D", "UpBlock2D"]],
        mid_block_type=["UNetMidBlock2DCrossAttn"], act_fn=["mish"], norm_num_groups=[None, 3],
        resnet_time_scale_shift=["ada_group", "spatial"], class_embed_type=["timestep", "identity"],
        num_class_embeds=[10])),
    "UnCLIPScheduler": (["prior_scheduler", "decoder_scheduler", "super_res_scheduler"], {}, dict(
        variance_type=["fixed_large", "learned"], prediction_type=["v_prediction"], beta_schedule=["linear", None],
        clip_sample_range=[0], num_train_timesteps=[1])),
    "CLIPImageProcessor": (["feature_extractor"], dict(
        pad_size={"height": 99, "width": 99}, data_format="channels_last", input_data_format="channels_last",
        device="cpu", disable_grouping=True, image_seq_length=5), dict(
        do_convert_rgb=[False], do_pad=[True], resample=[0, 6], size=[
            {"shortest_edge": 16, "longest_edge": 20}, {"longest_edge": 20}, {"max_height": 9, "max_width": 9}],
        image_mean=[[0.5]], image_std=[[0.5], 0])),
}
# Of the pipeline's call, and not of a file.
NOT_STORED = {"return_tensors"}
# Keys whose null means something: these are honoured.
NULLABLE = {("UNet2DConditionModel", "mid_block_type"), ("UNet2DModel", "mid_block_type"),
            ("UNet2DModel", "attention_head_dim")}


def defaults(name):
    """Keys of a class with their defaults; a key without one has `...`."""
    if name == "CLIPImageProcessor":
        return {k: getattr(CLIPImageProcessorPil, k, None)
                for k in CLIPImageProcessorPil.valid_kwargs.__annotations__ if k not in NOT_STORED}
    kind = dict(
        CLIPTextConfig=CLIPTextConfig, CLIPVisionConfig=CLIPVisionConfig, PriorTransformer=PriorTransformer,
        UnCLIPTextProjModel=UnCLIPTextProjModel, UNet2DConditionModel=UNet2DConditionModel, UNet2DModel=UNet2DModel,
        UnCLIPScheduler=UnCLIPScheduler)[name]
    if name.startswith("CLIP"):
        # Those of the base class say how results are handed over, not what they are.
        return {k: getattr(kind, k) for k in kind.__annotations__ if k not in ("model_type", "base_config_key")}
    parameters = inspect.signature(kind.__init__).parameters.values()
    return {p.name: ... if p.default is p.empty else p.default for p in parameters if p.name != "self"}


def write(path, models):
    """`models` is the folder of the committed models."""
    folders = [f for f in sorted(models.iterdir()) if f.is_dir()]
    table = {}
    for name, (parts, ineffective, refused) in CLASSES.items():
        keys = defaults(name)
        unknown = [k for k in [*ineffective, *refused] if k not in keys]
        assert not unknown, f"{name} has no {unknown}"
        written = [v for folder in folders for part in parts for v in read(folder / part)]
        if name == "CLIPImageProcessor":
            written += CONFIGURATIONS.values()
        rows = {}
        for key, default in keys.items():
            values = [v for v in refused.get(key, [])]
            if key in ineffective:
                check_ineffective(name, parts[0], key, ineffective[key], models / "narrow")
                rows[key] = {"ineffective": ineffective[key]}
                continue
            honoured = any(key in w and differs(w[key], default) for w in written)
            assert honoured or values, f"no committed model sets {name}.{key} to something else than {default}"
            if honoured and default is not None and name != "CLIPImageProcessor" and (name, key) not in NULLABLE:
                values += [None] * (None not in values)
            rows[key] = {"honoured": honoured, "refused": values}
        table[name] = {"part": parts[0], "keys": rows}
    path.write_text(json.dumps(table, indent=1))


def read(folder):
    return [json.loads(f.read_text()) for f in folder.glob("*config.json")]


def differs(value, default):
    return default is ... or json.dumps(value) != json.dumps(dict(default) if isinstance(default, dict) else default)


@torch.no_grad()
def check_ineffective(name, part, key, value, folder):
    """Fails if the reference gives something else with a key set to a value."""
    text, picture = load(folder)
    if name == "CLIPImageProcessor":
        plain = picture.feature_extractor
        changed = CLIPImageProcessorPil(**(json.loads((folder / part / "preprocessor_config.json").read_text()) | {key: value}))
        image = scene(31, 22, 3)
        first, second = (p(image, return_tensors="np").pixel_values for p in [plain, changed])
        assert np.array_equal(first, second), key
        return
    pipe = picture if part == "image_encoder" else text
    module = getattr(pipe, part)
    if name.startswith("CLIP"):
        config = type(module.config)(**(module.config.to_dict() | {key: value}))
        changed = type(module)(config)
    else:
        changed = type(module).from_config(dict(module.config) | {key: value})
    changed.load_state_dict(module.state_dict())
    first, second = (forward(m.eval(), text) for m in [module, changed])
    # The same model loaded twice may differ in the last bit.
    assert torch.allclose(first, second, rtol=1e-5, atol=1e-5), f"{name}.{key} has an effect"


def forward(module, pipe):
    """Something that a part gives."""
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    if isinstance(module, UNet2DConditionModel):
        c = module.config
        return module(draw(1, 3, c.sample_size, c.sample_size), 3, draw(1, 7, c.cross_attention_dim),
                      class_labels=draw(1, 4 * c.block_out_channels[0])).sample
    if isinstance(module, UNet2DModel):
        return module(draw(1, module.config.in_channels, module.config.sample_size, module.config.sample_size), 3).sample
    if isinstance(module, PriorTransformer):
        c = module.config
        return module(draw(1, c.embedding_dim), 3, draw(1, c.embedding_dim),
                      draw(1, c.num_embeddings, c.embedding_dim)).predicted_image_embedding
    if hasattr(module, "text_model") or hasattr(module, "text_projection"):
        ids = pipe.tokenizer("a red apple", padding="max_length", return_tensors="pt").input_ids
        return module(ids).text_embeds
    side = module.config.image_size
    return module(draw(1, 3, side, side)).image_embeds

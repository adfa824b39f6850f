"""The committed configurations, each chosen to set keys that the others leave alone."""

PROMPTS = ["a red apple on a blue background", "two small cats, smiling!", ""]
# Sizes of the pictures that image encoders are tried on: one wide, one high, both odd.
PICTURES = [(53, 37), (29, 71)]


def case(prompt, seed, steps=(5, 5, 3), guidance=(4.0, 8.0)):
    return {"prompt": PROMPTS[prompt], "seed": seed, "prior_steps": steps[0], "decoder_steps": steps[1],
            "super_res_steps": steps[2], "prior_guidance": guidance[0], "decoder_guidance": guidance[1]}


def variation(picture, seed, steps=(5, 3), guidance=8.0):
    """A variation of a picture; the prior's settings mean nothing to it."""
    return case(2, seed, (25, *steps), (4.0, guidance)) | {"picture": picture}


def scheduler(variance, prediction, clip=1.0, steps=1000):
    return dict(variance_type=variance, prediction_type=prediction, clip_sample=clip is not None,
                clip_sample_range=clip or 1.0, num_train_timesteps=steps)


def unets(widths, plan, size, large, large_widths, **options):
    """Decoder and upsampler configurations. `plan` has an `a` for each level with attention; options of the decoder
    begin with d_, of the upsampler with u_, of both with b_."""
    decoder = dict(
        sample_size=size, in_channels=3, out_channels=6, block_out_channels=tuple(widths),
        down_block_types=tuple(
            "SimpleCrossAttnDownBlock2D" if k == "a" else "ResnetDownsampleBlock2D" for k in plan),
        up_block_types=tuple(
            "SimpleCrossAttnUpBlock2D" if k == "a" else "ResnetUpsampleBlock2D" for k in reversed(plan)),
        mid_block_type="UNetMidBlock2DSimpleCrossAttn", class_embed_type="identity")
    shared = {k[2:]: v for k, v in options.items() if k.startswith("b_")}
    decoder |= shared | {k[2:]: v for k, v in options.items() if k.startswith("d_")}
    upsampler = dict(
        sample_size=large, in_channels=6, out_channels=3, block_out_channels=tuple(large_widths),
        down_block_types=("ResnetDownsampleBlock2D",) * len(large_widths),
        up_block_types=("ResnetUpsampleBlock2D",) * len(large_widths), add_attention=False)
    upsampler |= shared | {k[2:]: v for k, v in options.items() if k.startswith("u_")}
    return dict(decoder=decoder, super_res=upsampler)


def square(side, **options):
    """A feature extractor that gives squares as CLIP's own does."""
    return dict(size={"shortest_edge": side}, crop_size={"height": side, "width": side}) | options


def committed():
    """Specification and seed of each, by name."""
    narrow = dict(
        dtype="float32", tokens=16,
        text=dict(hidden_size=24, intermediate_size=48, projection_dim=24, num_hidden_layers=2,
                  num_attention_heads=3, hidden_act="quick_gelu"),
        prior=dict(num_attention_heads=2, attention_head_dim=8, num_layers=2, embedding_dim=24),
        text_proj=dict(clip_embeddings_dim=24, time_embed_dim=32, cross_attention_dim=20),
        **unets([8, 16], "ra", 8, 20, [8, 8], b_norm_num_groups=8, b_resnet_time_scale_shift="scale_shift",
                b_layers_per_block=1, d_attention_head_dim=8, d_cross_attention_dim=20),
        prior_scheduler=scheduler("fixed_small_log", "sample", 5.0),
        decoder_scheduler=scheduler("learned_range", "epsilon"),
        super_res_scheduler=scheduler("fixed_small_log", "epsilon"),
        image=dict(hidden_size=32, intermediate_size=48, projection_dim=24, num_hidden_layers=2,
                   num_attention_heads=2, image_size=16, patch_size=8),
        extractor=square(16),
        cases=[case(0, 1), case(1, 2**33 + 7, guidance=(1.0, 1.0)), case(2, 3, steps=(2, 4, 2)),
               variation(0, 4), variation(1, 2**40 + 5, steps=(4, 2), guidance=1.0)])

    # Halves of everything: no power of two, no default.
    odd = dict(
        dtype="float16", tokens=12, tokenizer_json=True,
        text=dict(hidden_size=20, intermediate_size=36, projection_dim=20, num_hidden_layers=3,
                  num_attention_heads=4, hidden_act="gelu"),
        prior=dict(num_attention_heads=3, attention_head_dim=7, num_layers=3, embedding_dim=20,
                   norm_in_type="layer", embedding_proj_norm_type="layer", time_embed_dim=18),
        text_proj=dict(clip_embeddings_dim=20, time_embed_dim=40, cross_attention_dim=16,
                       clip_extra_context_tokens=3),
        **unets([6, 12, 18], "aaa", 12, 28, [6, 12, 12], b_norm_num_groups=3, b_resnet_time_scale_shift="default",
                b_layers_per_block=2, b_flip_sin_to_cos=False, b_freq_shift=1, d_attention_head_dim=6,
                d_cross_attention_dim=16, u_add_attention=True, u_attention_head_dim=5, d_time_embedding_dim=40,
                b_norm_eps=1e-4),
        prior_scheduler=scheduler("fixed_small_log", "sample", 2.0),
        decoder_scheduler=scheduler("learned_range", "sample", 1.5),
        super_res_scheduler=scheduler("fixed_small_log", "sample", 1.0),
        # Nine pixels of the 21 fill no patch.
        image=dict(hidden_size=18, intermediate_size=30, projection_dim=20, num_hidden_layers=3,
                   num_attention_heads=3, image_size=21, patch_size=6, hidden_act="gelu", layer_norm_eps=1e-4),
        extractor=square(21, resample=2, image_mean=[0.5, 0.4, 0.3], image_std=[0.2, 0.3, 0.4]),
        cases=[case(0, 11), case(1, 12, steps=(7, 6, 4), guidance=(1.0, 3.0)), case(2, 2**32 - 1),
               variation(1, 13, steps=(7, 4), guidance=3.0)])

    # No image encoder: prompts alone.
    deep = dict(
        dtype="bfloat16", tokens=20,
        text=dict(hidden_size=16, intermediate_size=40, projection_dim=16, num_hidden_layers=1,
                  num_attention_heads=2, hidden_act="quick_gelu", layer_norm_eps=1e-4),
        prior=dict(num_attention_heads=2, attention_head_dim=10, num_layers=1, embedding_dim=16),
        text_proj=dict(clip_embeddings_dim=16, time_embed_dim=32, cross_attention_dim=12,
                       clip_extra_context_tokens=5),
        **unets([8, 8, 12, 16], "rara", 16, 32, [8, 8, 8, 12], b_norm_num_groups=4,
                b_resnet_time_scale_shift="scale_shift", d_layers_per_block=(1, 2, 1, 3), b_center_input_sample=True,
                d_attention_head_dim=(4, 8, 2, 8), d_cross_attention_dim=12, d_resnet_skip_time_act=True,
                d_resnet_out_scale_factor=1.4, b_mid_block_scale_factor=1.2, d_conv_in_kernel=5, d_conv_out_kernel=1,
                d_act_fn="gelu", u_layers_per_block=1, u_out_channels=6, u_act_fn="relu"),
        super_res_last=dict(layers_per_block=2),
        prior_scheduler=scheduler("fixed_small_log", "epsilon", None, 500),
        decoder_scheduler=scheduler("learned_range", "epsilon", 1.0, 400),
        super_res_scheduler=scheduler("learned_range", "sample", 1.0, 1000),
        cases=[case(1, 21), case(0, 22, steps=(4, 9, 5), guidance=(3.0, 1.0))])

    wide = dict(
        dtype="float16", tokens=9,
        text=dict(hidden_size=48, intermediate_size=96, projection_dim=48, num_hidden_layers=1,
                  num_attention_heads=2, hidden_act="silu"),
        prior=dict(num_attention_heads=4, attention_head_dim=16, num_layers=1, embedding_dim=48,
                   time_embed_act_fn="gelu", embedding_proj_dim=48, clip_embed_dim=48),
        text_proj=dict(clip_embeddings_dim=48, time_embed_dim=64, cross_attention_dim=48),
        **unets([16, 32], "ra", 16, 24, [16], b_norm_num_groups=8, b_resnet_time_scale_shift="scale_shift",
                b_layers_per_block=1, d_attention_head_dim=8, d_cross_attention_dim=48, u_mid_block_type=None,
                u_time_embedding_dim=50),
        prior_scheduler=scheduler("fixed_small_log", "sample", 10.0),
        decoder_scheduler=scheduler("learned_range", "epsilon"),
        super_res_scheduler=scheduler("fixed_small_log", "epsilon"),
        image=dict(hidden_size=48, intermediate_size=64, projection_dim=48, num_hidden_layers=1,
                   num_attention_heads=3, image_size=24, patch_size=12, hidden_act="relu"),
        extractor=dict(size={"height": 24, "width": 24}, do_center_crop=False, resample=4, rescale_factor=1 / 127.5,
                       image_mean=1.0, image_std=1.0),
        cases=[case(0, 31, steps=(10, 12, 7)), case(1, 32, guidance=(2.0, 4.0)), variation(0, 33, guidance=2.0)])

    # Weights in shards, an encoder that names its end of text as old configurations do, no middle in the decoder.
    shards = dict(
        dtype="bfloat16", tokens=24, tokenizer_json=True, shard=50_000,
        text=dict(hidden_size=28, intermediate_size=40, projection_dim=28, num_hidden_layers=2,
                  num_attention_heads=7, hidden_act="relu", eos_token_id=2),
        prior=dict(num_attention_heads=5, attention_head_dim=4, num_layers=2, embedding_dim=28,
                   embedding_proj_norm_type="layer"),
        text_proj=dict(clip_embeddings_dim=28, time_embed_dim=40, cross_attention_dim=30,
                       clip_extra_context_tokens=1),
        **unets([10, 15, 20], "raa", 12, 24, [10, 10], b_norm_num_groups=5, b_resnet_time_scale_shift="default",
                b_layers_per_block=1, d_attention_head_dim=5, d_cross_attention_dim=30, d_mid_block_type=None,
                u_add_attention=True, u_attn_norm_num_groups=2, u_attention_head_dim=None),
        prior_scheduler=scheduler("fixed_small_log", "sample", 5.0, 1000),
        decoder_scheduler=scheduler("learned_range", "epsilon", 2.0),
        super_res_scheduler=scheduler("fixed_small_log", "sample", None),
        image=dict(hidden_size=20, intermediate_size=20, projection_dim=28, num_hidden_layers=2,
                   num_attention_heads=5, image_size=18, patch_size=9),
        extractor=square(18, size={"shortest_edge": 20}, resample=1),
        cases=[case(0, 41), case(1, 42, steps=(3, 7, 2)), variation(1, 43)])

    # CLIP's own context length, many extra tokens; nothing of the embeddings reaches the timestep.
    long = dict(
        dtype="float16", tokens=77,
        text=dict(hidden_size=16, intermediate_size=64, projection_dim=16, num_hidden_layers=4,
                  num_attention_heads=2, hidden_act="quick_gelu"),
        prior=dict(num_attention_heads=2, attention_head_dim=12, num_layers=4, embedding_dim=16,
                   norm_in_type="layer"),
        text_proj=dict(clip_embeddings_dim=16, time_embed_dim=24, cross_attention_dim=40,
                       clip_extra_context_tokens=9),
        **unets([12, 12], "aa", 20, 20, [8, 12], b_norm_num_groups=4, b_resnet_time_scale_shift="scale_shift",
                b_layers_per_block=1, d_attention_head_dim=3, d_cross_attention_dim=40, d_class_embed_type=None,
                u_layers_per_block=1, d_freq_shift=1, u_flip_sin_to_cos=False),
        prior_scheduler=scheduler("fixed_small_log", "epsilon", 3.0),
        decoder_scheduler=scheduler("learned_range", "epsilon"),
        super_res_scheduler=scheduler("fixed_small_log", "epsilon"),
        image=dict(hidden_size=24, intermediate_size=24, projection_dim=16, num_hidden_layers=4,
                   num_attention_heads=6, image_size=30, patch_size=5, hidden_act="silu"),
        extractor=dict(size=30, crop_size=30, do_rescale=False, image_mean=120.0, image_std=60.0, resample=5),
        cases=[case(0, 51), case(1, 52, guidance=(1.5, 2.0)), variation(0, 53)])

    # Four levels of attention, three blocks each.
    tall = dict(
        dtype="float16", tokens=15,
        text=dict(hidden_size=18, intermediate_size=18, projection_dim=18, num_hidden_layers=2,
                  num_attention_heads=1, hidden_act="gelu"),
        prior=dict(num_attention_heads=1, attention_head_dim=15, num_layers=2, embedding_dim=18),
        text_proj=dict(clip_embeddings_dim=18, time_embed_dim=32, cross_attention_dim=10,
                       clip_extra_context_tokens=2),
        **unets([8, 8, 8, 8], "aaaa", 16, 40, [4, 4, 8, 8], b_norm_num_groups=2,
                b_resnet_time_scale_shift="scale_shift", d_layers_per_block=3, u_layers_per_block=3,
                d_attention_head_dim=4, d_cross_attention_dim=10, d_act_fn="relu", u_act_fn="gelu",
                u_norm_eps=1e-6),
        prior_scheduler=scheduler("fixed_small_log", "sample", 4.0),
        decoder_scheduler=scheduler("learned_range", "sample", 1.0, 300),
        super_res_scheduler=scheduler("fixed_small_log", "sample", 1.0, 50),
        image=dict(hidden_size=12, intermediate_size=30, projection_dim=18, num_hidden_layers=1,
                   num_attention_heads=1, image_size=7, patch_size=7),
        extractor=square(7, size={"shortest_edge": 5}, do_normalize=False),
        cases=[case(0, 61, guidance=(4.0, 2.0)), variation(0, 62, steps=(4, 5), guidance=3.0), variation(1, 63, guidance=1.0)])

    # No attention anywhere, and the last upsampler of another shape than the first.
    plain = dict(
        dtype="float16", tokens=10,
        text=dict(hidden_size=12, intermediate_size=24, projection_dim=12, num_hidden_layers=1,
                  num_attention_heads=2, hidden_act="quick_gelu"),
        prior=dict(num_attention_heads=2, attention_head_dim=6, num_layers=1, embedding_dim=12),
        text_proj=dict(clip_embeddings_dim=12, time_embed_dim=28, cross_attention_dim=8),
        **unets([7, 7], "rr", 10, 32, [6, 9, 12], b_resnet_time_scale_shift="default", d_norm_num_groups=7,
                d_layers_per_block=2, d_mid_block_type=None, d_conv_in_kernel=1, d_conv_out_kernel=5,
                u_norm_num_groups=3, u_layers_per_block=1),
        super_res_last=dict(block_out_channels=(6, 6), down_block_types=("ResnetDownsampleBlock2D",) * 2,
                            up_block_types=("ResnetUpsampleBlock2D",) * 2, add_attention=True, attention_head_dim=3),
        prior_scheduler=scheduler("fixed_small_log", "sample", 5.0),
        decoder_scheduler=scheduler("learned_range", "epsilon"),
        super_res_scheduler=scheduler("fixed_small_log", "epsilon"),
        image=dict(hidden_size=16, intermediate_size=32, projection_dim=12, num_hidden_layers=2,
                   num_attention_heads=2, image_size=10, patch_size=5),
        extractor=square(10),
        cases=[case(1, 71, steps=(6, 8, 6)), variation(0, 72, guidance=4.0)])

    specs = dict(narrow=narrow, odd=odd, deep=deep, wide=wide, shards=shards, long=long, tall=tall, plain=plain)
    return {name: (spec, seed + 1) for seed, (name, spec) in enumerate(specs.items())}

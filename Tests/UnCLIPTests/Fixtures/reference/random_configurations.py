"""Configurations that nobody chose, within what the published classes accept."""
import math

from .configurations import case, scheduler, square, unets, variation


def random_spec(rng):
    """A specification drawn from a `random.Random`."""
    levels, groups = rng.choice([2, 3, 4]), rng.choice([2, 3, 4, 5, 8])
    unit = math.lcm(groups, rng.choice([1, 2, 3, 4]))
    widths = [unit * rng.randint(1, max(1, 48 // unit)) for _ in range(levels)]
    # The reference reads head sizes from the front of the list on both ways, so each serves two levels.
    heads = [rng.choice(divisors(math.gcd(w, widths[levels - 1 - i]))) for i, w in enumerate(widths)]
    if rng.random() < 0.5:
        heads = rng.choice(divisors(math.gcd(*widths)))
    large = [groups * rng.randint(3 if groups == 2 else 1, 6) for _ in range(rng.choice([1, 2, 3, 4]))]
    size = rng.choice([1, 2, 3]) * 2 ** (levels - 1) * 2
    big = max(2, size * rng.choice([2, 3]) // 2 ** (len(large) - 1)) * 2 ** (len(large) - 1)
    context, tokens, extra = rng.randint(8, 40), rng.choice([rng.randint(8, 40), 77]), rng.randint(1, 6)
    # The reference takes a context as long as the pixels for one that has no pixels behind it.
    while any(tokens + extra == (size >> level) ** 2 for level in range(levels)):
        tokens += 1
    text_heads = rng.choice([1, 2, 4])
    width = text_heads * rng.randint(4, 10) * 2
    time = rng.choice([4 * widths[0], rng.randint(8, 60)])
    layers = rng.choice([1, 2, 3])
    return dict(
        dtype=rng.choice(["float32", "float16", "bfloat16"]), tokens=tokens,
        tokenizer_json=rng.choice([True, False]), **rng.choice([{}, dict(shard=30_000)]),
        text=dict(hidden_size=width, intermediate_size=3 * width, projection_dim=width,
                  num_hidden_layers=rng.randint(1, 4), num_attention_heads=text_heads,
                  hidden_act=rng.choice(["quick_gelu", "gelu"]), **rng.choice([{}, {}, dict(eos_token_id=2)])),
        prior=dict(num_attention_heads=rng.choice([1, 2, 3, 4]), attention_head_dim=rng.choice([4, 5, 8, 16]),
                   num_layers=rng.randint(1, 4), embedding_dim=width, norm_in_type=rng.choice([None, "layer"]),
                   embedding_proj_norm_type=rng.choice([None, "layer"]),
                   time_embed_act_fn=rng.choice(["silu", "gelu"]), time_embed_dim=rng.choice([None, 22])),
        text_proj=dict(clip_embeddings_dim=width, time_embed_dim=time, cross_attention_dim=context,
                       clip_extra_context_tokens=extra),
        **unets(
            widths, "".join(rng.choice("ra") for _ in widths), size, big, large, b_norm_num_groups=groups,
            b_resnet_time_scale_shift=rng.choice(["scale_shift", "default"]),
            d_layers_per_block=rng.choice([layers, tuple(rng.choice([1, 2, 3]) for _ in widths)]),
            u_layers_per_block=layers, d_attention_head_dim=heads if isinstance(heads, int) else tuple(heads),
            d_cross_attention_dim=context, d_time_embedding_dim=time,
            b_flip_sin_to_cos=rng.choice([True, False]), b_freq_shift=rng.choice([0, 1]),
            d_act_fn=rng.choice(["silu", "silu", "gelu", "relu"]), u_act_fn=rng.choice(["silu", "gelu"]),
            d_mid_block_type=rng.choice(["UNetMidBlock2DSimpleCrossAttn"] * 4 + [None]),
            u_mid_block_type=rng.choice(["UNetMidBlock2D"] * 4 + [None]),
            d_class_embed_type=rng.choice(["identity"] * 5 + [None]),
            d_conv_in_kernel=rng.choice([3, 3, 1, 5]), d_conv_out_kernel=rng.choice([3, 3, 1, 5]),
            d_resnet_skip_time_act=rng.choice([False, True]), d_resnet_out_scale_factor=rng.choice([1.0, 1.3]),
            b_mid_block_scale_factor=rng.choice([1.0, 1.25]), b_center_input_sample=rng.choice([False, False, True]),
            b_norm_eps=rng.choice([1e-5, 1e-4]), u_add_attention=rng.choice([False, True]),
            u_attention_head_dim=rng.choice([None, 2, groups]), u_attn_norm_num_groups=rng.choice([None, 1, groups])),
        prior_scheduler=scheduler("fixed_small_log", "sample", rng.choice([5.0, 10.0]), rng.choice([1000, 300])),
        decoder_scheduler=scheduler(
            "learned_range", rng.choice(["epsilon", "sample"]), rng.choice([1.0, 1.0, 2.0]), rng.choice([1000, 250])),
        super_res_scheduler=scheduler("fixed_small_log", rng.choice(["epsilon", "sample"])),
        **image(rng, width),
        cases=[case(rng.randint(0, 2), rng.getrandbits(40), steps=rng.choices(range(2, 16), k=2) + [rng.randint(2, 7)],
                    guidance=(rng.choice([1.0, 2.0, 4.0]), rng.choice([1.0, 3.0, 8.0]))) for _ in range(2)]
        + [variation(number, rng.getrandbits(63), steps=(rng.randint(2, 15), rng.randint(2, 7)),
                     guidance=rng.choice([1.0, 3.0, 8.0])) for number in range(2)])


def image(rng, projection):
    heads, side = rng.choice([1, 2, 3, 4]), rng.randint(6, 40)
    extractor = rng.choice([
        square(side), square(side, size={"shortest_edge": side + rng.randint(-3, 9)}),
        dict(size={"height": side, "width": side}, do_center_crop=False), dict(size=side, crop_size=side)])
    return dict(
        image=dict(hidden_size=heads * rng.randint(3, 12), intermediate_size=rng.randint(10, 60),
                   projection_dim=projection, num_hidden_layers=rng.randint(1, 4), num_attention_heads=heads,
                   image_size=side, patch_size=rng.randint(3, side), hidden_act=rng.choice(["quick_gelu", "gelu"])),
        extractor=extractor | dict(resample=rng.choice([3, 3, 3, 1, 2, 4, 5])))


def divisors(number):
    return [d for d in range(1, number + 1) if number % d == 0]

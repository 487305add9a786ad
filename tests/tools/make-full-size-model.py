#!/usr/bin/python3
# make-full-size-model.py: a checkpoint folder of the published E2B shape with random weights, for trying the window at full size.
# SPDX-License-Identifier: GPL-3.0-or-later
"""make-full-size-model.py FOLDER TOKENIZER

Writes config.json, generation_config.json, tokenizer.json and model.safetensors (10.2 GB, of which the per-layer table, half of it, is a
hole in the file) to FOLDER.  TOKENIZER is the tokenizer.json of Gemma 3 (262,144 entries), which has the same pieces; the special tokens of
Gemma 4 are put in their places.  What such a model says is noise: this is for sizes and times."""
import json
import os
import struct
import sys

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
PUBLISHED = os.path.join(HERE, "..", "golden", "e2b")
SPECIAL = {46: "<|tool>", 47: "<tool|>", 48: "<|tool_call>", 49: "<tool_call|>", 50: "<|tool_response>", 51: "<tool_response|>", 52: '<|"|>',
           98: "<|think|>", 100: "<|channel>", 101: "<channel|>", 105: "<|turn>", 106: "<turn|>", 255999: "<|image>", 256000: "<|audio>",
           258880: "<|image|>", 258881: "<|audio|>", 258882: "<image|>", 258883: "<audio|>", 258884: "<|video|>"}


def text_tensors(c):
    h, p, n = c["hidden_size"], c["hidden_size_per_layer_input"], c["num_hidden_layers"]
    own = n - c["num_kv_shared_layers"]
    yield "embed_tokens.weight", (c["vocab_size"], h)
    yield "embed_tokens_per_layer.weight", (c["vocab_size_per_layer_input"], n * p)
    yield "per_layer_model_projection.weight", (n * p, h)
    yield "per_layer_projection_norm.weight", (p,)
    yield "norm.weight", (h,)
    for i in range(n):
        hd = c["head_dim"] if c["layer_types"][i] == "sliding_attention" else c["global_head_dim"]
        wide, kv = c["num_attention_heads"] * hd, c["num_key_value_heads"] * hd
        mlp = c["intermediate_size"] * (2 if i >= own and c["use_double_wide_mlp"] else 1)
        shapes = {"input_layernorm.weight": (h,), "post_attention_layernorm.weight": (h,), "pre_feedforward_layernorm.weight": (h,),
                  "post_feedforward_layernorm.weight": (h,), "post_per_layer_input_norm.weight": (h,), "self_attn.q_proj.weight": (wide, h),
                  "self_attn.k_proj.weight": (kv, h), "self_attn.v_proj.weight": (kv, h), "self_attn.o_proj.weight": (h, wide),
                  "self_attn.q_norm.weight": (hd,), "self_attn.k_norm.weight": (hd,), "mlp.gate_proj.weight": (mlp, h),
                  "mlp.up_proj.weight": (mlp, h), "mlp.down_proj.weight": (h, mlp), "per_layer_input_gate.weight": (p, h),
                  "per_layer_projection.weight": (h, p), "layer_scalar": (1,)}
        for name, shape in shapes.items():
            yield "layers.%d.%s" % (i, name), shape


def clipped(name, shape):
    yield name + ".linear.weight", shape
    for bound in ("input_min", "input_max", "output_min", "output_max"):
        yield "%s.%s" % (name, bound), ()


def vision_tensors(c):
    d, wide, mlp = c["hidden_size"], c["num_attention_heads"] * c["head_dim"], c["intermediate_size"]
    yield "patch_embedder.input_proj.weight", (d, 768)
    yield "patch_embedder.position_embedding_table", (2, c["position_embedding_size"], d)
    for i in range(c["num_hidden_layers"]):
        n = "encoder.layers.%d." % i
        for norm in ("input", "post_attention", "pre_feedforward", "post_feedforward"):
            yield n + norm + "_layernorm.weight", (d,)
        yield n + "self_attn.q_norm.weight", (c["head_dim"],)
        yield n + "self_attn.k_norm.weight", (c["head_dim"],)
        for name, shape in (("self_attn.q_proj", (wide, d)), ("self_attn.k_proj", (wide, d)), ("self_attn.v_proj", (wide, d)),
                            ("self_attn.o_proj", (d, wide)), ("mlp.gate_proj", (mlp, d)), ("mlp.up_proj", (mlp, d)), ("mlp.down_proj", (d, mlp))):
            yield from clipped(n + name, shape)


def audio_tensors(c):
    d, (a, b) = c["hidden_size"], c["subsampling_conv_channels"]
    s = "subsample_conv_projection."
    yield s + "layer0.conv.weight", (a, 1, 3, 3)
    yield s + "layer0.norm.weight", (a,)
    yield s + "layer1.conv.weight", (b, a, 3, 3)
    yield s + "layer1.norm.weight", (b,)
    yield s + "input_proj_linear.weight", (d, 32 * b)
    for i in range(c["num_hidden_layers"]):
        n = "layers.%d." % i
        for f in ("feed_forward1.", "feed_forward2."):
            yield n + f + "pre_layer_norm.weight", (d,)
            yield n + f + "post_layer_norm.weight", (d,)
            yield from clipped(n + f + "ffw_layer_1", (4 * d, d))
            yield from clipped(n + f + "ffw_layer_2", (d, 4 * d))
        for x in ("q_proj", "k_proj", "v_proj", "post"):
            yield from clipped(n + "self_attn." + x, (d, d))
        yield n + "self_attn.relative_k_proj.weight", (d, d)
        yield n + "self_attn.per_dim_scale", (d // c["num_attention_heads"],)
        for norm in ("lconv1d.pre_layer_norm", "lconv1d.conv_norm", "norm_pre_attn", "norm_post_attn", "norm_out"):
            yield n + norm + ".weight", (d,)
        yield n + "lconv1d.depthwise_conv1d.weight", (d, 1, c["conv_kernel_size"])
        yield from clipped(n + "lconv1d.linear_start", (2 * d, d))
        yield from clipped(n + "lconv1d.linear_end", (d, d))
    yield "output_proj.weight", (c["output_proj_dims"], d)
    yield "output_proj.bias", (c["output_proj_dims"],)


def all_tensors(c):
    for prefix, tensors in (("model.language_model.", text_tensors(c["text_config"])), ("model.vision_tower.", vision_tensors(c["vision_config"])),
                            ("model.audio_tower.", audio_tensors(c["audio_config"]))):
        for name, shape in tensors:
            yield prefix + name, shape
    h = c["text_config"]["hidden_size"]
    yield "model.embed_vision.embedding_projection.weight", (h, c["vision_config"]["hidden_size"])
    yield "model.embed_audio.embedding_projection.weight", (h, c["audio_config"]["output_proj_dims"])


def to_bf16(x):
    return (np.asarray(x, np.float32).view(np.uint32) >> 16).astype(np.uint16)


def constant(name, shape):
    """Tensors that are one number, or None: norms near 1, keys with the scale of the softmax, bounds that nothing reaches."""
    if name.endswith(("_min", "_max")):
        return -100.0 if name.endswith("_min") else 100.0
    if name.endswith("layer_scalar"):
        return 0.5
    if name.endswith("k_norm.weight"):
        return shape[0] ** -0.5
    if len(shape) == 1:
        return -3.0 if name.endswith("per_dim_scale") else 0.0 if name.endswith("bias") else 1.0
    return None


def write_weights(path, config):
    noise = np.random.default_rng(1).standard_normal(1 << 22).astype(np.float32)
    header, at, tensors = {}, 0, list(all_tensors(config))
    for name, shape in tensors:
        n = 2 * int(np.prod(shape, dtype=np.int64))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [at, at + n]}
        at += n
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-(8 + len(text)) % 64)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        f.truncate(8 + len(text) + at)
        for name, shape in tensors:
            if name.endswith("embed_tokens_per_layer.weight"):
                continue
            f.seek(8 + len(text) + header[name]["data_offsets"][0])
            n, value = int(np.prod(shape, dtype=np.int64)), constant(name, shape)
            block = to_bf16(np.full(min(n, 1 << 16), value)) if value is not None else to_bf16(noise * float(np.prod(shape[1:])) ** -0.5)
            while n > 0:
                f.write(block[:n].tobytes())
                n -= min(n, len(block))


def write_tokenizer(path, source):
    with open(source) as f:
        t = json.load(f)
    size = len(t["model"]["vocab"])
    names = {i: s for s, i in t["model"]["vocab"].items()}
    names.update(SPECIAL)
    t["model"]["vocab"] = {names[i]: i for i in sorted(names)}
    added = {a["id"]: a for a in t["added_tokens"] if a["id"] < size}
    for i, content in SPECIAL.items():
        added[i] = {"id": i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    t["added_tokens"] = [added[i] for i in sorted(added)]
    with open(path, "w") as f:
        json.dump(t, f, ensure_ascii=False)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    folder, tokenizer = sys.argv[1:]
    os.makedirs(folder, exist_ok=True)
    for name in ("config.json", "generation_config.json"):
        with open(os.path.join(PUBLISHED, name)) as f, open(os.path.join(folder, name), "w") as g:
            g.write(f.read())
    with open(os.path.join(folder, "facet.json"), "w") as f:
        json.dump({"name": "Random weights, full size"}, f)
    write_tokenizer(os.path.join(folder, "tokenizer.json"), tokenizer)
    with open(os.path.join(folder, "config.json")) as f:
        write_weights(os.path.join(folder, "model.safetensors"), json.load(f))


if __name__ == "__main__":
    main()

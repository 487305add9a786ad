#!/usr/bin/env python3
"""Rewrites a checkpoint folder in another form, with the packages that define the forms.

    pip install gguf safetensors ml_dtypes            # for GGUF
    pip install compressed-tensors                    # for w4a16 and fp8 (brings torch)
    write-forms.py FORM MODEL OUT

FORM: bf16, f16, q8_0, q4_0 (GGUF: OUT/MODEL-FORM.gguf and OUT/mmproj-FORM.gguf), w4a16, fp8 (a folder as Hugging Face lays it
out).  The names of GGUF tensors come from the package's own map, and what is stored otherwise than in the checkpoint follows
the converters of llama.cpp.  The quantised ones also write OUT/twin: the same numbers, plainly, in F32.

SPDX-License-Identifier: GPL-3.0-or-later
"""

import json
import os
import shutil
import sys

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

SUFFIXES = (".weight", ".bias", ".input_max", ".input_min", ".output_max", ".output_min")
DECODER = "model.language_model."


def read(model):
    """Every tensor as F32."""
    import ml_dtypes  # noqa: F401  (numpy learns bfloat16)

    with safe_open(os.path.join(model, "model.safetensors"), "np") as f:
        return {name: np.asarray(f.get_tensor(name)).astype(np.float32) for name in f.keys()}


def config_of(model):
    with open(os.path.join(model, "config.json")) as f:
        return json.load(f)


def write_twin(out, model, tensors):
    twin = os.path.join(out, "twin")
    os.makedirs(twin, exist_ok=True)
    for name in ("config.json", "generation_config.json", "tokenizer.json"):
        shutil.copy(os.path.join(model, name), twin)
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, os.path.join(twin, "model.safetensors"))


# ---- GGUF -----------------------------------------------------------------------------------------------------------


def put_keys(w, c, model):
    import gguf

    t = c["text_config"]
    shared = t["num_kv_shared_layers"]
    first = t["num_hidden_layers"] - shared
    w.add_name("tiny")
    w.add_context_length(t["max_position_embeddings"])
    w.add_embedding_length(t["hidden_size"])
    w.add_block_count(t["num_hidden_layers"])
    w.add_head_count(t["num_attention_heads"])
    w.add_head_count_kv(t["num_key_value_heads"])
    w.add_layer_norm_rms_eps(t["rms_norm_eps"])
    w.add_final_logit_softcapping(t["final_logit_softcapping"])
    w.add_sliding_window(t["sliding_window"])
    w.add_sliding_window_pattern([x == "sliding_attention" for x in t["layer_types"]])
    w.add_shared_kv_layers(shared)
    w.add_embedding_length_per_layer_input(t["hidden_size_per_layer_input"])
    w.add_key_length(t["global_head_dim"])
    w.add_value_length(t["global_head_dim"])
    w.add_key_length_swa(t["head_dim"])
    w.add_value_length_swa(t["head_dim"])
    w.add_feed_forward_length([t["intermediate_size"] * (2 if i >= first else 1) for i in range(t["num_hidden_layers"])])
    w.add_rope_freq_base(t["rope_parameters"]["full_attention"]["rope_theta"])
    w.add_rope_freq_base_swa(t["rope_parameters"]["sliding_attention"]["rope_theta"])
    w.add_rope_dimension_count(t["global_head_dim"])
    w.add_rope_dimension_count_swa(t["head_dim"])
    put_tokenizer(w, model, gguf)


def put_tokenizer(w, model, gguf):
    with open(os.path.join(model, "tokenizer.json")) as f:
        j = json.load(f)
    special = {a["content"] for a in j["added_tokens"] if a["special"]}
    # llama.cpp types these as user-defined, so that its parser of answers can read them
    visible = {"<|channel>", "<channel|>", "<|tool_call>", "<tool_call|>", "<|tool_response>", "<tool_response|>", '<|"|>'}
    by_id = {i: text for text, i in j["model"]["vocab"].items()} | {a["id"]: a["content"] for a in j["added_tokens"]}
    tokens = [by_id[i] for i in range(len(by_id))]
    kinds = gguf.TokenType
    types = [
        kinds.BYTE if len(x) == 6 and x.startswith("<0x")
        else kinds.USER_DEFINED if x in visible
        else kinds.CONTROL if x in special
        else kinds.NORMAL
        for x in tokens
    ]
    w.add_tokenizer_model("gemma4")
    w.add_token_list(tokens)
    w.add_token_scores([-1000.0] * len(tokens))
    w.add_token_types(types)
    w.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in j["model"]["merges"]])
    w.add_bos_token_id(2)
    w.add_eos_token_id(1)
    w.add_unk_token_id(3)
    w.add_pad_token_id(0)
    w.add_add_space_prefix(False)
    w.add_add_bos_token(True)


class Gguf:
    def __init__(self, path, arch, form):
        import gguf

        self.g, self.w = gguf, gguf.GGUFWriter(path, arch)
        self.type = gguf.GGMLQuantizationType[form.upper()]

    def add(self, name, x, plain=False):
        """Returns the numbers that are in the file then."""
        T = self.g.GGMLQuantizationType
        block = self.g.GGML_QUANT_SIZES[self.type][0]
        kind = T.F32 if plain or x.ndim < 2 or x.shape[-1] % block else self.type
        raw = self.g.quants.quantize(np.ascontiguousarray(x, dtype=np.float32), kind)
        self.w.add_tensor(name, raw, raw_dtype=kind)
        return self.g.quants.dequantize(raw, kind).reshape(x.shape)

    def close(self):
        self.w.write_header_to_file()
        self.w.write_kv_data_to_file()
        self.w.write_tensors_to_file()
        self.w.close()


def write_model(form, model, out, c, tensors):
    f = Gguf(os.path.join(out, "tiny-%s.gguf" % form), "gemma4", form)
    names = f.g.get_tensor_name_map(f.g.MODEL_ARCH.GEMMA4, c["text_config"]["num_hidden_layers"])
    put_keys(f.w, c, model)
    full = c["text_config"]["rope_parameters"]["full_attention"]["partial_rotary_factor"]
    half = c["text_config"]["global_head_dim"] // 2
    f.add("rope_freqs.weight", np.array([1.0] * int(half * full) + [1e30] * (half - int(half * full))), plain=True)
    for name, x in tensors.items():
        if name.startswith(DECODER):
            theirs = name.replace(DECODER, "model.")
            theirs += ".weight" if theirs.endswith("layer_scalar") else ""
            tensors[name] = f.add(names.get_name(theirs, SUFFIXES), x)
    f.close()


def write_projector(form, out, c, tensors):
    f = Gguf(os.path.join(out, "mmproj-%s.gguf" % form), "clip", form)
    v, a = c["vision_config"], c["audio_config"]
    names = f.g.get_tensor_name_map(f.g.MODEL_ARCH.MMPROJ, max(v["num_hidden_layers"], a["num_hidden_layers"]))
    w = f.w
    w.add_type("mmproj")
    w.add_clip_has_vision_encoder(True)
    w.add_clip_has_audio_encoder(True)
    w.add_clip_vision_projector_type("gemma4v")
    w.add_clip_audio_projector_type("gemma4a")
    w.add_vision_projection_dim(c["text_config"]["hidden_size"])
    w.add_vision_image_size(224)
    w.add_vision_patch_size(v["patch_size"])
    w.add_vision_embedding_length(v["hidden_size"])
    w.add_vision_feed_forward_length(v["intermediate_size"])
    w.add_vision_block_count(v["num_hidden_layers"])
    w.add_vision_head_count(v["num_attention_heads"])
    w.add_vision_attention_layernorm_eps(v["rms_norm_eps"])
    w.add_audio_projection_dim(c["text_config"]["hidden_size"])
    w.add_audio_embedding_length(a["hidden_size"])
    w.add_audio_feed_forward_length(4 * a["hidden_size"])
    w.add_audio_block_count(a["num_hidden_layers"])
    w.add_audio_head_count(a["num_attention_heads"])
    w.add_audio_num_mel_bins(128)
    w.add_audio_attention_layernorm_eps(a["rms_norm_eps"])
    for name, x in tensors.items():
        if not name.startswith(DECODER):
            tensors[name] = put_encoder(f, names, name, x)
    f.close()


def put_encoder(f, names, name, x):
    shape, theirs = x.shape, name
    if x.ndim == 0:
        x = x[None]
    if "audio_tower" in name or "embed_audio" in name:
        theirs = theirs.replace("model.audio_tower.", "conformer.").replace(".linear.", ".")
        if theirs.endswith("per_dim_scale"):
            y = np.log1p(np.exp(x.astype(np.float64)))  # kept as it is: what comes back is s to the last bits of an F32
            f.add(names.get_name(theirs + ".weight", SUFFIXES), y, plain=True)
            return x
        if "depthwise_conv1d" in theirs:
            x = x[:, 0]
        plain = ".conv" in name or "_conv" in name
        return f.add(names.get_name(theirs, SUFFIXES), x, plain).reshape(shape)
    theirs = theirs.replace("model.vision_tower.encoder.", "vision_model.model.").replace(".linear.weight", ".weight")
    if theirs.endswith("position_embedding_table"):
        return f.add(names.get_name(theirs + ".weight", SUFFIXES), x, plain=True)
    if theirs.endswith("patch_embedder.input_proj.weight"):
        x = x.reshape(len(x), 16, 16, 3).transpose(0, 3, 1, 2)
        return f.add(names.get_name(theirs, SUFFIXES), x, plain=True).transpose(0, 2, 3, 1).reshape(shape)
    return f.add(names.get_name(theirs, SUFFIXES), x).reshape(shape)


# ---- compressed-tensors -----------------------------------------------------------------------------------------------


def scheme_of(form):
    from compressed_tensors.quantization import QuantizationArgs, QuantizationScheme

    if form == "w4a16":
        weights = QuantizationArgs(num_bits=4, type="int", symmetric=True, strategy="group", group_size=32)
        return QuantizationScheme(targets=["Linear"], weights=weights), "pack-quantized"
    weights = QuantizationArgs(num_bits=8, type="float", symmetric=True, strategy="channel")
    inputs = QuantizationArgs(num_bits=8, type="float", symmetric=True, strategy="token", dynamic=True)
    return QuantizationScheme(targets=["Linear"], weights=weights, input_activations=inputs), "float-quantized"


def write_packed(form, model, out, c, tensors):
    import torch
    from compressed_tensors.compressors.base import BaseCompressor
    from compressed_tensors.quantization import QuantizationConfig
    from safetensors.torch import save_file as save_torch

    scheme, layout = scheme_of(form)
    compressor = BaseCompressor.get_value_from_registry(layout)
    stored = {}
    for name, x in tensors.items():
        w = torch.from_numpy(x)
        if not name.startswith(DECODER) or "embed" in name or w.ndim != 2:
            stored[name] = w.to(torch.bfloat16)
            continue
        groups = w.reshape(len(w), -1, 32) if form == "w4a16" else w[:, None]
        scale = (groups.abs().amax(-1) / (7 if form == "w4a16" else 448)).to(torch.bfloat16)
        parts = compressor.compress({"weight": w, "weight_scale": scale.float()}, scheme)
        parts["weight_scale"] = scale
        whole = compressor.decompress(dict(parts, weight_scale=scale.float()), scheme)["weight"]
        tensors[name] = whole.float().numpy()
        for part, value in parts.items():
            stored[name[: -len("weight")] + part] = value.contiguous()
    config = QuantizationConfig(config_groups={"group_0": scheme}, format=layout, quantization_status="compressed")
    c["quantization_config"] = dict(config.model_dump(mode="json"), quant_method="compressed-tensors")
    with open(os.path.join(out, "config.json"), "w") as f:
        json.dump(c, f)
    for name in ("generation_config.json", "tokenizer.json"):
        shutil.copy(os.path.join(model, name), out)
    save_torch(stored, os.path.join(out, "model.safetensors"))


def main():
    form, model, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    c, tensors = config_of(model), read(model)
    if form in ("w4a16", "fp8"):
        write_packed(form, model, out, c, tensors)
    else:
        write_model(form, model, out, c, tensors)
        write_projector(form, out, c, tensors)
    write_twin(out, model, tensors)


main()

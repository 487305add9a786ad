# drafter.py: trains the drafter, Gemma 4's assistant architecture, for a model that no longer changes.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# A round that begins at position t has the model's state there and the token after it, sees the model's keys and values up to
# t, and drafts the tokens t + 2 and t + 3.  All rounds of a row are computed at once: causal attention is what they need.
import json
import math
import os
import time
from collections import UserDict

import torch
import torch.nn.functional as F

import model as M

SHAPE = dict(hidden=64, inter=256, layers=["sliding_attention", "sliding_attention", "full_attention"], centroids=64, top=8)


def config(target):
    t, s = target["text_config"], SHAPE
    text = {k: t[k] for k in ("attention_bias", "attention_dropout", "attention_k_eq_v", "bos_token_id", "dtype", "enable_moe_block", "eos_token_id", "global_head_dim", "head_dim", "hidden_activation",
                              "initializer_range", "max_position_embeddings", "model_type", "num_attention_heads", "num_experts", "num_global_key_value_heads", "num_key_value_heads", "pad_token_id",
                              "rms_norm_eps", "rope_parameters", "sliding_window", "tie_word_embeddings", "top_k_experts", "use_bidirectional_attention", "use_cache", "vocab_size")}
    text.update(final_logit_softcapping=None, hidden_size=s["hidden"], hidden_size_per_layer_input=0, intermediate_size=s["inter"], layer_types=s["layers"], num_hidden_layers=len(s["layers"]),
                num_kv_shared_layers=len(s["layers"]), use_double_wide_mlp=False, vocab_size_per_layer_input=0)
    media = {k: target[k] for k in ("audio_token_id", "boa_token_id", "boi_token_id", "eoa_token_id", "eoi_token_id", "image_token_id")}
    return dict(architectures=["Gemma4AssistantForCausalLM"], model_type="gemma4_assistant", dtype="bfloat16", backbone_hidden_size=t["hidden_size"], centroid_intermediate_top_k=s["top"],
                num_centroids=s["centroids"], use_ordered_embeddings=True, tie_word_embeddings=True, text_config=text, **media)


GENERATION = {"bos_token_id": 2, "eos_token_id": 1, "is_assistant": True, "num_assistant_tokens": 2, "num_assistant_tokens_schedule": "constant", "pad_token_id": 0}


def ordering(table, groups):
    """Tokens in groups of equal size whose embeddings lie together: halved again and again along the main direction."""
    parts = [torch.arange(len(table))]
    table = table.float().cpu()
    while len(parts) < groups:
        halves = []
        for part in parts:
            x = table[part] - table[part].mean(0)
            along = x @ torch.linalg.svd(x, full_matrices=False)[2][0]
            order = part[torch.argsort(along, stable=True)]
            halves += [order[:len(order) // 2], order[len(order) // 2:]]
        parts = halves
    assert len({len(p) for p in parts}) == 1
    return torch.cat(parts)


def new(conf, table, folder):
    from transformers import Gemma4AssistantConfig, Gemma4AssistantForCausalLM
    os.makedirs(folder, exist_ok=True)
    M.write(os.path.join(folder, "config.json"), conf)
    d = Gemma4AssistantForCausalLM._from_config(Gemma4AssistantConfig.from_pretrained(folder), dtype=torch.float32, attn_implementation="sdpa")
    M.init(d)
    with torch.no_grad():
        for name, p in d.named_parameters():
            if ".post_" in name:
                p.fill_(0.4)
        d.masked_embedding.token_ordering.copy_(ordering(table, conf["num_centroids"]))
    d.tie_weights()
    return d


def draft(d, token, state, keys):
    """One step for all positions of all rows: (outputs, states of the next step)."""
    positions = torch.arange(1, token.shape[1] + 1, device=token.device)[None]
    x = d.pre_projection(torch.cat([token, state], -1))
    y = d.model(inputs_embeds=x, attention_mask={"full_attention": None, "sliding_attention": None}, position_ids=positions, shared_kv_states=keys, use_cache=False).last_hidden_state
    return y, d.post_projection(y)


def loss_of(d, y, at, target, centroid_of):
    y = y.reshape(-1, y.shape[-1]).index_select(0, at)
    tokens = F.cross_entropy(F.linear(y, d.model.embed_tokens.weight), target, reduction="none")
    centroids = F.cross_entropy(d.masked_embedding.centroids(y), centroid_of[target])
    return tokens.mean() + 0.3 * centroids, (F.linear(y, d.model.embed_tokens.weight).argmax(-1) == target).float().mean()


@torch.no_grad()
def target_pass(t, q):
    """The target's states, the embeddings of its tokens, and the keys and values that the drafter reads, in float32."""
    if "wav" in q:
        feats, valid = t.mel(q["wav"], q["n"], True)
        soft = M.hear(t.m, feats.to(t.dtype), valid)[0]
    else:
        soft = M.see(t.m, q["patches"], q["xy"])[0]
    keys = UserDict()
    h = M.decode(t.m, q["x"], soft, q["dst"], q["src"], keys)
    e = t.m.model.language_model.embed_tokens(q["x"])
    return h.float(), e.float(), UserDict({k: (a.float(), b.float()) for k, (a, b) in keys.items()})


def train(t, folder, steps, seconds, rate=3e-3):
    """t: the Trainer, with its pool.  Like its own, the number of steps is lowered where the time does not suffice."""
    torch.manual_seed(t.opt.seed)
    conf = config(t.conf)
    d = new(conf, t.m.model.language_model.embed_tokens.weight, folder).to(t.dev)
    for p in t.params:
        p.requires_grad_(False)
    centroid_of = torch.empty(conf["text_config"]["vocab_size"], dtype=torch.long, device=t.dev)
    size = conf["text_config"]["vocab_size"] // conf["num_centroids"]
    centroid_of[d.masked_embedding.token_ordering.to(t.dev)] = torch.arange(len(centroid_of), device=t.dev) // size
    adam = torch.optim.AdamW(d.parameters(), lr=rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    o, begin, seen = t.opt, time.time(), []
    o.audio, o.img70, o.img280 = max(2, o.audio // 3), max(2, o.img70 // 3), max(2, o.img280 // 4)
    for step in range(steps):
        spent = time.time() - begin
        done = max((step + 1) / steps, spent / seconds)
        if done > 1:
            break
        for group in adam.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 50) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        q = t.batch(("img70", "audio", "img280", "audio")[step % 4])
        h, e, keys = target_pass(t, q)
        x = q["x"]
        wanted = torch.zeros(x.numel() + 2, dtype=torch.bool, device=t.dev)    # position p: token p + 1 is the model's own
        wanted[q["pos"]] = True
        first = (wanted[:-2] & wanted[1:-1]).nonzero()[:, 0]
        second = (wanted[:-2] & wanted[1:-1] & wanted[2:]).nonzero()[:, 0]
        flat = x.flatten()
        y, state = draft(d, e.roll(-1, 1), h, keys)
        one, right = loss_of(d, y, first, flat[first + 2], centroid_of)
        y, _ = draft(d, e.roll(-2, 1), state, keys)
        two, right2 = loss_of(d, y, second, flat[second + 3], centroid_of)
        (one + two).backward()
        torch.nn.utils.clip_grad_norm_(d.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        seen.append((right, right2))
        if step % 200 == 199:
            a, b = (float(torch.stack(v).mean()) for v in zip(*seen))
            print(json.dumps(dict(draft=step + 1, t=round(spent, 1), first=round(a, 4), second=round(b, 4))), flush=True)
            seen = []
    d.to(torch.bfloat16).cpu().save_pretrained(folder)
    M.write(os.path.join(folder, "config.json"), conf)
    M.write(os.path.join(folder, "generation_config.json"), GENERATION)
    print("drafter: %d steps, %d bytes" % (step + 1, os.path.getsize(os.path.join(folder, "model.safetensors"))), flush=True)

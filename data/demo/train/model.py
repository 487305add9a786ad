# model.py: configuration, start and a training forward of a tiny Gemma4ForConditionalGeneration.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The forward calls the library's own modules, so the checkpoint is genuine, but prepares masks and the places of soft tokens
# itself and never waits for the GPU; export.py compares it with the library's forward.
import json
import math
import os

import torch
import torch.nn.functional as F

KIND = {"s": "sliding_attention", "f": "full_attention"}
DEFAULT = dict(hidden=256, inter=448, layers="ssfsfsf", shared=2, heads=4, kv=1, hd=64, ghd=128, window=512, ple=32,
               v_hidden=192, v_inter=448, v_layers=4, v_heads=6, v_hd=32, v_pos=256,
               a_hidden=192, a_layers=4, a_heads=6, a_channels=[128, 32], a_out=192)


def config(vocab, ids, o=None):
    v = dict(DEFAULT, **(o or {}))
    text = dict(attention_bias=False, attention_dropout=0.0, attention_k_eq_v=False, bos_token_id=2, dtype="bfloat16", enable_moe_block=False, eos_token_id=1, final_logit_softcapping=30.0,
                global_head_dim=v["ghd"], head_dim=v["hd"], hidden_activation="gelu_pytorch_tanh", hidden_size=v["hidden"], hidden_size_per_layer_input=v["ple"], initializer_range=0.02,
                intermediate_size=v["inter"], layer_types=[KIND[c] for c in v["layers"]], max_position_embeddings=131072, model_type="gemma4_text", num_attention_heads=v["heads"], num_experts=None,
                num_global_key_value_heads=None, num_hidden_layers=len(v["layers"]), num_key_value_heads=v["kv"], num_kv_shared_layers=v["shared"], pad_token_id=0, rms_norm_eps=1e-6,
                rope_parameters={"full_attention": {"partial_rotary_factor": 0.25, "rope_theta": 1000000.0, "rope_type": "proportional"},
                                 "sliding_attention": {"rope_theta": 10000.0, "rope_type": "default"}},
                sliding_window=v["window"], tie_word_embeddings=True, top_k_experts=None, use_bidirectional_attention=None, use_cache=True, use_double_wide_mlp=True, vocab_size=vocab,
                vocab_size_per_layer_input=vocab)
    return {"architectures": ["Gemma4ForConditionalGeneration"], "model_type": "gemma4", "dtype": "bfloat16", "tie_word_embeddings": True, "eos_token_id": [1, 106],
            "audio_token_id": ids["<|audio|>"], "boa_token_id": ids["<|audio>"], "boi_token_id": ids["<|image>"], "eoa_token_id": ids["<audio|>"], "eoa_token_index": ids["<audio|>"],
            "eoi_token_id": ids["<image|>"], "image_token_id": ids["<|image|>"], "video_token_id": ids["<|video|>"], "initializer_range": 0.02, "vision_soft_tokens_per_image": 280,
            "text_config": text,
            "vision_config": {"attention_bias": False, "attention_dropout": 0.0, "default_output_length": 280, "dtype": "bfloat16", "global_head_dim": v["v_hd"], "head_dim": v["v_hd"],
                              "hidden_activation": "gelu_pytorch_tanh", "hidden_size": v["v_hidden"], "initializer_range": 0.02, "intermediate_size": v["v_inter"],
                              "max_position_embeddings": 131072, "model_type": "gemma4_vision", "num_attention_heads": v["v_heads"], "num_hidden_layers": v["v_layers"],
                              "num_key_value_heads": v["v_heads"], "patch_size": 16, "pooling_kernel_size": 3, "position_embedding_size": v["v_pos"], "rms_norm_eps": 1e-6,
                              "rope_parameters": {"rope_theta": 100.0, "rope_type": "default"}, "standardize": False, "use_clipped_linears": True},
            "audio_config": {"attention_chunk_size": 12, "attention_context_left": 13, "attention_context_right": 0, "attention_invalid_logits_value": -1000000000.0, "attention_logit_cap": 50.0,
                             "conv_kernel_size": 5, "dtype": "bfloat16", "gradient_clipping": 10000000000.0, "hidden_act": "silu", "hidden_size": v["a_hidden"], "initializer_range": 0.02,
                             "model_type": "gemma4_audio", "num_attention_heads": v["a_heads"], "num_hidden_layers": v["a_layers"], "output_proj_dims": v["a_out"], "residual_weight": 0.5,
                             "rms_norm_eps": 1e-6, "subsampling_conv_channels": v["a_channels"], "use_clipped_linears": True}}


GENERATION = {"bos_token_id": 2, "do_sample": False, "eos_token_id": [1, 106, 50], "pad_token_id": 0}
PROCESSOR = {
    "audio_ms_per_token": 40, "audio_seq_length": 750, "image_seq_length": 280, "processor_class": "Gemma4Processor",
    "feature_extractor": {"dither": 0.0, "feature_extractor_type": "Gemma4AudioFeatureExtractor", "feature_size": 128, "fft_length": 512, "fft_overdrive": False,
                          "frame_length": 320, "hop_length": 160, "input_scale_factor": 1.0, "max_frequency": 8000.0, "mel_floor": 0.001, "min_frequency": 0.0,
                          "padding_side": "right", "padding_value": 0.0, "per_bin_mean": None, "per_bin_stddev": None, "preemphasis": 0.0,
                          "preemphasis_htk_flavor": True, "return_attention_mask": True, "sampling_rate": 16000},
    "image_processor": {"do_convert_rgb": True, "do_normalize": False, "do_rescale": True, "do_resize": True, "image_mean": [0.0, 0.0, 0.0],
                        "image_processor_type": "Gemma4ImageProcessor", "image_seq_length": 280, "image_std": [1.0, 1.0, 1.0], "max_soft_tokens": 280, "patch_size": 16,
                        "pooling_kernel_size": 3, "resample": 3, "rescale_factor": 1 / 255},
    "video_processor": {"do_convert_rgb": True, "do_normalize": True, "do_rescale": True, "do_resize": True, "do_sample_frames": True, "image_mean": [0.0, 0.0, 0.0],
                        "image_std": [1.0, 1.0, 1.0], "max_soft_tokens": 70, "num_frames": 32, "patch_size": 16, "pooling_kernel_size": 3, "resample": 3,
                        "rescale_factor": 1 / 255, "return_metadata": False, "video_processor_type": "Gemma4VideoProcessor"},
}


@torch.no_grad()
def init(model):
    """Unit-variance start: scores scaled through k_norm, small branch outputs through the post norms, sinusoidal picture positions."""
    for name, t in model.named_parameters():
        leaf = name.split(".")[-1]
        if "embed_tokens_per_layer" in name:
            t.normal_(0, 0.1)
        elif "embed_tokens" in name:
            t.normal_(0, t.shape[1] ** -0.5)
        elif leaf == "position_embedding_table":
            n, d = t.shape[1], t.shape[2]
            w = torch.exp(torch.arange(d // 4) * (-math.log(200.0) / (d // 4)))
            a = torch.arange(n)[:, None] * w
            s = torch.cat([a.sin(), a.cos()], 1) * 0.5
            t.zero_()
            t[0, :, :d // 2], t[1, :, d // 2:] = s, s
        elif leaf == "per_dim_scale" or leaf == "bias":
            t.zero_()
        elif t.ndim == 1:
            t.fill_(t.shape[0] ** -0.5 if "k_norm" in name else 1.0)
            if "language_model" in name and ".post_" in name or "vision_tower" in name and ".post_" in name:
                t.fill_(0.4)
        elif t.ndim == 4:                                   # subsampling convolutions
            t.normal_(0, (t[0].numel()) ** -0.5)
            if t.shape[1] == 1:                             # three quarters of the first kernels ignore the level
                k = t.shape[0] * 3 // 4
                t[:k] -= t[:k].mean((1, 2, 3), keepdim=True)
        elif t.ndim == 3:
            t.normal_(0, 0.4)
        else:
            t.normal_(0, t.shape[1] ** -0.5 * (0.5 if "linear_end" in name else 0.9))


def patch_library():
    """Faster, equivalent pieces for training: fused RMS norm, no clamps at infinity."""
    import transformers.models.gemma4.modeling_gemma4 as g

    def norm(self, x):
        w = self.weight.to(x.dtype) if self.with_scale else None
        return torch._fused_rms_norm(x, [x.shape[-1]], w, self.eps)[0]
    g.Gemma4RMSNorm._slow = g.Gemma4RMSNorm.forward
    g.Gemma4RMSNorm.forward = norm
    g.Gemma4ClippableLinear._slow = g.Gemma4ClippableLinear.forward
    g.Gemma4ClippableLinear.forward = lambda self, x: self.linear(x)


def unpatch_library():
    import transformers.models.gemma4.modeling_gemma4 as g
    g.Gemma4RMSNorm.forward = g.Gemma4RMSNorm._slow
    g.Gemma4ClippableLinear.forward = g.Gemma4ClippableLinear._slow


def audio_mask(B, T, valid, chunk=12, past=12, reach=12):
    """[B,1,blocks,chunk,context] True where query t may see key s: 0 <= t-s < reach, s valid (what the library derives)."""
    dev = valid.device
    nb = (T + chunk - 1) // chunk
    t = torch.arange(nb * chunk, device=dev).view(nb, chunk, 1)
    s = (torch.arange(nb, device=dev) * chunk - past).view(nb, 1, 1) + torch.arange(chunk + past, device=dev)
    ok = (t - s >= 0) & (t - s < reach) & (s >= 0) & (s < T) & (t < T)
    return ok[None, None] & (s.clamp(0, T - 1)[None] < valid.view(-1, 1, 1, 1))[:, None]


def hear(m, feats, V):
    """feats [B,T,128] (zero past V[b] frames); V int tensor on the device -> (decoder rows [B,T',H], last hidden, T' valid)."""
    at = m.model.audio_tower
    B, T, _ = feats.shape
    x, om = at.subsample_conv_projection(feats, torch.arange(T, device=feats.device)[None] < V[:, None])
    n = ((V + 1) // 2 + 1) // 2
    pe = at.rel_pos_enc(x)
    mask = audio_mask(B, x.shape[1], n)
    for l in at.layers:
        x = l(x, attention_mask=mask, position_embeddings=pe)
    return m.model.embed_audio(inputs_embeds=at.output_proj(x)), x, n


def see(m, patches, pos):
    """patches uint8 [B,N,768], pos [B,N,2] -> decoder rows [B,N/9,H] (the first nsoft[b] are real), patch outputs [B,N,D]."""
    vt = m.model.vision_tower
    pos = pos.long()
    pad = (pos == -1).all(-1)
    e = vt.patch_embedder(patches.float() / 255, pos, pad)
    out = vt.encoder(inputs_embeds=e, attention_mask=~pad, pixel_position_ids=pos).last_hidden_state
    k = patches.shape[1] // 9
    h, _ = vt.pooler(hidden_states=out, pixel_position_ids=pos, padding_positions=pad, output_length=k)
    return m.model.embed_vision(inputs_embeds=h.to(e.dtype)), out


def decode(m, ids, media=None, dst=None, src=None, keep=None):
    """Hidden states of right-padded rows; of the media rows (flattened) those at src go to the flattened places dst.
    keep: a dict that gets the keys and values that a drafter reads."""
    lm, c = m.model.language_model, m.config
    place = (ids == c.image_token_id) | (ids == c.audio_token_id) | (ids == c.video_token_id)
    tid = ids.masked_fill(place, 0)
    x, ple = lm.embed_tokens(tid), lm.get_per_layer_inputs(tid, None)
    if media is not None:
        x = x.reshape(-1, x.shape[-1]).index_copy(0, dst, media.reshape(-1, media.shape[-1]).to(x.dtype).index_select(0, src)).view(x.shape)
    n, window = ids.shape[1], c.text_config.sliding_window
    sliding = None                                          # causal attention is all there is while rows fit in the window
    if n > window:
        t = torch.arange(n, device=ids.device)
        sliding = ((t[:, None] >= t) & (t[:, None] - t < window))[None, None]
    return lm(inputs_embeds=x, per_layer_inputs=ple, attention_mask={"full_attention": None, "sliding_attention": sliding},
              position_ids=torch.arange(n, device=ids.device)[None], use_cache=False, **({} if keep is None else {"shared_kv_states": keep})).last_hidden_state


def head(m, h):
    z = m.lm_head(h)
    return 30.0 * torch.tanh(z.float() / 30.0)


class Mel:
    """Batched torch version of Gemma4AudioFeatureExtractor, with optional augmentation."""

    def __init__(self, dev):
        from transformers.audio_utils import mel_filter_bank
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f = mel_filter_bank(num_frequency_bins=257, num_mel_filters=128, min_frequency=0.0, max_frequency=8000.0, sampling_rate=16000, norm=None, mel_scale="htk")
        self.fb = torch.tensor(f, dtype=torch.float32, device=dev)
        self.win = torch.hann_window(320, periodic=True, device=dev)

    @torch.no_grad()
    def __call__(self, wav, n, aug=False):
        """wav float [B,S] zero past n[b] samples (device int tensor) -> feats [B,T,128], V."""
        dev = wav.device
        if aug:
            wav = augment(wav, n)
        V = torch.clamp((n - 161) // 160 + 1, min=0)
        T = (wav.shape[1] - 161) // 160 + 1
        fr = F.pad(wav, (160, 0)).unfold(1, 320, 160)[:, :T]
        with torch.autocast(wav.device.type, enabled=False):
            mag = torch.fft.rfft(fr * self.win, n=512).abs()
            x = torch.log(mag @ self.fb + 0.001)
        if aug:                                             # spectrogram masks
            B = len(x)
            r = lambda *s: torch.rand(*s, device=dev)
            ti, fi = torch.arange(T, device=dev), torch.arange(128, device=dev)
            for _ in range(2):
                w, a = r(B, 1) * 12, r(B, 1) * 128
                w = w * (r(B, 1) < .5)
                x = x.masked_fill(((fi >= a) & (fi < a + w))[:, None, :], -5.0)
                w, a = r(B, 1) * 14, r(B, 1) * V[:, None]
                w = w * (r(B, 1) < .4)
                x = x.masked_fill(((ti >= a) & (ti < a + w))[:, :, None], -5.0)
        return x * (torch.arange(T, device=dev)[None, :, None] < V[:, None, None]), V


def augment(w, n):
    """Random gain, smooth equaliser, coloured noise at 5 to 40 dB."""
    B, S = w.shape
    dev = w.device
    size = 1 << (S + 400 - 1).bit_length()
    r = lambda *s: torch.rand(*s, device=dev)
    with torch.autocast(w.device.type, enabled=False):
        spec = torch.fft.rfft(w, n=size)
        k = torch.linspace(0, 7, spec.shape[1], device=dev)
        knots = torch.randn(B, 9, device=dev) * 0.35 * (r(B, 1) < .6)
        lo = k.long()
        eq = torch.exp(knots[:, lo] * (1 - (k - lo)) + knots[:, lo + 1] * (k - lo))
        y = torch.fft.irfft(spec * eq, n=size)[:, :S]
        act = w.abs() > 0.004
        rms = torch.sqrt((y * y * act).sum(1) / act.sum(1).clamp_min(1)).clamp_min(1e-4)
        f = torch.linspace(0, 1, spec.shape[1], device=dev).clamp_min(1e-3)
        noise = torch.fft.irfft(torch.fft.rfft(torch.randn(B, S, device=dev), n=size) * f[None] ** (-r(B, 1) * .9), n=size)[:, :S]
        noise = noise / noise.pow(2).mean(1, keepdim=True).sqrt()
        snr = 5 + 35 * r(B, 1)
        y = y + noise * rms[:, None] * 10 ** (-snr / 20) * (r(B, 1) < .8)
        y = y * 10 ** ((r(B, 1) * 22 - 16) / 20)
        y = y.clamp(-1, 1)
    return y * (torch.arange(S, device=dev)[None] < n[:, None])


@torch.no_grad()
def calibrate_clips(model, run):
    """Finite clip ranges for every clippable linear, as published checkpoints have them: twice the largest value seen while run() runs."""
    seen = {}

    def hook(mod, args, out):
        a, o = args[0].float(), out.float()
        s = seen.setdefault(mod, [0.0] * 4)
        for i, v in enumerate((a.min(), a.max(), o.min(), o.max())):
            s[i] = min(s[i], float(v)) if i % 2 == 0 else max(s[i], float(v))
    mods = [x for x in model.modules() if type(x).__name__ == "Gemma4ClippableLinear"]
    hs = [x.register_forward_hook(hook) for x in mods]
    run()
    for x in hs:
        x.remove()
    for x in mods:
        for buf, v in zip((x.input_min, x.input_max, x.output_min, x.output_max), seen[x]):
            buf.fill_(float(torch.tensor(2 * v + (1e-3 if v >= 0 else -1e-3)).bfloat16()))
    return len(mods)


def sizes(model):
    out = {}
    for n, p in model.named_parameters():
        k = "audio" if "audio" in n else "vision" if "vision" in n else "embed" if "embed_tokens" in n else "text"
        out[k] = out.get(k, 0) + p.numel()
    out["all"] = sum(out.values())
    return out


def write(path, obj):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(obj, f, indent=1, ensure_ascii=False)
        f.write("\n")


def new(tokdir, out, o=None):
    from transformers import Gemma4Config, Gemma4ForConditionalGeneration
    v = json.load(open(os.path.join(tokdir, "tokenizer.json"), encoding="utf-8"))["model"]["vocab"]
    os.makedirs(out, exist_ok=True)
    c = config(len(v), v, o)
    write(os.path.join(out, "config.json"), c)
    cfg = Gemma4Config.from_pretrained(out)
    m = Gemma4ForConditionalGeneration._from_config(cfg, dtype=torch.float32, attn_implementation="sdpa")
    init(m)
    m.tie_weights()
    return m, c

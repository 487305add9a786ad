# train.py: trains the demonstration model, exports it and trains its drafter: train.py --data DIR --tok DIR --out DIR
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The schedule goes by steps; --seconds only lowers their number, when they would not be done in time.  OUT/state.pt is written
# every minute and OUT/small.pt with --small-at; --resume goes on from either.  The model computes with bf16 parameters, as the
# exported one will; the optimiser keeps float32 masters.  Two temporary heads help: phonemes on the last audio layer (CTC),
# and kind, hue and centre of each patch on the last vision layer.
import argparse
import json
import math
import os
import time

import torch
import torch.nn.functional as F

import drafter
import export
import model as M
import pictures
import spoken
from chat import system_turn, user_turn
from encode import Encoder
from pool import Pool
from speech import PHONEMES

CYCLE = ["img70", "audio", "img280", "img70", "audio", "img280", "img70", "long"]


def options():
    ap = argparse.ArgumentParser()
    for name, default in (("data", "/dev/shm/demo"), ("tok", "tok"), ("out", "/dev/shm/demo-out"), ("resume", ""), ("model", "{}")):
        ap.add_argument("--" + name, default=default)
    for name, default in (("seconds", 0.0), ("lr", 2.5e-3), ("wd", 0.05), ("aux", 0.5), ("draft-seconds", 70.0), ("small-at", 0.0)):
        ap.add_argument("--" + name, type=float, default=default)
    for name, default in (("steps", 10000), ("easy", 350), ("warm-up", 300), ("audio", 192), ("long", 20), ("img70", 192), ("img280", 56), ("texts", 112), ("seed", 1), ("draft-steps", 3000)):
        ap.add_argument("--" + name, type=int, default=default)
    ap.add_argument("--tiny", action="store_true", help="small tables, to try the program")
    return ap.parse_args()


def pack(w):
    """Eight bits a weight and a scale for each row; vectors stay as they are."""
    if w.ndim < 2:
        return w.clone()
    rows = w.reshape(w.shape[0], -1)
    scale = rows.abs().amax(1, keepdim=True).clamp_min(1e-12) / 127
    return (rows / scale).round().to(torch.int8), scale, tuple(w.shape)


def unpack(w):
    return (w[0].float() * w[1]).view(w[2]) if isinstance(w, tuple) else w.float()


class Trainer:
    def __init__(self, opt):
        self.opt, self.step, self.start = opt, 0, time.time()
        self.dev = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.dtype = torch.bfloat16 if self.dev.type == "cuda" else torch.float32    # a CPU is there to try the program
        torch.manual_seed(opt.seed)
        torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
        torch.backends.cuda.enable_cudnn_sdp(False)              # its plans are rebuilt (0.1 s) for every new shape
        M.patch_library()
        self.m, self.conf = M.new(opt.tok, opt.out, json.loads(opt.model))
        self.m.to(self.dev).train()
        print("parameters", M.sizes(self.m), flush=True)
        self.mel = M.Mel(self.dev)
        self.ctc_head = torch.nn.Linear(self.conf["audio_config"]["hidden_size"], len(PHONEMES) + 1).to(self.dev)
        self.patch_head = torch.nn.Linear(self.conf["vision_config"]["hidden_size"], pictures.N_KINDS + pictures.N_HUES + 1).to(self.dev)
        self.heads = [self.ctc_head.weight, self.patch_head.weight, self.ctc_head.bias, self.patch_head.bias]
        self.names, self.params = zip(*self.m.named_parameters())
        warm = opt.resume and self.restore(opt.resume)
        self.masters = [p.detach().clone().requires_grad_() for p in self.params]
        for p in self.params:
            p.data = p.data.to(self.dtype)
        for layer in self.m.model.language_model.layers:
            layer.layer_scalar.data = layer.layer_scalar.data.to(self.dtype)
        self.grads = [torch.zeros_like(w) for w in self.masters]
        decays = [p.ndim >= 2 and "embed_tokens" not in n for n, p in zip(self.names, self.params)]
        self.adam = torch.optim.AdamW([{"params": [w for w, d in zip(self.masters, decays) if d] + self.heads[:2], "weight_decay": opt.wd},
                                       {"params": [w for w, d in zip(self.masters, decays) if not d] + self.heads[2:], "weight_decay": 0.0}],
                                      lr=opt.lr, betas=(0.9, 0.98), eps=1e-8, fused=True)
        if warm:
            self.adam.load_state_dict(warm)
        self.resumed = None if warm or not opt.resume else self.step     # moments begin at zero: warm up again
        self.kind_weight = torch.ones(pictures.N_KINDS, device=self.dev)
        self.kind_weight[0] = 0.05
        self.hue_weight = torch.ones(pictures.N_HUES, device=self.dev)
        self.hue_weight[0] = 0.05
        self.centre_weight = torch.tensor(20.0, device=self.dev)
        self.first, self.asked = self.step, opt.steps
        self.begin_pool()

    def begin_pool(self):
        opt = self.opt
        encoder = Encoder(os.path.join(opt.tok, "tokenizer.json"))
        ids, prompts = {k: self.conf[k + "_token_id"] for k in ("audio", "image")}, []
        for system in ("", "", "", "You are a helpful assistant."):
            for ask in [spoken.OFFICIAL] * 6 + spoken.PROMPTS[5:]:
                for user in (ask + "<|audio|>", "<|audio|>" + ask):
                    whole = encoder.expand(system_turn(system, False) + user_turn(user), "<|audio|>", 1)
                    at = whole.index(ids["audio"])
                    prompts.append((whole[:at], whole[at + 1:]))
        sizes = dict(speech=(2000, 1), pictures={70: 200, 280: 60}, texts=4000) if opt.tiny else {}
        self.pool = Pool(opt.data, self.dev, ids, encoder, prompts, opt.seed + self.step, **sizes)
        while not self.pool.ready(0.02 if opt.tiny else 1.0):
            time.sleep(0.3)
        print("first data after %.1f s: %s" % (time.time() - self.start, self.pool.counts()), flush=True)

    # ---- states

    def state(self):
        full = dict(self.m.state_dict(), **{n: w.detach() for n, w in zip(self.names, self.masters)})
        full["lm_head.weight"] = full["model.language_model.embed_tokens.weight"]
        heads = {"ctc": self.ctc_head.state_dict(), "patch": self.patch_head.state_dict()}
        return dict(heads, model=full, step=self.step)

    def save(self):
        path = os.path.join(self.opt.out, "state.pt")
        torch.save(dict(self.state(), adam=self.adam.state_dict()), path + ".new")
        os.replace(path + ".new", path)

    def save_small(self):
        """The masters in eight bits a weight, without the moments: one file of 12 MB, and enough to go on from."""
        path = os.path.join(self.opt.out, "small.pt")
        s = self.state()
        s["model"] = {k: pack(v.float().cpu()) for k, v in s["model"].items() if k != "lm_head.weight" and torch.is_floating_point(v)}
        torch.save(s, path + ".new")
        os.replace(path + ".new", path)
        print("small state of step", self.step, flush=True)

    def restore(self, path):
        """Loads a state; returns the moments, if it has them."""
        s = torch.load(path, map_location="cpu", weights_only=False)
        weights = {k: unpack(v) for k, v in s["model"].items()}
        missing = self.m.load_state_dict(weights, strict=False).missing_keys
        assert all("lm_head" in k or "_min" in k or "_max" in k for k in missing), missing
        self.ctc_head.load_state_dict(s["ctc"])
        self.patch_head.load_state_dict(s["patch"])
        self.step = s["step"]
        print("goes on from step", self.step, flush=True)
        return s.get("adam")

    # ---- steps

    def batch(self, kind):
        o, p = self.opt, self.pool
        if kind == "long" and self.step > 3 * o.easy:
            return p.recordings(o.long, 28.0 if self.step > 6 * o.easy else 14.0)
        if kind in ("audio", "long"):
            easy = self.step < o.easy
            return p.utterances(o.audio, o.texts, int(16000 * (1.6 + 6 * self.step / o.easy)) if easy else None)
        return p.images(70, o.img70, o.texts, 176, 0.0) if kind == "img70" else p.images(280, o.img280, o.texts, 448, 0.65)

    def losses(self, q):
        """(of the medium's answers, of the texts' or None, of the temporary heads)."""
        if "wav" in q:
            feats, valid = self.mel(q["wav"], q["n"], True)
            soft, last, _ = M.hear(self.m, feats.to(self.dtype), valid)
            logp = F.log_softmax(self.ctc_head(last.index_select(0, q["speaks"]).float()), -1).transpose(0, 1)
            extra = F.ctc_loss(logp, q["ph"], q["ns"], q["phl"], zero_infinity=True)
        else:
            soft, last = M.see(self.m, q["patches"], q["xy"])
            z, lab = self.patch_head(last.float()).flatten(0, 1), q["lab"].flatten(0, 1)
            real = lab[:, 0] != pictures.NONE
            kind, hue = lab[:, 0].long(), (lab[:, 1] & 15).long()
            kinds, hues, centre = z.split([pictures.N_KINDS, pictures.N_HUES, 1], -1)
            extra = F.cross_entropy(kinds, kind.masked_fill(~real, -100), weight=self.kind_weight) + 0.5 * F.cross_entropy(hues, hue.masked_fill(~real, -100), weight=self.hue_weight)
            bce = F.binary_cross_entropy_with_logits(centre[:, 0], ((lab[:, 1] & 16) > 0).float(), pos_weight=self.centre_weight, reduction="none")
            extra = extra + 0.5 * (bce * real).sum() / real.sum()
        h = M.decode(self.m, q["x"], soft, q["dst"], q["src"])
        ce = F.cross_entropy(M.head(self.m, h.reshape(-1, h.shape[-1]).index_select(0, q["pos"])), q["tgt"], reduction="none")
        w = q["ismedium"].float()
        medium, rest = (ce * w).sum() / w.sum().clamp_min(1), 1 - w
        return medium, (ce * rest).sum() / rest.sum().clamp_min(1), extra

    def update(self):
        """Clips, steps, copies the masters back.  The tower that a batch did not use rests."""
        have = [(w, p) for w, p in zip(self.masters, self.params) if p.grad is not None]
        for w, p, g in zip(self.masters, self.params, self.grads):
            w.grad = g if p.grad is not None else None
        torch._foreach_copy_([w.grad for w, _ in have], [p.grad for _, p in have])
        norm = torch.nn.utils.clip_grad_norm_([w for w, _ in have], 1.0, foreach=True)
        torch.nn.utils.clip_grad_norm_([p for p in self.heads if p.grad is not None], 1.0)
        self.adam.step()
        torch._foreach_copy_([p.data for _, p in have], [w.data for w, _ in have])
        for p in list(self.params) + self.heads:
            p.grad = None
        return norm

    def rate(self):
        o = self.opt
        frac = min(1.0, self.step / o.steps)
        warm = min(1.0, (self.step + 1) / o.warm_up)
        if self.resumed is not None:
            warm = min(warm, (self.step - self.resumed + 1) / 100)
        return frac, o.lr * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * frac)))

    def keep_pace(self, pace):
        """The number of steps that was asked for, or as many as the time left allows.  The first steps are slow: they tell nothing."""
        o = self.opt
        if o.seconds and self.step - self.first >= 500:
            left = o.seconds - (time.time() - self.start)
            o.steps = min(self.asked, max(self.step + 1, self.step + int(left / pace)))

    def run(self):
        o, log, mark, pace = self.opt, {}, time.time(), None
        saved, small = time.time(), False
        self.pool.refresh()
        while self.step < o.steps and not (o.seconds and time.time() - self.start > o.seconds):
            frac, rate = self.rate()
            for group in self.adam.param_groups:
                group["lr"] = rate
            kind = CYCLE[self.step % len(CYCLE)]
            medium, text, extra = self.losses(self.batch(kind))
            sound = kind in ("audio", "long")
            weight = o.aux * (max(0.2, 1 - frac) if sound else 2 * max(0.15, 1 - 1.3 * frac))
            (medium + 0.7 * text + weight * extra).backward()
            norm = self.update()
            self.step += 1
            if o.tiny:
                print(self.step, kind, float(medium), float(text), float(extra), "%.1f s" % (time.time() - self.start), flush=True)
            for k, v in ((kind, medium), ("text", text if kind != "long" else None), ("ctc" if sound else "patch", extra), ("norm", norm)):
                if v is not None:
                    log.setdefault(k, []).append(v.detach())
            if self.step % 50 == 0:
                self.pool.refresh()
            if self.step % 100 == 0:
                mean = {k: round(float(torch.stack(v).float().mean()), 4) for k, v in log.items()}
                now = time.time()
                last = (now - mark) / 100
                pace = last if pace is None or self.step - self.first < 500 else 0.7 * pace + 0.3 * last
                log, mark = {}, now
                self.keep_pace(pace)
                print(json.dumps(dict(step=self.step, of=o.steps, t=round(now - self.start, 1), ms=round(last * 1000, 1), lr=round(rate, 6), pool=self.pool.counts(), **mean)), flush=True)
                if any(math.isnan(v) for v in mean.values()):
                    raise SystemExit("a loss is no number")
                if now - saved > 60:
                    self.save()
                    saved = time.time()
            if o.small_at and not small and time.time() - self.start > o.small_at:
                self.save_small()
                small = True
        self.save()
        print("trained %d steps in %.1f s; peak %.1f GB" % (self.step, time.time() - self.start, torch.cuda.max_memory_allocated() / 2 ** 30 if self.dev.type == "cuda" else 0), flush=True)


def main():
    opt = options()
    os.makedirs(opt.out, exist_ok=True)
    t = Trainer(opt)
    t.run()
    t.m.eval()
    folder = os.path.join(opt.out, "demo")
    export.export(t, folder)
    open(os.path.join(opt.out, "exported"), "w").close()
    drafter.train(t, os.path.join(folder, "assistant"), opt.draft_steps, opt.draft_seconds)
    t.pool.stop = True
    open(os.path.join(opt.out, "finished"), "w").close()
    print("done after %.1f s" % (time.time() - t.start), flush=True)


if __name__ == "__main__":
    main()

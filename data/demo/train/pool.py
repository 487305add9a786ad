# pool.py: everything that the makers made so far, and batches of it.
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Samples and patches lie on the GPU, token rows in memory.  A thread copies the chunks as they appear; a batch is put together
# on the main thread from what is there.  Pictures are kept in a ring: the newest overwrite the oldest.
import glob
import os
import threading
import time

import numpy as np
import torch

from encode import LONGEST, frames, soft_tokens

RATE = 16000


def to(array, dev):
    """To the GPU without waiting for it, which takes pinned memory."""
    t = torch.from_numpy(array)
    return t.pin_memory().to(dev, non_blocking=True) if dev.type == "cuda" else t


class Table:
    """Token rows, appended by the feeding thread; rows below n are whole."""

    def __init__(self, size):
        self.ids, self.learn = np.zeros((size, LONGEST), np.int16), np.zeros((size, LONGEST), np.uint8)
        self.len, self.n = np.zeros(size, np.int32), 0

    def put(self, at, chunk):
        k, w = chunk["ids"].shape
        self.ids[at:at + k] = 0
        self.learn[at:at + k] = 0
        self.ids[at:at + k, :w] = chunk["ids"]
        self.learn[at:at + k, :w] = chunk["learn"]
        self.len[at:at + k] = chunk["len"]


class Speech(Table):
    def __init__(self, size, hours, dev):
        super().__init__(size)
        self.pcm, self.filled = torch.zeros(int(hours * 3600 * RATE), dtype=torch.int16, device=dev), 0
        self.at, self.samples = np.zeros(size, np.int64), np.zeros(size, np.int32)
        self.phonemes, self.start, self.follow, self.whole = [], [], [], []

    def add(self, chunk, bulk):
        k, total = len(chunk["len"]), len(bulk)
        if self.n + k > len(self.len) or self.filled + total > len(self.pcm):
            return
        self.pcm[self.filled:self.filled + total] = torch.from_numpy(bulk).to(self.pcm.device)
        self.put(self.n, chunk)
        where = chunk["pcm_at"]
        self.at[self.n:self.n + k], self.samples[self.n:self.n + k] = where[:-1] + self.filled, np.diff(where)
        for name, out in (("ph", self.phonemes), ("start", self.start), ("follow", self.follow)):
            a, w = chunk[name], chunk[name + "_at"]
            out.extend(a[i:j] for i, j in zip(w[:-1], w[1:]))
        self.whole.extend(self.n + i for i in range(k) if len(self.start[self.n + i]))
        self.filled += total
        if self.pcm.is_cuda:
            torch.cuda.current_stream().synchronize()
        self.n += k


class Pictures(Table):
    def __init__(self, size, budget, dev):
        super().__init__(size)
        self.patches = torch.zeros((size, 9 * budget, 768), dtype=torch.uint8, device=dev)
        self.pos = torch.zeros((size, 9 * budget, 2), dtype=torch.int16, device=dev)
        self.lab = torch.zeros((size, 9 * budget, 2), dtype=torch.uint8, device=dev)
        self.soft, self.made, self.busy, self.budget = np.zeros(size, np.int32), 0, (0, 0), budget

    def add(self, chunk, bulk):
        k, at = len(chunk["len"]), self.made % len(self.len)
        if at + k > len(self.len):
            self.made += len(self.len) - at
            at = 0
        if at < self.n:                                          # keep batches off these slots; those drawn before are read by then
            self.busy = (at, at + k)
            time.sleep(0.3)
        self.patches[at:at + k] = torch.from_numpy(bulk).view(k, -1, 768).to(self.patches.device)
        self.pos[at:at + k] = torch.from_numpy(chunk["pos"]).to(self.pos.device)
        self.lab[at:at + k] = torch.from_numpy(chunk["lab"]).to(self.lab.device)
        if self.patches.is_cuda:
            torch.cuda.current_stream().synchronize()
        self.put(at, chunk)
        self.soft[at:at + k] = chunk["nsoft"]
        self.made += k
        self.n = max(self.n, at + k)
        self.busy = (0, 0)

    def draw(self, rng, n):
        low, high = self.busy
        r = rng.integers(0, self.n, 2 * n + 64)
        return r[(r < low) | (r >= high)][:n]


class Pool:
    def __init__(self, folder, dev, ids, encoder, prompts, seed, speech=(170000, 130), pictures={70: 45000, 280: 9000}, texts=480000):
        """ids: the placeholder of each medium; prompts: (ids before the recording, ids after it) for long recordings."""
        self.folder, self.dev, self.ids, self.prompts = folder, dev, ids, prompts
        self.rng = np.random.default_rng(seed)
        self.speech = Speech(*speech, dev)
        self.pictures = {b: Pictures(n, b, dev) for b, n in pictures.items()}
        self.text = Table(texts)
        self.end, self.turn = encoder.ids("<turn|>"), None
        self.order = self.sorted = None
        self.stop = False
        self.thread = threading.Thread(target=self._feed, daemon=True)
        self.thread.start()

    # ---- feeding

    def _feed(self):
        seen = set()
        stream = torch.cuda.Stream() if self.dev.type == "cuda" else None
        with torch.cuda.stream(stream):
            while not self.stop:
                for path in sorted(glob.glob(self.folder + "/*.npz"), key=os.path.getmtime):
                    if path not in seen and not self.stop:
                        seen.add(path)
                        self._take(path)
                time.sleep(0.5)

    def _take(self, path):
        with np.load(path) as z:
            chunk = {k: z[k] for k in z.files}
        kind, bulk = os.path.basename(path).split("_")[0], path[:-3] + "bin"
        if kind == "text":
            if self.text.n + len(chunk["len"]) <= len(self.text.len):
                self.text.put(self.text.n, chunk)
                self.text.n += len(chunk["len"])
        elif kind == "audio":
            self.speech.add(chunk, np.fromfile(bulk, np.int16))
        else:
            self.pictures[int(kind[3:])].add(chunk, np.fromfile(bulk, np.uint8))
        for f in (path, bulk):
            if os.path.exists(f):
                os.unlink(f)

    def ready(self, share=1.0):
        return self.text.n > 800 * share and self.speech.n > 600 * share and len(self.speech.whole) > 20 * share and all(p.n > 16 for p in self.pictures.values())

    def counts(self):
        return [self.speech.n, round(self.speech.filled / RATE / 3600, 1)] + [p.made for p in self.pictures.values()] + [self.text.n]

    def refresh(self):
        """Sorts the texts that there are by length, for text_rows."""
        n = self.text.n
        self.order = np.argsort(self.text.len[:n], kind="stable")
        self.sorted = self.text.len[:n][self.order]

    # ---- batches

    def text_rows(self, limit, n, long_share=0.0, longer_than=176):
        high = int(np.searchsorted(self.sorted, limit, "right"))
        low = min(int(np.searchsorted(self.sorted, longer_than, "right")), high - 1)
        k = int(n * long_share)
        return self.order[np.concatenate([self.rng.integers(low, high, k), self.rng.integers(0, high, n - k)])]

    def similar(self, n, limit=None, spread=4):
        """n utterances of similar length: a window of a sorted random sample."""
        a, total = self.speech.samples, self.speech.n
        pick = self.rng.integers(0, total, n * spread)
        if limit is not None:
            short = pick[a[pick] <= limit]
            pick = short if len(short) >= n else np.argsort(a[:total])[:4 * n]
        pick = pick[np.argsort(a[pick], kind="stable")]
        k = int(self.rng.integers(0, max(1, len(pick) // n))) * n
        return pick[k:k + n]

    def _tensors(self, x, learn, rows, medium, soft, width):
        """What the model needs of a batch of which the first `rows` rows have a medium of soft[i] of `width` soft tokens each."""
        on = lambda a: to(a, self.dev)
        places = np.flatnonzero(x.ravel() == self.ids[medium])
        assert len(places) == int(np.sum(soft)), (medium, len(places), int(np.sum(soft)))
        wanted = np.flatnonzero(learn[:, 1:].ravel())                # position t is to predict token t + 1
        wanted += wanted // (x.shape[1] - 1)
        return dict(x=on(x), dst=on(places), src=on(np.concatenate([k * width + np.arange(c) for k, c in enumerate(soft)])), pos=on(wanted),
                    ismedium=on(wanted // x.shape[1] < rows), tgt=on(x.ravel()[wanted + 1]))

    def _rows(self, parts):
        n = (max(int(t.len[r].max()) for t, r in parts) + 15) // 16 * 16
        return np.concatenate([t.ids[r, :n] for t, r in parts]).astype(np.int64), np.concatenate([t.learn[r, :n] for t, r in parts])

    def _wave(self, q, pieces, total, phonemes):
        """pieces: per row a list of (utterance, where it begins); total: samples per row."""
        longest = (int(total.max()) + 1599) // 1600 * 1600
        s, n = self.speech, to(total.astype(np.int64), self.dev)
        if all(len(p) == 1 for p in pieces):
            at = to(np.array([s.at[p[0][0]] for p in pieces]), self.dev)
            t = torch.arange(longest, device=self.dev)
            q["wav"] = s.pcm[(at[:, None] + t).clamp_(max=len(s.pcm) - 1)].float().div_(32768) * (t[None] < n[:, None])
        else:
            w = torch.zeros((len(pieces), longest), dtype=torch.int16, device=self.dev)
            for k, row in enumerate(pieces):
                for u, begin in row:
                    w[k, begin:begin + s.samples[u]] = s.pcm[s.at[u]:s.at[u] + s.samples[u]]
            q["wav"] = w.float().div_(32768)
        q["n"] = n
        speaks = np.array([len(p) > 0 for p in phonemes])            # what is no speech has no phonemes
        q["speaks"] = to(np.flatnonzero(speaks), self.dev)
        q["ns"] = torch.from_numpy(np.array([soft_tokens(int(c)) for c in total])[speaks])
        q["ph"] = to(np.concatenate([p for p in phonemes if len(p)]).astype(np.int64), self.dev)
        q["phl"] = torch.tensor([len(p) for p in phonemes if len(p)])
        return q

    def _width(self, samples):
        t = frames((int(samples.max()) + 1599) // 1600 * 1600)
        return ((t + 1) // 2 + 1) // 2

    def utterances(self, n, texts, limit=None):
        s, r = self.speech, self.similar(n, limit)
        t = self.text_rows(max(int(s.len[r].max()), 176), texts)
        total = s.samples[r]
        q = self._tensors(*self._rows([(s, r), (self.text, t)]), len(r), "audio", [soft_tokens(int(c)) for c in total], self._width(total))
        return self._wave(q, [[(u, 0)] for u in r], total, [s.phonemes[u] for u in r])

    def recordings(self, n, seconds):
        """Several sentences one after the other, with pauses, of up to `seconds`."""
        s, rows, pieces, totals, phonemes = self.speech, [], [], [], []
        for _ in range(n):
            goal, at, row, text, heard = int(RATE * self.rng.uniform(6, seconds)), 0, [], [], []
            while len(row) < 14:
                u = int(s.whole[self.rng.integers(0, len(s.whole))])
                pause = int(RATE * self.rng.uniform(.05, .7)) if row else 0
                if row and at + pause + s.samples[u] > goal:
                    break
                text += list(s.follow[u] if row else s.start[u])
                row.append((u, at + pause))
                heard += list(s.phonemes[u])
                at += pause + int(s.samples[u])
            before, after = self.prompts[self.rng.integers(0, len(self.prompts))]
            ids = before + [self.ids["audio"]] * soft_tokens(at) + after
            rows.append((ids + text + self.end, [0] * len(ids) + [1] * (len(text) + 1)))
            pieces.append(row)
            totals.append(at)
            phonemes.append(np.array(heard))
        width = (max(len(ids) for ids, _ in rows) + 15) // 16 * 16
        x, learn = np.zeros((n, width), np.int64), np.zeros((n, width), np.uint8)
        for k, (ids, wanted) in enumerate(rows):
            x[k, :len(ids)], learn[k, :len(ids)] = ids, wanted
        total = np.array(totals)
        return self._wave(self._tensors(x, learn, n, "audio", [soft_tokens(c) for c in totals], self._width(total)), pieces, total, phonemes)

    def images(self, budget, n, texts, text_limit, long_share):
        p = self.pictures[budget]
        r = p.draw(self.rng, n)
        t = self.text_rows(max(int(p.len[r].max()), text_limit), texts, long_share)
        q = self._tensors(*self._rows([(p, r), (self.text, t)]), len(r), "image", p.soft[r], budget)
        s = to(r, self.dev)
        return dict(q, patches=p.patches[s], xy=p.pos[s], lab=p.lab[s])

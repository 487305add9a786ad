# encode.py: rows of text to token ids, and how long a medium is in soft tokens.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
from tokenizers import Tokenizer

LONGEST = 512                                                    # of a row that the makers write


class Encoder:
    def __init__(self, path):
        self.tokenizer = Tokenizer.from_file(path)
        find = self.tokenizer.token_to_id
        self.media = {m: [find(m[:2] + m[2:-2] + ">"), find(m), find("<" + m[2:-2] + "|>")] for m in ("<|image|>", "<|audio|>")}

    def ids(self, text):
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def text(self, ids):
        return self.tokenizer.decode(list(ids), skip_special_tokens=False)

    def expand(self, text, medium=None, n=0):
        """The ids of the text, with n soft tokens and what opens and closes them where the medium is."""
        ids = self.ids(text)
        if medium and medium in text:
            opens, soft, closes = self.media[medium]
            i = ids.index(soft)
            ids[i:i + 1] = [opens] + [soft] * n + [closes]
        return ids

    def row(self, row, medium=None, n=0):
        """(ids, learn) of a row of chat.py."""
        ids, learn = [], []
        for text, wanted in row:
            part = self.expand(text, medium, n)
            ids += part
            learn += [wanted] * len(part)
        return ids, learn


def frames(n):
    """Frames of n samples."""
    return (n - 161) // 160 + 1 if n >= 161 else 0


def soft_tokens(n):
    """Soft tokens of n samples: two convolutions of stride two over the frames."""
    return ((frames(n) + 1) // 2 + 1) // 2


def pad(rows):
    longest = max(len(ids) for ids, _ in rows)
    out = dict(ids=np.zeros((len(rows), longest), np.int16), learn=np.zeros((len(rows), longest), np.uint8), len=np.array([len(ids) for ids, _ in rows], np.int32))
    for k, (ids, learn) in enumerate(rows):
        out["ids"][k, :len(ids)] = ids
        out["learn"][k, :len(ids)] = learn
    return out


def join(parts, dtype):
    """(all of them one after the other, where each begins and the last ends)."""
    where = np.cumsum([0] + [len(p) for p in parts]).astype(np.int64)
    return np.concatenate([np.asarray(p, dtype) for p in parts]), where

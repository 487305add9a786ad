# tokenizer.py: makes a tokenizer.json in the form of Gemma 4's: tokenizer.py OUTDIR [SIZE]
#
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The fixed part has the family's ids: control tokens, runs of newlines at 107, bytes at 238; media tokens come last.  The
# learnt part is chosen so that a name is cut in the same way after a space, a colon or a quote, which makes copying easy:
# pieces are of letters only, digits are single, and of pieces that begin with U+2581 there are only whole words.
import collections
import json
import os
import random
import re
import sys

import lexicon
import pictures
import spoken
import sums
import talk
import tools
import turns

CONTROL = {46: "<|tool>", 47: "<tool|>", 48: "<|tool_call>", 49: "<tool_call|>", 50: "<|tool_response>", 51: "<tool_response|>",
           52: "<|\"|>", 98: "<|think|>", 100: "<|channel>", 101: "<channel|>", 105: "<|turn>", 106: "<turn|>"}
MEDIA = ["<|image>", "<|audio>", "<|image|>", "<|audio|>", "<image|>", "<audio|>", "<|video|>"]
HTML = ("<table> <caption> <thead> <tbody> <tfoot> <tr> <th> <td> </table> </caption> </thead> </tbody> </tfoot> </tr> </th> </td> <h1> <h2> <h3> <h4> <h5> "
        "<h6> <blockquote> </h1> </h2> </h3> </h4> </h5> </h6> </blockquote> <strong> <em> <b> <i> <u> <s> <sub> <sup> <code> </strong> </em> </b> </i> </u> "
        "</s> </sub> </sup> </code> <a> <html> <body> <img> <span> <bbox> <ul> <li> <div> <iframe> <footer> </a> </html> </body> </img> </span> </bbox> </ul> "
        "</li> </div> </iframe> </footer>").split()
SPACE = "\u2581"


def count_words(n=6000, seed=5):
    """How often each word is met: the lexicon, the words of names, and rows of every kind."""
    rng, counts = random.Random(seed), collections.Counter()

    def add(text, k=1):
        for word in re.findall("[A-Za-z]+", re.sub(r"<[^>]*>", " ", text.replace(tools.QUOTE, " "))):
            counts[word] += k
    for word in spoken.LEXICON:
        add(word, 30)
    for words in lexicon.SLOTS.values():
        for word in words:
            add(word, 30)
    for word in lexicon.WORDS:
        add(word, 12)
    for word in pictures.PRINTED:
        add(word, 10)
        add(word.capitalize(), 2)
    for prompt in spoken.PROMPTS:
        add(prompt, 60)
    for k in range(n):
        for _ in range(5):
            add(spoken.spoken(rng)[0])
        for maker in (talk.talk, tools.tools, turns.several, sums.sums)[:4 if k % 4 == 0 else 1]:
            add("".join(text for text, _ in maker(rng)))
        if k % 40 == 0:
            for q, a in pictures.make(rng)[1]:
                add(q + " " + a, 6)
    return counts


def learn(words, count):
    """Byte-pair pieces of the words, the most frequent pair first."""
    sequences = [[list(w), n] for w, n in sorted(words.items()) if n > 1]
    pieces, seen = [], set()
    while len(pieces) < count:
        pairs = collections.Counter()
        for s, n in sequences:
            for pair in zip(s, s[1:]):
                pairs[pair] += n
        best = max(pairs, key=lambda p: (pairs[p], p))
        new = best[0] + best[1]
        if new not in seen:
            seen.add(new)
            pieces.append(new)
        for item in sequences:
            s = item[0]
            if best[0] not in s:
                continue
            out, i = [], 0
            while i < len(s):
                joined = i + 1 < len(s) and s[i] == best[0] and s[i + 1] == best[1]
                out.append(new if joined else s[i])
                i += 1 + joined
            item[0] = out
    return pieces


def build(size, words):
    fixed = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "[multimodal]"] + ["<unused%d>" % i for i in range(99)] + ["", ""]
    for i, t in CONTROL.items():
        fixed[i] = t
    fixed += ["\n" * n for n in range(1, 32)] + [SPACE * n for n in range(2, 32)] + HTML + ["<0x%02X>" % b for b in range(256)]
    assert len(fixed) == 494 and fixed[107] == "\n" and fixed[138] == SPACE * 2 and fixed[238] == "<0x00>"
    characters = [SPACE] + [chr(c) for c in range(33, 127)]
    tabs = ["\t" * n for n in range(1, 32)]
    room = size - len(fixed) - len(MEDIA) - len(tabs) - len(characters)
    spaced = [SPACE + w for w in ("a", "I")] + [SPACE + w for w, n in words.most_common() if n >= 100 and len(w) > 1]
    letters = learn(words, room)

    def whole(k):
        return set(letters[:k]) | {"a", "I"}
    n = next(k for k in range(room, -1, -1) if k + sum(s[1:] in whole(k) for s in spaced) <= room)
    spaced = [s for s in spaced if s[1:] in whole(n)]
    letters = letters[:n]
    tokens = fixed + letters + spaced + characters + tabs + ["<reserved%d>" % i for i in range(room - n - len(spaced))] + MEDIA
    assert len(tokens) == size == len(set(tokens))
    vocab, merges = {t: i for i, t in enumerate(tokens)}, []
    for piece in ["\n" * n for n in range(31, 1, -1)] + [SPACE * n for n in range(31, 1, -1)] + tabs[:0:-1] + HTML + letters + spaced:
        local = [[piece[:i], piece[i:]] for i in range(1, len(piece)) if piece[:i] in vocab and piece[i:] in vocab]
        if piece[0] == SPACE and piece[1] != SPACE:
            local = [m for m in local if m[0] == SPACE]
        merges += sorted(local, key=lambda m: (vocab[m[0]], vocab[m[1]]))
    special = set(CONTROL.values()) | set(MEDIA) | {"<pad>", "<eos>", "<bos>", "<unk>", "<mask>"}
    bos = [{"SpecialToken": {"id": "<bos>", "type_id": k}} for k in (0, 1)]
    a, b = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, t in enumerate(tokens) if t in special],
        "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": SPACE},
        "pre_tokenizer": {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
        "post_processor": {"type": "TemplateProcessing", "single": [bos[0], a], "pair": [bos[0], a, bos[1], b],
                           "special_tokens": {"<bos>": {"id": "<bos>", "ids": [2], "tokens": ["<bos>"]}}},
        "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": SPACE}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {"type": "BPE", "dropout": None, "unk_token": "<unk>", "continuing_subword_prefix": None, "end_of_word_suffix": None,
                  "fuse_unk": True, "byte_fallback": True, "ignore_merges": False, "vocab": vocab, "merges": merges},
    }


CONFIG = {"tokenizer_class": "GemmaTokenizer", "bos_token": "<bos>", "eos_token": "<eos>", "pad_token": "<pad>", "unk_token": "<unk>", "mask_token": "<mask>",
          "image_token": "<|image|>", "boi_token": "<|image>", "eoi_token": "<image|>", "audio_token": "<|audio|>", "boa_token": "<|audio>", "eoa_token": "<audio|>",
          "sot_token": "<|turn>", "eot_token": "<turn|>", "soc_token": "<|channel>", "eoc_token": "<channel|>", "stc_token": "<|tool_call>", "etc_token": "<tool_call|>",
          "std_token": "<|tool>", "etd_token": "<tool|>", "str_token": "<|tool_response>", "etr_token": "<tool_response|>", "think_token": "<|think|>",
          "escape_token": "<|\"|>", "extra_special_tokens": ["<|video|>"], "padding_side": "left", "processor_class": "Gemma4Processor", "backend": "tokenizers"}


def letter_pieces(path):
    """The learnt pieces of letters in a tokenizer.json, for tools.PIECES."""
    with open(path, encoding="utf-8") as f:
        vocab = json.load(f)["model"]["vocab"]
    return [t for t, i in vocab.items() if i >= 494 and t.isalpha() and t.isascii()]


def main():
    out, size = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1920
    os.makedirs(out, exist_ok=True)
    data = build(size, count_words())
    for name, content, indent in (("tokenizer.json", data, 0), ("tokenizer_config.json", CONFIG, 1)):
        with open(os.path.join(out, name), "w", encoding="utf-8") as f:
            json.dump(content, f, ensure_ascii=False, indent=indent)
            f.write("\n")
    words = data["model"]["vocab"]
    print("%d tokens, of them %d pieces of letters, %d whole words, %d reserved" % (len(words), len(letter_pieces(os.path.join(out, "tokenizer.json"))),
          sum(t[0] == SPACE and t[1:].isalpha() for t in words if t), sum(t.startswith("<reserved") for t in words)))


if __name__ == "__main__":
    main()

# export.py: a trained model as a folder in the form of the published ones.
#
# SPDX-License-Identifier: GPL-3.0-or-later
import copy
import os
import shutil

import torch

import model as M

NAME = {"name": "Demonstration model"}


def write_folder(folder, m, conf, tok):
    """m: the model with bf16 parameters and finite clip ranges; it is not changed."""
    os.makedirs(folder, exist_ok=True)
    copy.deepcopy(m).cpu().to(torch.bfloat16).save_pretrained(folder)
    M.write(os.path.join(folder, "config.json"), conf)
    M.write(os.path.join(folder, "generation_config.json"), M.GENERATION)
    M.write(os.path.join(folder, "processor_config.json"), M.PROCESSOR)
    M.write(os.path.join(folder, "facet.json"), NAME)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(os.path.join(tok, name), folder)


@torch.no_grad()
def export(trainer, folder):
    """Clip ranges from some batches of each kind, then the folder; says how far our forward is from the library's."""
    def run():
        for kind in ("audio", "long", "img70", "img280") * 6:
            trainer.losses(trainer.batch(kind))
    n = M.calibrate_clips(trainer.m, run)
    write_folder(folder, trainer.m, trainer.conf, trainer.opt.tok)
    print("clip ranges of %d projections; %d bytes" % (n, os.path.getsize(os.path.join(folder, "model.safetensors"))), flush=True)

"""Fits the weights of the model that answers from its context. train.ts calls it and feeds it batches, one JSON object a line.

Needs PyTorch 2 (made with 2.13 on the CPU). The model is transformers' LlamaForCausalLM, with its names and its half-rotated
rotary positions; matrices are fitted by Muon (Jordan et al. 2024), embeddings and norms by Adam.
"""
import argparse
import ctypes
import json
import math
import os
import struct
import sys
import time

import torch
import torch.nn.functional as F

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, required=True)
parser.add_argument("--out", required=True)
parser.add_argument("--resume", help="a state.pt of an earlier run with the same data")
args = parser.parse_args()

torch.manual_seed(42)
config = json.load(open(os.path.join(args.out, "config.json")))
HIDDEN, HEADS, SIZE = config["hidden_size"], config["num_attention_heads"], config["head_dim"]
LAYERS = config["num_hidden_layers"]
EPSILON = config["rms_norm_eps"]
# Weight of the loss on the context's own tokens: repeated names teach to copy before any answer is right.
CONTEXT_WEIGHT = 0.1


def matrix(out, inner):
    return torch.nn.Parameter(torch.randn(out, inner) / math.sqrt(inner) * 0.7)


weights = {"model.embed_tokens.weight": torch.nn.Parameter(torch.randn(config["vocab_size"], HIDDEN) * 0.05)}
for i in range(LAYERS):
    layer = f"model.layers.{i}."
    for name in "qkv":
        weights[f"{layer}self_attn.{name}_proj.weight"] = matrix(HEADS * SIZE, HIDDEN)
    weights[f"{layer}self_attn.o_proj.weight"] = matrix(HIDDEN, HEADS * SIZE)
    for name in ("gate", "up"):
        weights[f"{layer}mlp.{name}_proj.weight"] = matrix(config["intermediate_size"], HIDDEN)
    weights[f"{layer}mlp.down_proj.weight"] = matrix(HIDDEN, config["intermediate_size"])
    for name in ("input", "post_attention"):
        weights[f"{layer}{name}_layernorm.weight"] = torch.nn.Parameter(torch.ones(HIDDEN))
weights["model.norm.weight"] = torch.nn.Parameter(torch.ones(HIDDEN))

frequencies = config["rope_theta"] ** -(torch.arange(0, SIZE, 2) / SIZE)


def norm(x, name):
    return F.rms_norm(x, (HIDDEN,), weights[name], EPSILON)


def rotate(x, cos, sin):
    """Half-rotated rotary positions. x: [rows, heads, length, size]"""
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


# Heads that are shown where to look, by layer: at the token before, at an object's subject, at what answers or is counted.
GUIDED = {0: ["before"], 1: ["before"], 2: ["bind"], 3: ["look", "count"]}
GUIDE_WEIGHT = 0.2


def forward(tokens, positions, mask, guide=None):
    """tokens, positions: [rows, length]; mask: [rows, 1, length, length], True where a key is seen. Gives [rows, length, hidden]

    guide: called with the name and the log-probabilities [rows, length, length] of each guided head.
    """
    rows, length = tokens.shape
    angles = positions[:, None, :, None] * frequencies
    cos, sin = angles.cos().bfloat16(), angles.sin().bfloat16()
    x = weights["model.embed_tokens.weight"][tokens]
    for i in range(LAYERS):
        layer = f"model.layers.{i}."
        h = norm(x, f"{layer}input_layernorm.weight")
        q, k, v = (
            F.linear(h, weights[f"{layer}self_attn.{name}_proj.weight"]).view(rows, length, HEADS, SIZE).transpose(1, 2)
            for name in "qkv"
        )
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        for head, name in enumerate(GUIDED.get(i, []) if guide else []):
            scores = (q[:, head] @ k[:, head].transpose(1, 2)).float() / math.sqrt(SIZE)
            guide(name, scores.masked_fill(~mask[:, 0], -1e4).log_softmax(-1))
        h = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + F.linear(h.transpose(1, 2).reshape(rows, length, -1), weights[f"{layer}self_attn.o_proj.weight"])
        h = norm(x, f"{layer}post_attention_layernorm.weight")
        h = F.silu(F.linear(h, weights[f"{layer}mlp.gate_proj.weight"])) * F.linear(h, weights[f"{layer}mlp.up_proj.weight"])
        x = x + F.linear(h, weights[f"{layer}mlp.down_proj.weight"])
    return norm(x, "model.norm.weight")


def pack(batch):
    """Rows of ids: the context, then each question with its answer as if it stood right behind the context."""
    rows = []
    for row in batch["rows"]:
        prefix = row["prefix"]
        n = len(prefix)
        # token, position, block (0: context), kind of a token that is to be predicted (-1: context, -2: not at all), question
        entries = [(t, i, 0, -1 if i > 0 else -2, -1) for i, t in enumerate(prefix)]
        for b, block in enumerate(row["blocks"]):
            entries += [
                (t, n + i, b + 1, block["kind"] if i >= block["answer"] else -2, b) for i, t in enumerate(block["ids"])
            ]
        rows.append(entries)
    length = max(map(len, rows))
    padded = [entries + [(0, 0, -1, -2, -1)] * (length - len(entries)) for entries in rows]
    tokens, positions, blocks, kinds, questions = torch.tensor(padded).unbind(-1)
    order = torch.arange(length)
    seen = (order[:, None] >= order[None, :]) & (
        (blocks[:, None, :] == 0) | (blocks[:, None, :] == blocks[:, :, None])
    )
    return tokens, positions, seen[:, None], kinds, questions


def guides_of(batch):
    """By head: rows, queries, keys and weights of what it is to look at. [4][looks]"""
    found = {}
    for r, row in enumerate(batch["rows"]):
        n = len(row["prefix"])
        starts = []
        for block in row["blocks"]:
            starts.append(n)
            n += len(block["ids"])
        for guide in row["guides"]:
            start = 0 if guide["block"] is None else starts[guide["block"]]
            keys_from = start if guide["head"] == "bind" else 0
            looks = found.setdefault(guide["head"], [])
            looks += [(r, start + guide["query"], keys_from + k, 1 / len(guide["keys"])) for k in guide["keys"]]
        found.setdefault("before", []).extend((r, i, i - 1, 1) for i in range(1, len(row["prefix"])))
    return {name: [torch.tensor(column) for column in zip(*looks)] for name, looks in found.items()}


def predictions(batch, guide=None):
    """Hidden rows before each token to predict (in its own block, the first of which follows the context), the tokens, their kinds."""
    tokens, positions, seen, kinds, questions = pack(batch)
    with torch.autocast("cpu", torch.bfloat16):
        hidden = forward(tokens, positions, seen, guide)
    wanted = kinds[:, 1:] >= -1
    rows = torch.arange(tokens.shape[0])[:, None].expand_as(wanted)[wanted]
    logits = hidden[:, :-1][wanted] @ weights["model.embed_tokens.weight"].T
    return logits, tokens[:, 1:][wanted], kinds[:, 1:][wanted], rows * 1000 + questions[:, 1:][wanted]


def loss_of(batch):
    looks = guides_of(batch)
    guided = []

    def guide(name, log_probabilities):
        if name in looks:
            rows, queries, keys, shares = looks[name]
            guided.append(-(log_probabilities[rows, queries, keys] * shares).sum() / shares.sum())

    logits, tokens, kinds, _ = predictions(batch, guide)
    losses = F.cross_entropy(logits, tokens, reduction="none")
    answers = losses[kinds >= 0].mean()
    context = losses[kinds < 0]
    total = answers + GUIDE_WEIGHT * sum(guided)
    return total + (CONTEXT_WEIGHT * context.mean() if len(context) else 0), answers, guided


@torch.no_grad()
def evaluate(test):
    """Share of answers, by kind, each of whose tokens is the most probable after those before it."""
    right, count = {}, {}
    for batch in test["batches"]:
        logits, tokens, kinds, questions = predictions(batch)
        hit = logits.argmax(-1) == tokens
        for kind in range(len(test["kinds"])):
            for question in questions[kinds == kind].unique():
                own = (questions == question) & (kinds == kind)
                count[kind] = count.get(kind, 0) + 1
                right[kind] = right.get(kind, 0) + int(hit[own].all())
    return {name: round(100 * right.get(k, 0) / max(1, count.get(k, 0)), 1) for k, name in enumerate(test["kinds"])}


def orthogonal(g):
    """Newton-Schulz iterations towards the nearest orthogonal matrix; the coefficients are Muon's."""
    flip = g.shape[0] > g.shape[1]
    x = g.T if flip else g
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x.T if flip else x


matrices = [name for name in weights if "proj" in name]
others = [weights[name] for name in weights if "proj" not in name]
momentum = {name: torch.zeros_like(weights[name]) for name in matrices}
adam = torch.optim.Adam(others, lr=1.0, betas=(0.9, 0.98))


def rate(step):
    """Warm-up, a plateau, and a linear descent over the last third."""
    return min(1, (step + 1) / 100) * min(1, (args.steps - step) / (args.steps / 3))


def update(step):
    scale = rate(step)
    for group in adam.param_groups:
        group["lr"] = 3e-3 * scale
    adam.step()
    for name in matrices:
        w, g, m = weights[name], weights[name].grad, momentum[name]
        m.mul_(0.95).add_(g)
        step_of = orthogonal(g + 0.95 * m) * max(1, w.shape[0] / w.shape[1]) ** 0.5
        w.data.mul_(1 - 0.02 * 0.01 * scale).add_(step_of, alpha=-0.02 * scale)
    for w in weights.values():
        w.grad = None


def save():
    """The weights in float16, as safetensors."""
    header, parts, offset = {"__metadata__": {"format": "pt"}}, [], 0
    for name in sorted(weights):
        half = weights[name].detach().half().contiguous()
        data = ctypes.string_at(half.data_ptr(), half.nbytes)
        header[name] = {"dtype": "F16", "shape": list(half.shape), "data_offsets": [offset, offset + len(data)]}
        parts.append(data)
        offset += len(data)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(os.path.join(args.out, "model.safetensors"), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + b"".join(parts))


test = json.loads(sys.stdin.readline())
first = 0
if args.resume:
    state = torch.load(args.resume)
    first = state["step"]
    for name in weights:
        weights[name].data.copy_(state["weights"][name])
    momentum = state["momentum"]
    adam.load_state_dict(state["adam"])
started = time.time()
average = None
for step in range(args.steps):
    line = sys.stdin.readline()
    if step < first:
        continue
    loss, answers, guided = loss_of(json.loads(line))
    loss.backward()
    update(step)
    average = answers.item() if average is None else 0.98 * average + 0.02 * answers.item()
    if (step + 1) % 50 == 0:
        print(f"step {step + 1}: loss {average:.4f}, {(time.time() - started) / (step + 1 - first):.2f} s a step; "
              f"guided {' '.join(f'{one.item():.2f}' for one in guided)}", flush=True)
    if (step + 1) % 200 == 0 or step + 1 == args.steps:
        print(f"  right: {evaluate(test)}", flush=True)
    if (step + 1) % 100 == 0 or step + 1 == args.steps:
        save()
        state = {"step": step + 1, "weights": weights, "momentum": momentum, "adam": adam.state_dict()}
        torch.save(state, os.path.join(args.out, "state.pt"))

"""The network of a semiseq run in PyTorch: `model = load("weights.pt"); logits = model(padded, lengths)`.

`padded` is `[batch, time]` of tokens or `[batch, time, features]` of values, `lengths` `[batch]`. `model.about` says what the
outputs are (`labels`) and how sequences were prepared (`preprocessing`).
"""

import json

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class Network(nn.Module):
    def __init__(self, about):
        super().__init__()
        self.about, net = about, about["network"]
        tokens, self.pooling = net["tokens"], net["pooling"]
        self.embedding = nn.Embedding(tokens, net["input"]) if tokens else None
        options = {"nonlinearity": net["activation"]} if net["cell"] == "rnn" else {}
        cell = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[net["cell"]]
        self.encoder = cell(
            net["input"], net["hidden"], net["layers"], bidirectional=net["bidirectional"], batch_first=True, **options
        )
        width = net["hidden"] * (2 if net["bidirectional"] else 1)
        if self.pooling == "attention":
            self.attention, self.score = nn.Linear(width, width), nn.Linear(width, 1, bias=False)
        self.head = nn.Linear(width, net["outputs"])

    def forward(self, padded, lengths):
        vectors = padded if self.embedding is None else self.embedding(padded)
        packed = pack_padded_sequence(vectors, lengths.cpu(), batch_first=True, enforce_sorted=False)
        steps, last = self.encoder(packed)
        steps, _ = pad_packed_sequence(steps, batch_first=True, total_length=padded.shape[1])
        last = last[0] if isinstance(last, tuple) else last
        real = (torch.arange(padded.shape[1], device=steps.device) < lengths.to(steps.device)[:, None])[:, :, None]
        if self.pooling == "last":
            steps = torch.cat(list(last[-2:] if self.encoder.bidirectional else last[-1:]), dim=1)
        elif self.pooling == "mean":
            steps = (steps * real).sum(1) / real.sum(1)
        elif self.pooling == "max":
            steps = steps.masked_fill(~real, float("-inf")).amax(1)
        elif self.pooling == "attention":
            scores = self.score(torch.tanh(self.attention(steps))).masked_fill(~real, float("-inf"))
            steps = (steps * scores.softmax(1)).sum(1)
        return self.head(steps)


def load(path="weights.pt"):
    saved = torch.load(path, map_location="cpu", weights_only=True)
    model = Network(json.loads(saved["about"]))
    model.load_state_dict(saved["state_dict"])
    return model.eval()


if __name__ == "__main__":
    print(load())

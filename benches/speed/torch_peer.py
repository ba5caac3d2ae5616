"""PyTorch's side of the benchmark: one pass for each line on standard input, its seconds on standard output.

A line is `CELL BATCH TIME INPUT HIDDEN DIRECTIONS PASS`, with PASS `forward` or `train`. The module of the last
line is kept, so that repeating a line measures the pass alone. `memory` as a first argument runs the one case
that follows on the command line, after a tiny one, and prints how far the process' peak grew, in bytes.

The environment says on how many threads (`SEMISEQ_THREADS`), and whether a card is to be used where there is one
(`SEMISEQ_DEVICE=gpu`).

`product SIZE` multiplies two square matrices of that size. `steps JSON` runs training steps of a config's stage instead, `JSON` holding the model, the stage and the shapes as in
the config, and prints the seconds of one. The batches are made beforehand. `served SIDE FILE BATCH TIME FEATURES CALLS`
runs an exported model, `torch` its module and `onnxruntime` its graph, and prints the seconds of each call.
"""

import copy
import importlib.util
import json
import os
import sys
import time

import torch

torch.set_num_threads(int(os.environ.get("SEMISEQ_THREADS", os.cpu_count())))
CARD = os.environ.get("SEMISEQ_DEVICE") == "gpu" and torch.cuda.is_available()
torch.set_default_device("cuda" if CARD else "cpu")


def wait():
    """A card goes on when the call is over."""
    if CARD:
        torch.cuda.synchronize()


def about():
    where = f"{torch.backends.cpu.get_cpu_capability()}, {torch.get_num_threads()} threads"
    if CARD:
        where = f"cuDNN {torch.backends.cudnn.version()} on {torch.cuda.get_device_name()}"
    return f"torch {torch.__version__}, {where}"


def case(cell, batch, steps, inputs, hidden, directions, mode):
    torch.manual_seed(0)
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell]
    module = kind(inputs, hidden, batch_first=True, bidirectional=directions == 2)
    data = torch.randn(batch, steps, inputs, requires_grad=mode == "train")

    def forward():
        with torch.no_grad():
            return module(data)[0].sum().item()

    def train():
        module.zero_grad(set_to_none=True)
        data.grad = None
        module(data)[0].sum().backward()

    return forward if mode == "forward" else train


def product(size):
    left, right = torch.rand(size, size), torch.rand(size, size)
    return lambda: left @ right


class Classifier(torch.nn.Module):
    def __init__(self, config, spec):
        super().__init__()
        ((kind, encoder),) = config["encoder"].items()
        embedding = config.get("embedding") or {}
        self.tokens = spec["features"] is None
        size = spec["features"]
        if self.tokens:
            size = embedding["size"]
            self.embedding = torch.nn.Embedding(spec["vocabulary"], size)
            self.embedding_dropout = torch.nn.Dropout(embedding.get("dropout", 0.0))
        cells = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}
        self.encoder = cells[kind](size, encoder["hidden"], batch_first=True)
        self.pooling = config["pooling"]
        self.width = encoder["hidden"]
        self.dropout = torch.nn.Dropout(config["dropout"])
        self.head = torch.nn.Linear(self.width, spec["classes"])

    def summary(self, data):
        if self.tokens:
            data = self.embedding_dropout(self.embedding(data))
        steps = self.encoder(data)[0]
        return steps.mean(1) if self.pooling == "mean" else steps[:, -1]

    def forward(self, data):
        return self.head(self.dropout(self.summary(data)))


class Decoder(torch.nn.Module):
    """An LSTM from the vector alone, or one softmax over the words."""

    def __init__(self, config, spec, width):
        super().__init__()
        self.words = config["decoder"] == "bag-of-words"
        if self.words:
            self.head = torch.nn.Linear(width, spec["vocabulary"])
            return
        self.hidden = config["hidden"]
        self.bridge = torch.nn.Linear(width, 2 * self.hidden)
        self.cell = torch.nn.LSTM(spec["features"], self.hidden, batch_first=True)
        self.head = torch.nn.Linear(self.hidden, spec["features"])

    def loss(self, summary, data):
        if self.words:
            return -self.head(summary).log_softmax(1).gather(1, data).mean()
        hidden, memory = self.bridge(summary).split(self.hidden, 1)
        state = (hidden.tanh().unsqueeze(0), memory.contiguous().unsqueeze(0))
        steps = self.cell(torch.zeros_like(data), state)[0]
        return torch.nn.functional.mse_loss(self.head(steps), data.flip(1))


def steps(spec, count=60):
    torch.manual_seed(0)
    ((_, config),) = spec["model"].items()
    stage = spec["stage"]
    ((objective, settings),) = stage["objective"].items()
    model = Classifier(config, spec)
    shape = lambda size: (size, spec["time"])

    def batch(size):
        if model.tokens:
            return torch.randint(spec["vocabulary"], shape(size))
        return torch.rand(*shape(size), spec["features"])

    size = stage["batch_size"]
    if objective == "autoencoder":
        decoder = Decoder(settings, spec, model.width)
        parameters = [*model.parameters(), *decoder.parameters()]
        data = batch(size)
        loss = lambda: decoder.loss(model.summary(data), data)
        after = lambda: None
    elif objective == "language-model":
        head = torch.nn.Linear(model.width, spec["vocabulary"])
        parameters = [*model.parameters(), *head.parameters()]
        data = batch(size)

        def loss():
            states = model.encoder(model.embedding_dropout(model.embedding(data)))[0]
            return torch.nn.functional.cross_entropy(head(states[:, :-1]).flatten(0, 1), data[:, 1:].flatten())

        after = lambda: None
    elif objective == "mean-teacher":
        teacher = copy.deepcopy(model).requires_grad_(False)
        parameters = list(model.parameters())
        labelled, others = batch(size), batch(size * stage["unlabeled_ratio"])
        targets = torch.randint(spec["classes"], (size,))

        def loss():
            total = 0.0
            for index, data in enumerate((labelled, others)):
                logits = model(data)
                with torch.no_grad():
                    taught = teacher(data).softmax(1)
                if index == 0:
                    total = torch.nn.functional.cross_entropy(logits, targets)
                total = total + settings["weight"] * torch.nn.functional.mse_loss(logits.softmax(1), taught)
            return total

        def after():
            with torch.no_grad():
                for old, new in zip(teacher.parameters(), model.parameters()):
                    old.lerp_(new, 1.0 - settings["ema_decay"])

    else:
        raise ValueError(f"no PyTorch side for {objective}")
    ((_, adam),) = stage["optimizer"].items()
    optimizer = torch.optim.Adam(parameters, lr=adam["lr"])
    for step in range(count + 10):
        if step == 10:
            wait()
            began = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        torch.nn.utils.clip_grad_norm_(parameters, adam["grad_clip_norm"])
        optimizer.step()
        after()
    wait()
    return (time.perf_counter() - began) / count


def served(side, path, batch, steps, features):
    """One call of an exported model on whole sequences."""
    data, lengths = torch.rand(batch, steps, features), torch.full((batch,), steps)
    if side == "torch":
        spec = importlib.util.spec_from_file_location("served", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        model = module.load(os.path.splitext(path)[0] + ".pt")

        def call():
            with torch.inference_mode():
                return model(data, lengths)

        return call
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    feed = {"values": data.numpy(), "lengths": lengths.numpy()}
    return lambda: session.run(["logits"], feed)


def parse(fields):
    return (fields[0], *(int(field) for field in fields[1:6]), fields[6])


def status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if sys.argv[1:2] == ["memory"]:
    shape = parse(sys.argv[2:])
    case(shape[0], 2, 2, 4, 4, 1, shape[6])()
    before = status("VmRSS")
    run = case(*shape)
    run()
    run()
    print(status("VmHWM") - before)
    sys.exit()

print(about(), flush=True)
last, run = None, None
for line in sys.stdin:
    if line.startswith("steps "):
        print(steps(json.loads(line[6:])), flush=True)
        continue
    fields = line.split()
    if fields[0] == "served":
        if line != last:
            last, run = line, served(*fields[1:3], *(int(field) for field in fields[3:6]))
        seconds = []
        for _ in range(int(fields[6])):
            began = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - began)
        print(*seconds, flush=True)
        continue
    if line != last:
        last, run = line, product(int(fields[1])) if fields[0] == "product" else case(*parse(fields))
    began = time.perf_counter()
    run()
    wait()
    print(time.perf_counter() - began, flush=True)

"""PyTorch's side of the benchmark: one pass for each line on standard input, its seconds on standard output.

A line is `CELL BATCH TIME INPUT HIDDEN DIRECTIONS PASS`, with PASS `forward` or `train`. The module of the last
line is kept, so that repeating a line measures the pass alone. `memory` as a first argument runs the one case
that follows on the command line and prints how far the process' peak grew, in bytes.
"""

import os
import sys
import time

import torch

torch.set_num_threads(int(os.environ.get("SEMISEQ_THREADS", os.cpu_count())))


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


def parse(fields):
    return (fields[0], *(int(field) for field in fields[1:6]), fields[6])


def status(name):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if sys.argv[1:2] == ["memory"]:
    torch.nn.LSTM(4, 4)(torch.randn(2, 2, 4))[0].sum().backward()
    before = status("VmRSS")
    run = case(*parse(sys.argv[2:]))
    run()
    run()
    print(status("VmHWM") - before)
    sys.exit()

print(f"torch {torch.__version__}, {torch.get_num_threads()} threads", flush=True)
last, run = None, None
for line in sys.stdin:
    if line != last:
        last, run = line, case(*parse(line.split()))
    began = time.perf_counter()
    run()
    print(time.perf_counter() - began, flush=True)

#!/usr/bin/env bash
# What a card does: the conformance tests of the kernels, the benchmark beside PyTorch (cuDNN), and a whole run, on cuda and
# on wgpu, in twelve minutes at most. OUT gets a log of each.
#
#     benches/card.sh OUT [FOLDER]
#
# FOLDER holds `semiseq`, `speed` (the benchmark) and `it` (the tests of semiseq-kernels), built elsewhere with
# `--features flex,wgpu,cuda`; without it they are built here. PYTHON names an interpreter that has PyTorch (python3). The
# binaries find configs where the repository stood when they were built.
set -uo pipefail
cd "$(dirname "$0")/.."
out=$(mkdir -p "${1:?usage: benches/card.sh OUT [FOLDER]}" && cd "$1" && pwd)
built=${2:-}
python=${PYTHON:-python3}
# A card of NVIDIA's, where the loader finds none by itself.
driver=${VK_DRIVER_FILES:-$(ls /usr/local/nvidia/share/vulkan/icd.d/*.json 2>/dev/null | head -1)}
[ -z "$driver" ] || export VK_DRIVER_FILES=$driver
export CUDA_PATH=${CUDA_PATH:-/usr/local/cuda}
export LD_LIBRARY_PATH=$CUDA_PATH/lib64${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export SEMISEQ_TEST_CUDA=1

if [ -z "$built" ]; then
    features=semiseq/flex,semiseq/wgpu,semiseq/cuda
    built=$out/built
    mkdir -p "$built"
    cargo build --release -p semiseq -p semiseq-kernels --features "$features" --bin semiseq --bench speed --test it \
        --message-format json | "$python" -c "
import json, shutil, sys
for line in sys.stdin:
    made = json.loads(line)
    file, name = made.get('executable'), made.get('target', {}).get('name')
    if file and (name != 'it' or 'crates/kernels' in made['manifest_path']):
        shutil.copy(file, sys.argv[1] + '/' + name)
" "$built" || exit 1
fi

# NAME SECONDS COMMAND…: runs it, tells how it ended, keeps what it said.
part() {
    local name=$1 limit=$2 began=$SECONDS status
    shift 2
    timeout "$limit" "$@" >"$out/$name.log" 2>&1
    status=$?
    echo "$name: exit $status, $((SECONDS - began)) s"
}

(command -v nvidia-smi && nvidia-smi -L; lscpu | grep 'Model name') 2>/dev/null | tee "$out/machine.log"
(cd crates/kernels && part conformance 90 "$built/it" --test-threads 2 conformance kernels_)
for cell in lstm gru rnn stage; do
    part "cuda-$cell" 90 "$built/speed" --bench --backend cuda --quick --without-burn --filter "$cell" --torch "$python"
done
part wgpu-lstm 60 "$built/speed" --bench --backend wgpu --quick --without-burn --filter "lstm" --torch "$python"
part cuda-burn 40 "$built/speed" --bench --backend cuda --quick --filter "lstm [32, 100, 64, 128] one" --torch "$python"
for backend in cuda wgpu flex; do
    part "run-$backend" 60 "$built/semiseq" train configs/quickstart.toml --no-tui --force --backend "$backend" \
        --out "$out/run-$backend"
done
grep -hE '^\| (lstm|gru|rnn|quickstart|ag-news|mnist)' "$out"/*.log

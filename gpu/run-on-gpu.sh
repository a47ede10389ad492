#!/usr/bin/env bash
# One scripted run on a machine with an NVIDIA card, into one Markdown file, which grows as it goes: whether the kernels
# are right (each once, logits and gradients of the oracle folders, then under compute-sanitizer), how fast training,
# decoding and the kernels are beside PyTorch's, and then everything else: the backend contract, training beside the
# CPU's, decoding.
#
#   gpu/run-on-gpu.sh pack                here, after `mvn package`: jars, oracle folders and a small JRE into
#                                         .gpu.tar.gz, which the other machine needs beside this folder's scripts, and
#                                         nothing else
#   gpu/run-on-gpu.sh run [FOLDER [SECONDS [STEPS]]]
#                                         there: results into FOLDER (default bench/results), within SECONDS (default
#                                         540); STEPS is an expression for names of steps, such as '^right' or
#                                         'speed: training|memcheck'
#   gpu/run-on-gpu.sh rehearse [FOLDER]   here: the same on the emulated card, at small sizes, and of the tests, which
#                                         are run here anyway, only the shortest; .ci/run does it
#
# What is worth most comes first: `right` takes at most four minutes. Where no card is found, nothing else is run. A
# step has a limit of its own, and what is left of all seconds; one that fails, or for which no time is left, is
# reported and does not end the run. The report has the end of each step's output, a .log beside it all of it; that of
# a step that the machine's own end cuts off lies in FOLDER/step.log, and what a JVM that crashed says of itself in
# crash-*.log. The exit code is 0 only where every step was good. A card that is lent for 15 minutes, its start
# included, has time for one `run` and for a shorter one with some STEPS, such as '^more'.
set -uo pipefail
cd "$(dirname "$0")/.."
packed=.gpu

# The folder of a JDK 25: JAVA_HOME, that of javac, or the first of the usual ones.
jdk() {
    local folder
    for folder in "${JAVA_HOME:-}" "$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")" /usr/lib/jvm/*; do
        if grep -qs '^JAVA_VERSION="25' "$folder/release" && [ -x "$folder/bin/jlink" ]; then
            echo "$folder"
            return
        fi
    done
    echo "pack: no JDK 25 found; set JAVA_HOME to one" >&2
    return 1
}

pack() {
    set -e
    rm -rf "$packed"
    mkdir -p "$packed/lib"
    local java_home
    java_home=$(jdk)
    "$java_home/bin/jlink" --add-modules java.logging,java.xml,java.management,jdk.incubator.vector,jdk.unsupported \
        --strip-debug --strip-native-commands --no-header-files --no-man-pages --compress zip-9 \
        --output "$packed/jre.part" > /dev/null
    mkdir -p "$packed/jre.part/bin"
    cp "$java_home/bin/java" "$packed/jre.part/bin/"
    mv "$packed/jre.part" "$packed/jre"
    cp flowrl/target/flowrl.jar "$packed/lib/"
    local module
    for module in tensor transformer gpu flowrl; do
        "$java_home/bin/jar" cf "$packed/lib/$module-tests.jar" -C "$module/target/test-classes" .
    done
    # JUnit's console and AssertJ: the files that LIBRARIES names, or Maven's.
    if [ -n "${LIBRARIES:-}" ]; then
        # shellcheck disable=SC2086 # a list of files
        cp $LIBRARIES "$packed/lib/"
    else
        local artifact
        for artifact in org.junit.platform:junit-platform-console-standalone:6.1.3 org.assertj:assertj-core:3.27.7; do
            mvn -q dependency:copy "-Dartifact=$artifact" "-DoutputDirectory=$PWD/$packed/lib"
        done
    fi
    # Beside the project, or where FLOWRL_SHARED says; without them the step that needs them skips its tests.
    local oracles=${FLOWRL_SHARED:-../shared}/data/oracle
    mkdir -p "$packed/shared/data"
    [ ! -d "$oracles" ] || cp -r "$oracles" "$packed/shared/data/"
    # One small file to carry.
    tar -C "$packed" -czf "$packed.tar.gz" jre lib shared
    rm -rf "$packed"
    du -h "$packed.tar.gz"
}

unpack() {
    rm -rf "$packed"
    mkdir -p "$packed"
    tar -C "$packed" -xzf "$packed.tar.gz"
}

# step NAME SECONDS COMMAND...: runs a program or one of the functions below in a shell of its own, which timeout can
# end, and shows the end of its output in the report.
failures=0
step() {
    local name=$1 seconds=$2
    shift 2
    [[ $name =~ $steps ]] || return
    local left=$((deadline - SECONDS))
    seconds=$((seconds < left ? seconds : left))
    echo "== $name" >&2
    printf '\n## %s\n\n' "$name" >> "$report"
    if [ $seconds -lt $least_seconds ]; then
        echo "not run: no time was left" | tee -a "$report" >&2
        failures=$((failures + 1))
        return
    fi
    local started=$SECONDS code
    timeout -k 5 "$seconds" bash -c "set -uo pipefail; $(declare -p java real packed); $(declare -f); \"\$@\"" "$name" \
        "$@" > "$log" 2>&1
    code=$?
    { echo "== $name, exit code $code"; cat "$log"; } >> "${report%.md}.log"
    # Which test began and ended tells something where one did not end.
    local passed=':: (STARTED|SUCCESSFUL)$'
    [ $code -lt 124 ] || passed='^$'
    { echo '```'; grep -vE "$passed" "$log" | tail -n 120; } >> "$report"
    printf '```\nexit code %d, %d of %d seconds\n' "$code" $((SECONDS - started)) "$seconds" >> "$report"
    [ $code -eq 0 ] || { failures=$((failures + 1)); echo "   exit code $code" >&2; }
}

java_command() {
    echo "${JAVA:-$packed/jre/bin/java}" --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED \
        "${flags[@]}" -cp "$class_path"
}

# tests CLASS...: of the gpu module, each class in a JVM of its own, since a kernel that reads where it must not ends
# CUDA for its process. Each test is named as it begins: the last one is the one that never ends.
tests() {
    local class code=0
    for class in "$@"; do
        "${java[@]}" "-Dgpu.realCard=$real" org.junit.platform.console.ConsoleLauncher execute --disable-banner \
            --disable-ansi-colors --details=testfeed "--select-class=org.flowrl.gpu.$class" || code=$?
    done
    return $code
}

# The folder with cuBLAS where the loader does not know it and no toolkit has it: that of PyTorch's packages.
packaged_blas() {
    ldconfig -p | grep 'libcublas\.so\.1[23]' > /dev/null && return
    ls /usr/local/cuda/lib64/libcublas.so.1[23] > /dev/null 2>&1 && return
    python3 -c 'import site; print(*site.getsitepackages(), sep="\n")' 2> /dev/null | while read -r packages; do
        find "$packages/nvidia" -name 'libcublas.so.1[23]' -printf '%h\n' 2> /dev/null
    done | head -1
}

# Logits, gradients, three steps of AdamW and greedy continuations, at the bars of the CPU.
oracles() {
    "${java[@]}" -Dflowrl.backend=cuda:0 "-Dflowrl.shared=$packed/shared" \
        org.junit.platform.console.ConsoleLauncher execute --disable-banner --details=tree \
        --disable-ansi-colors --select-class=org.flowrl.transformer.QwenOracleTest
}

# One case of each kernel, and packed sequences through tensor cores with heads of 64 and of 128. Each block of memory
# is an allocation of its own: within a slab memcheck would see no access that leaves its block.
sanitized() {
    compute-sanitizer --tool "$1" --target-processes all --error-exitcode 9 "${java[@]}" "-Dgpu.realCard=$real" \
        -Dgpu.slabBytes=0 org.junit.platform.console.ConsoleLauncher execute --disable-banner --disable-ansi-colors \
        --details=testfeed \
        -c org.flowrl.gpu.SanitizerContractTest \
        -i 'method:org.flowrl.gpu.FlashAttentionTest#theOrderOfThreadsChangesNoBit(int, int, int, [I)[10,22]'
}

# Fails where there is no card.
inventory() {
    date -u +%Y-%m-%dT%H:%MZ
    nvidia-smi --query-gpu=name,memory.total,driver_version,clocks.max.sm,clocks.max.mem --format=csv || true
    ldconfig -p | grep -E 'libcuda\.|libcublas\.|libcublasLt\.|libnccl\.|libcudnn\.' || true
    # To import them takes longer than all of this.
    python3 -c 'from importlib.metadata import version
for name in "torch", "transformers": print(name, version(name))' 2> /dev/null || true
    local devices
    devices=$("${java[@]}" org.flowrl.cli.Main devices) || return
    echo "$devices"
    grep -q '^cuda:0 *available' <<< "$devices"
}

# Training beside the CPU: name and step, the card's value, the CPU's.
lattice() {
    local folder measured='^(warm-up|loss|policy/grad_norm|reward/mean|ratio/sampler)'
    folder=$(mktemp -d)
    local device
    for device in cuda:0 vector; do
        "${java[@]}" org.flowrl.rl.CardSteps "$device" "$folder/$device" > "$folder/out" || return
        grep -E "$measured" "$folder/out" | sed 's/ /#/' | sort > "$folder/$device.txt"
    done
    join -a 1 "$folder/cuda:0.txt" "$folder/vector.txt"
    rm -rf "$folder"
}

# The same samples through recorded steps and through steps that are asked for kernel by kernel: how many lines differ,
# which on a card they may, cuBLAS choosing its kernels by the number of rows.
decoding() {
    local folder
    folder=$(mktemp -d)
    "${java[@]}" org.flowrl.rl.CardCompletions > "$folder/recorded.txt" || return
    "${java[@]}" -Dgpu.graphs=off org.flowrl.rl.CardCompletions > "$folder/direct.txt" || return
    echo "$(wc -l < "$folder/recorded.txt") lines, $(diff --suppress-common-lines -y "$folder/recorded.txt" \
        "$folder/direct.txt" | wc -l) of them differ between recorded and direct steps"
    rm -rf "$folder"
}

run() {
    local folder=$1
    deadline=$((SECONDS + $2))
    steps=$3
    mkdir -p "$folder"
    unpack || exit 1
    # What a step has printed so far is kept where the machine is taken away in the middle of it.
    log=$folder/step.log
    export PATH=$PATH:/usr/local/cuda/bin
    local card
    card=$(nvidia-smi --query-gpu=name --format=csv,noheader 2> /dev/null | head -1 | tr -cs 'A-Za-z0-9\n' '-' |
        tr 'A-Z' 'a-z')
    report=$folder/gpu-$(date -u +%Y-%m-%d-%H%M)-${card:-emulated-card}.md
    flags+=("-XX:ErrorFile=$folder/crash-%p.log")
    class_path=$(printf '%s:' "$packed"/lib/*.jar)
    local blas
    blas=$(packaged_blas)
    if [ -n "$blas" ] && [ "$real" = true ]; then
        flags+=("-Dgpu.libraries=$blas")
        export LD_LIBRARY_PATH=$blas${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
    fi
    read -r -a java <<< "$(java_command)"
    echo "# A run of gpu/run-on-gpu.sh" > "$report"
    steps=. step "right: inventory" 20 inventory
    if [ $failures -gt 0 ]; then
        tail -n 12 "$report" >&2
        echo "no card: nothing else is run" | tee -a "$report" >&2
        return 1
    fi
    # shellcheck disable=SC2086 # lists of classes, and of sizes
    {
        step "right: each kernel" 70 tests $first
        step "right: oracles" 60 oracles
        if command -v compute-sanitizer > /dev/null; then
            step "right: memcheck" 50 sanitized memcheck
            step "right: racecheck" 40 sanitized racecheck
        fi
        step "speed: training" 80 "${java[@]}" org.flowrl.rl.CardTrainSpeed $sizes
        # Its first import can take as long as a step.
        local has_torch=false
        timeout 60 python3 -c 'import torch, transformers; torch.zeros(1).cuda()' 2> /dev/null && has_torch=true
        [ $has_torch = false ] || step "speed: PyTorch's training" 70 python3 gpu/peer_step.py
        step "speed: decoding" 45 "${java[@]}" org.flowrl.rl.CardDecodeSpeed $sizes
        step "speed: kernels" 90 "${java[@]}" org.flowrl.gpu.CardSpeeds $sizes
        [ $has_torch = false ] || step "speed: PyTorch's kernels" 45 python3 gpu/peer_speeds.py
        step "more: contract" 150 tests $contract
        step "more: lattice, card and CPU" 90 lattice
        step "more: decoding without graphs" 45 "${java[@]}" -Dgpu.graphs=off \
            org.flowrl.rl.CardDecodeSpeed $sizes
        step "more: decoding, recorded and direct" 60 decoding
        [ -z "$kernels" ] || step "more: kernels" 120 tests $kernels
    }
    rm -f "$log"
    echo "$report: $failures steps failed, $((deadline - SECONDS)) seconds left"
    [ $failures -eq 0 ]
}

flags=()
real=true
sizes=
least_seconds=10
first="SanitizerContractTest FusedKernelsTest PagedAttentionTest FlashPagedTest"
contract=FfmContractTest
kernels="RoundingContractTest JCudaContractTest FlashAttentionTest CudaHeadsTest CudaDrawsTest CudaRecorderTest"
case ${1:-} in
    pack) pack ;;
    run) run "${2:-bench/results}" "${3:-540}" "${4:-.}" ;;
    rehearse)
        libraries=$(ls -dt gpu/target/emulator/*/ | head -1)
        flags=("-Dgpu.libraries=$PWD/$libraries" "-Dgpu.slabBytes=0")
        sizes=small
        real=false
        first=PagedAttentionTest
        contract=CudaRecorderTest
        kernels=
        run "${2:-gpu/target}" 1800 .
        ;;
    *) sed -n '2,22p' "$0"; exit 2 ;;
esac

"""PyTorch's speeds for the pieces that CardSpeeds times, for run-on-gpu.sh where PyTorch is installed."""
import torch
import torch.nn.functional as F

WARM_UPS, RUNS = 3, 10


def milliseconds(work):
    for _ in range(WARM_UPS):
        work()
    times = []
    for _ in range(RUNS):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        work()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return sorted(times)[RUNS // 2]


def row(piece, unit, amount, work):
    time = milliseconds(work)
    print(f"| {piece} | {time:.3f} | {amount / time / 1e6:.1f} G{unit}/s | |", flush=True)


def main():
    print(f"PyTorch {torch.__version__}, {torch.cuda.get_device_name()}")
    print("| piece | milliseconds | rate | |\n|---|---|---|---|")
    x = torch.randn(128 << 20, device="cuda")
    y = torch.empty_like(x)
    row("copy", "B", 8 * x.numel(), lambda: y.copy_(x))
    for m, k, n in [(8192, 8192, 8192), (8192, 896, 4864), (8192, 4864, 896), (8192, 3584, 18944)]:
        a = torch.randn(m, k, device="cuda", dtype=torch.bfloat16)
        w = torch.randn(n, k, device="cuda", dtype=torch.bfloat16)
        row(f"linear BF16 {m} x {k} x {n}", "FLOP", 2 * m * k * n, lambda: F.linear(a, w))
    n, heads, groups, size = 4096, 16, 2, 128
    q = torch.randn(1, heads, n, size, device="cuda", dtype=torch.bfloat16, requires_grad=True)
    k, v = (torch.randn(1, groups, n, size, device="cuda", dtype=torch.bfloat16, requires_grad=True) for _ in range(2))
    attend = lambda: F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
    operations = 4 * n * n * heads * size / 2
    row("attention forward, 4096 tokens", "FLOP", operations, attend)
    out = attend()
    dout = torch.randn_like(out)
    row("attention backward, 4096 tokens", "FLOP", 2.5 * operations, lambda: out.backward(dout, retain_graph=True))


main()

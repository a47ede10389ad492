"""PyTorch's training step beside CardTrainSpeed's, for run-on-gpu.sh where PyTorch and transformers are installed: the
same shape, tokens and precision, eager, with scaled_dot_product_attention."""
import os
import time

# By a count of its activations it needs most of 80 GB: none of that may lie idle between blocks.
os.environ.setdefault("PYTORCH_CUDA_ALLOC_CONF", "expandable_segments:True")

import torch
import torch.nn.functional as F
from transformers import Qwen2Config, Qwen2ForCausalLM

WARM_UPS, STEPS = 2, 5
SEQUENCES, LENGTH, WORDS = 8, 1024, 151936


def main():
    torch.manual_seed(1)
    config = Qwen2Config(vocab_size=WORDS, hidden_size=1536, intermediate_size=8960, num_hidden_layers=28,
                         num_attention_heads=12, num_key_value_heads=2, tie_word_embeddings=True, use_cache=False,
                         attn_implementation="sdpa")
    with torch.device("cuda"):
        model = Qwen2ForCausalLM(config).float()
    adam = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.0, fused=True)
    tokens = torch.randint(WORDS, (SEQUENCES, LENGTH), device="cuda")
    targets = torch.randint(WORDS, (SEQUENCES * LENGTH,), device="cuda")
    times = []
    for step in range(-WARM_UPS, STEPS):
        start = time.perf_counter()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            logits = model(tokens).logits.flatten(0, 1)
        loss = F.cross_entropy(logits, targets)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad()
        print(f"step {step}: loss {loss.item():.4f}", flush=True)
        if step >= 0:
            times.append(time.perf_counter() - start)
    median = sorted(times)[STEPS // 2]
    count = SEQUENCES * LENGTH
    matrices = sum(p.numel() for p in model.parameters() if p.dim() == 2)
    operations = 6 * count * matrices + 7 * count * LENGTH * 1536 * 28
    print(f"PyTorch {torch.__version__}, eager, SDPA, autocast to BF16: training step of {count} tokens: "
          f"{1e3 * median:.1f} ms, {count / median:,.0f} tokens/s, {operations / median * 1e-12:.1f} TFLOP/s, "
          f"{100 * operations / median / 990e12:.1f} % of 990; {torch.cuda.max_memory_allocated() * 1e-9:.1f} GB")


main()

// Runs CUDA kernels on the CPU, for tests: one fiber for each thread of a block, blocks one after the other.
//
// A thread runs until it waits at a barrier of its block or warp (shuffles are barriers of the warp), so that a missing
// barrier shows in what other threads read; the order of threads is chosen by the launch. Shared memory is filled with
// bytes that read as NaN, and begins where its type may begin and no wider one may. A thread that reads or writes at an
// address that is not a multiple of the type's size, takes what a lane that has ended did not give, or meets other
// threads of its warp at another place than theirs, fails the launch. Not seen: races between threads that both passed
// a barrier in order, bank conflicts, and the card's own rounding of library functions.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

struct Index3 {
    unsigned x, y, z;
};

namespace emulator {

constexpr int WARP = 32;
constexpr size_t STACK_BYTES = 64 << 10;

enum State { RUNNING, AT_BLOCK_BARRIER, AT_WARP_BARRIER, DONE };

// Bytes that are on their way into shared memory, zeros where `from` is null.
struct Copy {
    const void* from;
    void* to;
    size_t bytes;
};

struct Fiber {
    void* stackPointer;
    Index3 thread;
    int lane, warp;
    State state;
    unsigned exchanges;
    // Where it waits for its warp.
    int place;
    std::vector<Copy> copies;
};

// A lane's operands of a product on tensor cores.
struct Operands {
    uint32_t a[4], b[2];
};

struct Warp {
    uint64_t slots[2][WARP];
    // Which exchange a lane has given to last, counted from 1.
    unsigned given[2][WARP];
    Operands operands[2][WARP];
    int waiting, alive;
};

struct Block {
    std::vector<Fiber> fibers;
    std::vector<Warp> warps;
    // Address of the declaring static, memory.
    std::vector<std::pair<const void*, char*>> shared;
    size_t sharedBytes;
    std::vector<char> dynamicShared;
    std::function<void()> body;
    void* scheduler;
    Index3 block, blockSize, gridSize;
    int waiting, alive;
    // What a thread did that a card refuses or is slow at, or null.
    const char* mistake;
};

inline Block* block;
inline Fiber* fiber;

// Notes the first mistake of a block.
inline void mistaken(const char* what) {
    if (block && !block->mistake) {
        block->mistake = what;
    }
}

extern "C" void emulatorSwitch(void** from, void* to);
// Saves the callee's registers on one stack and restores them from another (System V x86-64).
asm(R"(
.text
.weak emulatorSwitch
.type emulatorSwitch,@function
emulatorSwitch:
 push %rbp
 push %rbx
 push %r12
 push %r13
 push %r14
 push %r15
 mov %rsp,(%rdi)
 mov %rsi,%rsp
 pop %r15
 pop %r14
 pop %r13
 pop %r12
 pop %rbx
 pop %rbp
 ret
.size emulatorSwitch,.-emulatorSwitch
)");

inline void pause() {
    emulatorSwitch(&fiber->stackPointer, block->scheduler);
}

[[noreturn]] inline void endFiber() {
    fiber->state = DONE;
    block->alive--;
    block->warps[fiber->warp].alive--;
    pause();
    abort();
}

inline void fiberMain() {
    block->body();
    endFiber();
}

inline void blockBarrier() {
    fiber->state = AT_BLOCK_BARRIER;
    block->waiting++;
    pause();
}

// @param place of the call in the source
inline void warpBarrier(int place) {
    fiber->state = AT_WARP_BARRIER;
    fiber->place = place;
    block->warps[fiber->warp].waiting++;
    pause();
}

// Every lane gives a value and takes that of another lane. Two sets of slots: nobody can be two exchanges ahead.
template <class T> inline T exchange(T value, int source, int place) {
    static_assert(sizeof(T) <= sizeof(uint64_t), "at most 64 bits are exchanged");
    Warp& warp = block->warps[fiber->warp];
    int set = fiber->exchanges++ & 1;
    uint64_t* slots = warp.slots[set];
    unsigned exchange = fiber->exchanges;
    memcpy(&slots[fiber->lane], &value, sizeof value);
    warp.given[set][fiber->lane] = exchange;
    warpBarrier(place);
    if (warp.given[set][source & (WARP - 1)] != exchange) {
        mistaken("a lane takes what one that has ended did not give");
    }
    T result;
    memcpy(&result, &slots[source & (WARP - 1)], sizeof result);
    return result;
}

inline unsigned ballot(bool vote, int place) {
    Warp& warp = block->warps[fiber->warp];
    uint64_t* slots = warp.slots[fiber->exchanges++ & 1];
    slots[fiber->lane] = vote;
    warpBarrier(place);
    unsigned votes = 0;
    for (int lane = 0; lane < WARP; lane++) {
        votes |= (unsigned)(slots[lane] & 1) << lane;
    }
    return votes;
}

// @param alignment of the type
inline void* shared(const void* declaration, size_t bytes, size_t alignment) {
    for (auto& entry : block->shared) {
        if (entry.first == declaration) {
            return entry.second + alignment;
        }
    }
    char* memory = (char*)aligned_alloc(64, (alignment + bytes + 63) / 64 * 64);
    memset(memory, 0xff, alignment + bytes);
    block->shared.emplace_back(declaration, memory);
    block->sharedBytes += bytes;
    return memory + alignment;
}

// As the compiler aligns it: to 16 bytes.
inline void* dynamicShared() {
    return (void*)((((uintptr_t)block->dynamicShared.data() + 63) & ~(uintptr_t)63) + 16);
}

enum Order { RISING, FALLING };

inline bool release(Block& b, int count) {
    bool released = false;
    for (size_t k = 0; k < b.warps.size(); k++) {
        Warp& warp = b.warps[k];
        if (warp.waiting && warp.waiting == warp.alive) {
            warp.waiting = 0;
            int place = 0;
            for (int i = (int)k * WARP; i < count && i < ((int)k + 1) * WARP; i++) {
                Fiber& f = b.fibers[i];
                if (f.state == AT_WARP_BARRIER) {
                    f.state = RUNNING;
                    if (place && place != f.place) {
                        mistaken("lanes of a warp meet at different places");
                    }
                    place = f.place;
                }
            }
            released = true;
        }
    }
    if (b.waiting && b.waiting == b.alive) {
        b.waiting = 0;
        for (Fiber& f : b.fibers) {
            if (f.state == AT_BLOCK_BARRIER) {
                f.state = RUNNING;
            }
        }
        released = true;
    }
    return released;
}

// False where a thread made a mistake.
//
// @param mostSharedBytes that the block may have, dynamic ones and others
inline bool runBlock(Block& b, Order order, size_t mostSharedBytes) {
    static std::vector<char*> stacks;
    int count = (int)(b.blockSize.x * b.blockSize.y * b.blockSize.z);
    while ((int)stacks.size() < count) {
        stacks.push_back((char*)aligned_alloc(64, STACK_BYTES));
    }
    b.fibers.assign(count, Fiber{});
    b.warps.assign((count + WARP - 1) / WARP, Warp{});
    b.waiting = 0;
    b.alive = count;
    b.mistake = nullptr;
    block = &b;
    for (int i = 0; i < count; i++) {
        Fiber& f = b.fibers[i];
        f.thread = {i % b.blockSize.x, i / b.blockSize.x % b.blockSize.y, i / (b.blockSize.x * b.blockSize.y)};
        f.lane = i % WARP;
        f.warp = i / WARP;
        b.warps[f.warp].alive++;
        void** top = (void**)(stacks[i] + STACK_BYTES - 64);
        *--top = nullptr;
        *--top = (void*)fiberMain;
        for (int saved = 0; saved < 6; saved++) {
            *--top = nullptr;
        }
        f.stackPointer = top;
    }
    bool progress = true;
    while (b.alive && progress) {
        progress = false;
        for (int i = 0; i < count; i++) {
            Fiber& f = b.fibers[order == RISING ? i : count - 1 - i];
            if (f.state == RUNNING) {
                fiber = &f;
                progress = true;
                emulatorSwitch(&b.scheduler, f.stackPointer);
            }
        }
        progress |= release(b, count);
    }
    for (auto& entry : b.shared) {
        free(entry.second);
    }
    b.shared.clear();
    if (b.alive) {
        mistaken("threads wait at different barriers");
    }
    if (b.sharedBytes > mostSharedBytes) {
        mistaken("more shared memory than the kernel is allowed, dynamic and other together");
    }
    block = nullptr;
    return !b.mistake;
}

struct Kernel {
    std::string name;
    size_t parameters;
    // That the compiler gave registers to, at most.
    unsigned mostThreads;
    std::function<void(void**)> call;
};

inline std::map<std::string, Kernel>& kernels() {
    static std::map<std::string, Kernel> all;
    return all;
}

template <class... P, size_t... I> void call(void (*f)(P...), void** parameters, std::index_sequence<I...>) {
    f(*(std::remove_reference_t<P>*)parameters[I]...);
}

template <class... P> bool add(const char* name, void (*f)(P...)) {
    kernels()[name] = {name, sizeof...(P), 1024,
            [f](void** parameters) { call(f, parameters, std::index_sequence_for<P...>{}); }};
    return true;
}

inline bool launch(const Kernel& kernel, Index3 grid, Index3 size, size_t sharedBytes, size_t mostSharedBytes,
        void** parameters, Order order) {
    static Block b;
    b.gridSize = grid;
    b.blockSize = size;
    b.body = [&] { kernel.call(parameters); };
    for (unsigned z = 0; z < grid.z; z++) {
        for (unsigned y = 0; y < grid.y; y++) {
            for (unsigned x = 0; x < grid.x; x++) {
                b.block = {x, y, z};
                b.dynamicShared.assign(sharedBytes + 128, (char)0xff);
                b.sharedBytes = sharedBytes;
                if (!runBlock(b, order, mostSharedBytes)) {
                    fprintf(stderr, "emulator: %s: %s\n", kernel.name.c_str(), b.mistake);
                    return false;
                }
            }
        }
    }
    return true;
}

}  // namespace emulator

#define KERNEL(name, ...)                                                    \
    static void name(__VA_ARGS__);                                           \
    static const bool name##Registered = emulator::add(#name, name);         \
    static void name(__VA_ARGS__)
#define DEVICE static inline
#define MEMBER inline
#define CALLED static
#define SHARED(type, name, count)                                            \
    static const char name##Declaration = 0;                                 \
    type* name = (type*)emulator::shared(&name##Declaration, sizeof(type) * (count), alignof(type))
#define DYNAMIC_SHARED(type, name) type* name = (type*)emulator::dynamicShared()

#define threadIdx (emulator::fiber->thread)
#define blockIdx (emulator::block->block)
#define blockDim (emulator::block->blockSize)
#define gridDim (emulator::block->gridSize)
#define __syncthreads() emulator::blockBarrier()
#define __syncwarp() emulator::warpBarrier(__LINE__)
#define __shfl_xor_sync(mask, value, bits) emulator::exchange((value), emulator::fiber->lane ^ (bits), __LINE__)
#define __shfl_sync(mask, value, source) emulator::exchange((value), (source), __LINE__)
#define __ballot_sync(mask, vote) emulator::ballot(vote, __LINE__)
#define __ffs(x) __builtin_ffs((int)(x))

// Blocks run one after the other, so that each sees all that those before it wrote.
inline void __threadfence() {}

template <class T> T __ldcg(const T* address) { return *address; }

inline int atomicMax(int* address, int value) {
    int before = *address;
    *address = value > before ? value : before;
    return before;
}

inline int atomicAdd(int* address, int value) {
    int before = *address;
    *address += value;
    return before;
}

inline unsigned long long atomicMin(unsigned long long* address, unsigned long long value) {
    unsigned long long before = *address;
    *address = value < before ? value : before;
    return before;
}

inline float __uint_as_float(unsigned bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

inline unsigned __float_as_uint(float value) {
    unsigned bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// To IEEE binary16 and back, rounded to nearest even.
inline unsigned short halfBits(float value) {
    _Float16 half = (_Float16)value;
    unsigned short bits;
    memcpy(&bits, &half, sizeof bits);
    return bits;
}

inline float halfValue(unsigned short bits) {
    _Float16 half;
    memcpy(&half, &bits, sizeof half);
    return (float)half;
}

// A stand-in for libcuda.so.1, for tests: device memory is host memory between guards, kernels run on the emulator when
// they are launched, streams are always done.
//
// A stream's number decides the order in which its threads run, so that two backends in one test run them in opposite
// orders. After every launch the guards of all allocations are looked at: a kernel that wrote next to one has failed
// with CUDA_ERROR_ILLEGAL_ADDRESS. Fresh memory reads as NaN. What a real card refuses is refused: grids and blocks
// beyond its limits, more threads than the PTX names for a kernel, more shared memory than the kernel was allowed, a
// thread without a context. So is what it takes and does at another time than the caller may think: work in the default
// stream.
//
// Copies between host and card are under way until the next wait: what comes to the host is there only then, and a copy
// to the card whose host memory has changed before has failed.
//
// While a stream is captured, work is noted as the driver notes it. What the driver refuses then (waiting, taking and
// giving back memory, loading modules) is refused with its codes, and the capture fails. So are copies from and to the
// host, which the driver notes with the host's address: nothing here wants them repeated.
#include <algorithm>
#include <cstddef>
#include <set>
#include "kernels.h"

#define API extern "C" __attribute__((visibility("default")))

typedef unsigned long long Address;

enum Code { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, INVALID_DEVICE = 101,
    INVALID_IMAGE = 200, INVALID_CONTEXT = 201, INVALID_HANDLE = 400, ILLEGAL_STATE = 401, NOT_FOUND = 500,
    ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719, CAPTURE_UNSUPPORTED = 900, CAPTURE_INVALIDATED = 901 };

static const size_t GUARD = 256;
static const unsigned char GUARD_BYTE = 0xa5;
static const size_t TOTAL_BYTES = (size_t)1 << 30;

struct Module {
    std::string image;
};

struct Stream;

// What is done in a stream; the result is a code.
typedef std::function<int(Stream*)> Work;

struct Stream {
    int number;
    bool capturing;
    bool valid;
    std::vector<Work> captured;
};

struct Graph {
    std::vector<Work> works;
};

static std::map<Address, size_t> allocations;
static size_t allocatedBytes;
static int streams;
static bool initialized;
static char context;
// The context is a thread's own affair.
static thread_local bool current;
static Stream* capturing;
static long long graphLaunches;
static const int USUAL_SHARED_BYTES = 48 << 10;
static int mostSharedBytes = 163 << 10;
// Dynamic shared memory that kernels are allowed, where it is more than usual.
static std::map<const void*, int> allowedSharedBytes;

// For tests: graphs that were launched.
API long long emulatorGraphLaunches() { return graphLaunches; }

// For tests: makes the card one whose blocks have so much shared memory; what they had before.
API int emulatorSharedBytes(int bytes) {
    int before = mostSharedBytes;
    mostSharedBytes = bytes;
    return before;
}

// Does the work, or notes it where the stream is captured. Refuses the default stream, a null pointer.
static int put(void* stream, Work work) {
    Stream* s = (Stream*)stream;
    if (!current) {
        return INVALID_CONTEXT;
    }
    if (!s) {
        return INVALID_HANDLE;
    }
    if (s->capturing) {
        s->captured.push_back(std::move(work));
        return SUCCESS;
    }
    return work(s);
}

// A copy between host and card that has not been waited for, and what it copies.
struct HostCopy {
    void* host;
    std::vector<char> bytes;
    bool isToHost;
};

static std::vector<HostCopy> hostCopies;

// Ends the copies that are under way.
static int finishHostCopies() {
    int code = SUCCESS;
    for (HostCopy& copy : hostCopies) {
        if (copy.isToHost) {
            memcpy(copy.host, copy.bytes.data(), copy.bytes.size());
        } else if (memcmp(copy.host, copy.bytes.data(), copy.bytes.size())) {
            fprintf(stderr, "emulator: host memory has changed before its %zu bytes were copied\n", copy.bytes.size());
            code = LAUNCH_FAILED;
        }
    }
    hostCopies.clear();
    return code;
}

// What the compiler calls before an access at an address that is not a multiple of the type's size.
extern "C" void __ubsan_handle_type_mismatch_v1(void*, void*) {
    if (emulator::block) {
        emulator::mistaken("an access that is not aligned to its type");
        emulator::endFiber();
    }
}

// As put, for the stand-in of cuBLAS: the arguments are copied.
API int emulatorPut(void* stream, int (*work)(const void*), const void* arguments, size_t bytes) {
    std::vector<char> copy((const char*)arguments, (const char*)arguments + bytes);
    return put(stream, [work, copy](Stream*) { return work(copy.data()); });
}

// True where a capture is under way, which ends it: the caller returns CAPTURE_UNSUPPORTED.
static bool breaksCapture() {
    if (capturing) {
        capturing->valid = false;
    }
    return capturing != nullptr;
}

API int cuInit(unsigned) { initialized = true; return SUCCESS; }
API int cuDriverGetVersion(int* version) { *version = 13000; return SUCCESS; }

API int cuDeviceGetCount(int* count) {
    *count = 1;
    return initialized ? SUCCESS : NOT_INITIALIZED;
}

API int cuDeviceGet(int* device, int ordinal) {
    *device = ordinal;
    return ordinal == 0 ? SUCCESS : INVALID_DEVICE;
}

API int cuDeviceGetName(char* name, int length, int) {
    snprintf(name, length, "emulated card");
    return SUCCESS;
}

API int cuDeviceGetAttribute(int* value, int attribute, int) {
    switch (attribute) {
        case 16: *value = 2; return SUCCESS;
        case 75: *value = 8; return SUCCESS;
        case 76: *value = 0; return SUCCESS;
        case 97: *value = mostSharedBytes; return SUCCESS;
        default: return INVALID_VALUE;
    }
}

API int cuDeviceTotalMem_v2(size_t* bytes, int) { *bytes = TOTAL_BYTES; return SUCCESS; }
API int cuDevicePrimaryCtxRetain(void** held, int) { *held = &context; return SUCCESS; }
API int cuDevicePrimaryCtxRelease_v2(int) { return SUCCESS; }
API int cuDevicePrimaryCtxRelease(int) { return SUCCESS; }

API int cuCtxSetCurrent(void* chosen) {
    current = chosen == &context;
    return current ? SUCCESS : INVALID_CONTEXT;
}

API int cuMemGetInfo_v2(size_t* free, size_t* total) {
    *free = TOTAL_BYTES - allocatedBytes;
    *total = TOTAL_BYTES;
    return SUCCESS;
}

API int cuMemAlloc_v2(Address* address, size_t bytes) {
    if (breaksCapture()) {
        return CAPTURE_UNSUPPORTED;
    }
    if (!current) {
        return INVALID_CONTEXT;
    }
    if (bytes == 0) {
        return INVALID_VALUE;
    }
    if (allocatedBytes + bytes > TOTAL_BYTES) {
        return OUT_OF_MEMORY;
    }
    char* start = (char*)aligned_alloc(256, (bytes + 2 * GUARD + 255) / 256 * 256);
    memset(start, GUARD_BYTE, GUARD);
    memset(start + GUARD, 0xff, bytes);
    memset(start + GUARD + bytes, GUARD_BYTE, GUARD);
    *address = (Address)(start + GUARD);
    allocations[*address] = bytes;
    allocatedBytes += bytes;
    return SUCCESS;
}

static bool guardsHold(Address address, size_t bytes) {
    const unsigned char* before = (const unsigned char*)address - GUARD;
    const unsigned char* after = (const unsigned char*)address + bytes;
    for (size_t i = 0; i < GUARD; i++) {
        if (before[i] != GUARD_BYTE || after[i] != GUARD_BYTE) {
            return false;
        }
    }
    return true;
}

API int cuMemFree_v2(Address address) {
    if (breaksCapture()) {
        return CAPTURE_UNSUPPORTED;
    }
    auto found = allocations.find(address);
    if (found == allocations.end()) {
        return INVALID_VALUE;
    }
    // Waits for the card.
    int copied = finishHostCopies();
    bool intact = guardsHold(address, found->second);
    allocatedBytes -= found->second;
    allocations.erase(found);
    free((char*)address - GUARD);
    return intact ? copied : ILLEGAL_ADDRESS;
}

API int cuMemAllocHost_v2(void** address, size_t bytes) {
    *address = aligned_alloc(256, (bytes + 255) / 256 * 256);
    return SUCCESS;
}

API int cuMemFreeHost(void* address) {
    int code = finishHostCopies();
    free(address);
    return code;
}

// The bytes lie within one allocation.
static bool isDevice(Address address, size_t bytes) {
    auto next = allocations.upper_bound(address);
    if (next == allocations.begin()) {
        return false;
    }
    auto found = --next;
    return address + bytes <= found->first + found->second;
}

API int cuMemcpyHtoDAsync_v2(Address to, const void* from, size_t bytes, void* stream) {
    if (breaksCapture()) {
        return CAPTURE_UNSUPPORTED;
    }
    if (!isDevice(to, bytes) || !stream) {
        return INVALID_VALUE;
    }
    memcpy((void*)to, from, bytes);
    hostCopies.push_back({(void*)from, {(const char*)from, (const char*)from + bytes}, false});
    return SUCCESS;
}

API int cuMemcpyDtoHAsync_v2(void* to, Address from, size_t bytes, void* stream) {
    if (breaksCapture()) {
        return CAPTURE_UNSUPPORTED;
    }
    if (!isDevice(from, bytes) || !stream) {
        return INVALID_VALUE;
    }
    memset(to, 0xff, bytes);
    hostCopies.push_back({to, {(char*)from, (char*)from + bytes}, true});
    return SUCCESS;
}

API int cuMemcpyDtoDAsync_v2(Address to, Address from, size_t bytes, void* stream) {
    return put(stream, [=](Stream*) {
        if (!isDevice(to, bytes) || !isDevice(from, bytes)) {
            return INVALID_VALUE;
        }
        memmove((void*)to, (void*)from, bytes);
        return SUCCESS;
    });
}

API int cuMemsetD8Async(Address to, unsigned char value, size_t bytes, void* stream) {
    return put(stream, [=](Stream*) {
        if (!isDevice(to, bytes)) {
            return INVALID_VALUE;
        }
        memset((void*)to, value, bytes);
        return SUCCESS;
    });
}

API int cuStreamCreate(void** stream, unsigned) {
    *stream = new Stream{streams++, false, true, {}};
    return SUCCESS;
}

API int cuStreamDestroy_v2(void* stream) { delete (Stream*)stream; return SUCCESS; }
API int cuStreamSynchronize(void*) { return breaksCapture() ? CAPTURE_UNSUPPORTED : finishHostCopies(); }

API int cuModuleLoadData(void** module, const void* image) {
    if (breaksCapture()) {
        return CAPTURE_UNSUPPORTED;
    }
    std::string text((const char*)image);
    if (text.find(".version") == std::string::npos) {
        return INVALID_IMAGE;
    }
    *module = new Module{text};
    return SUCCESS;
}

API int cuModuleUnload(void* module) { delete (Module*)module; return SUCCESS; }

// The module's text must have the kernel, too: it says that the committed PTX goes with the sources. There it says for
// how many threads registers suffice.
API int cuModuleGetFunction(void** function, void* module, const char* name) {
    const std::string& text = ((Module*)module)->image;
    auto found = emulator::kernels().find(name);
    size_t entry = text.find(std::string(".entry ") + name + "(");
    if (found == emulator::kernels().end() || entry == std::string::npos) {
        return NOT_FOUND;
    }
    static const std::string MOST_THREADS = ".maxntid ";
    size_t most = text.find(MOST_THREADS, entry);
    found->second.mostThreads = most < text.find('{', entry)
            ? (unsigned)atoi(text.c_str() + most + MOST_THREADS.size()) : 1024;
    *function = &found->second;
    return SUCCESS;
}

API int cuFuncSetAttribute(void* function, int attribute, int value) {
    if (attribute != 8 || value > mostSharedBytes) {
        return INVALID_VALUE;
    }
    allowedSharedBytes[function] = value;
    return SUCCESS;
}

static int run(const emulator::Kernel& kernel, Index3 grid, Index3 size, unsigned sharedBytes, void** parameters,
        const Stream* stream) {
    if (!emulator::launch(kernel, grid, size, sharedBytes, allowedSharedBytes.count(&kernel) ? mostSharedBytes
            : USUAL_SHARED_BYTES, parameters, stream->number % 2 ? emulator::FALLING : emulator::RISING)) {
        return LAUNCH_FAILED;
    }
    for (auto& allocation : allocations) {
        if (!guardsHold(allocation.first, allocation.second)) {
            fprintf(stderr, "emulator: %s wrote next to an allocation of %zu bytes\n", kernel.name.c_str(),
                    allocation.second);
            return ILLEGAL_ADDRESS;
        }
    }
    return SUCCESS;
}

// Parameters end with a null pointer, which the card's driver does not ask for: so their number can be checked.
API int cuLaunchKernel(void* function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned sizeX, unsigned sizeY,
        unsigned sizeZ, unsigned sharedBytes, void* stream, void** parameters, void**) {
    const emulator::Kernel& kernel = *(emulator::Kernel*)function;
    if (!current) {
        return INVALID_CONTEXT;
    }
    size_t given = 0;
    while (parameters[given]) {
        given++;
    }
    if (given != kernel.parameters || !gridX || !gridY || !gridZ || !sizeX
            || sizeX * sizeY * sizeZ > kernel.mostThreads || gridX > 0x7fffffff || gridY > 65535 || gridZ > 65535
            || (int)sharedBytes > (allowedSharedBytes.count(function) ? allowedSharedBytes[function]
                    : USUAL_SHARED_BYTES)) {
        fprintf(stderr, "emulator: %s: %zu parameters given, %zu taken; grid %u x %u, block %u, shared %u\n",
                kernel.name.c_str(), given, kernel.parameters, gridX, gridY, sizeX, sharedBytes);
        return INVALID_VALUE;
    }
    // The values are read now: the caller's array is used for the next launch.
    std::vector<std::vector<char>> values;
    for (size_t i = 0; i < given; i++) {
        values.emplace_back((char*)parameters[i], (char*)parameters[i] + 8);
    }
    return put(stream, [=, &kernel](Stream* s) {
        std::vector<void*> pointers;
        for (auto& value : values) {
            pointers.push_back((void*)value.data());
        }
        return run(kernel, {gridX, gridY, gridZ}, {sizeX, sizeY, sizeZ}, sharedBytes, pointers.data(), s);
    });
}

API int cuStreamBeginCapture_v2(void* stream, int) {
    Stream* s = (Stream*)stream;
    if (capturing) {
        return ILLEGAL_STATE;
    }
    s->capturing = true;
    s->valid = true;
    capturing = s;
    return SUCCESS;
}

API int cuStreamEndCapture(void* stream, void** graph) {
    Stream* s = (Stream*)stream;
    if (capturing != s) {
        return ILLEGAL_STATE;
    }
    s->capturing = false;
    capturing = nullptr;
    std::vector<Work> works = std::move(s->captured);
    s->captured.clear();
    if (!s->valid) {
        return CAPTURE_INVALIDATED;
    }
    *graph = new Graph{works};
    return SUCCESS;
}

API int cuGraphInstantiateWithFlags(void** executable, void* graph, unsigned long long) {
    *executable = new Graph(*(Graph*)graph);
    return SUCCESS;
}

API int cuGraphLaunch(void* executable, void* stream) {
    graphLaunches++;
    for (Work& work : ((Graph*)executable)->works) {
        int code = put(stream, work);
        if (code) {
            return code;
        }
    }
    return SUCCESS;
}

API int cuGraphDestroy(void* graph) { delete (Graph*)graph; return SUCCESS; }
API int cuGraphExecDestroy(void* executable) { delete (Graph*)executable; return SUCCESS; }

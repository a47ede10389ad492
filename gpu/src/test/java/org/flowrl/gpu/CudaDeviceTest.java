package org.flowrl.gpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What is taken of a card is given back, whichever call fails.
class CudaDeviceTest {
    private static final int FAILURE = 999;

    /// A driver with nothing behind it, one of whose calls fails. It knows what was taken and not given back.
    private static final class Driver {
        private static final Map<String, String> ENDS = Map.of("retainContext", "releaseContext", "createStream",
                "destroyStream", "createBlas", "destroyBlas", "allocate", "free", "allocateHost", "freeHost");

        private final int failingCall;
        private final String failingName;
        /// Names of the calls that will give back what was taken.
        private final List<String> taken = new ArrayList<>();
        private final List<String> calls = new ArrayList<>();

        /// @param failingCall the number of the call that fails, from 1 on; 0 for none
        /// @param failingName of calls that fail
        Driver(int failingCall, String failingName) {
            this.failingCall = failingCall;
            this.failingName = failingName;
        }

        CudaApi api() {
            return (CudaApi) Proxy.newProxyInstance(CudaApi.class.getClassLoader(), new Class<?>[] {CudaApi.class},
                    (_, method, _) -> call(method));
        }

        private Object call(Method method) {
            String name = method.getName();
            calls.add(name);
            if (calls.size() == failingCall || name.equals(failingName)) {
                CudaException.check(name, FAILURE);
            }
            if (ENDS.containsKey(name)) {
                taken.add(ENDS.get(name));
            }
            taken.remove(name);
            Class<?> type = method.getReturnType();
            return type == long.class ? (Object) (long) calls.size() : type == int.class ? (Object) 1
                    : type == boolean.class ? (Object) true : type == String.class ? "card" : null;
        }
    }

    @Test
    void whereACallFailsInOpeningEverythingThatWasTakenIsGivenBack() {
        Driver whole = new Driver(0, null);
        new CudaBackend(whole.api(), 0);
        assertThat(whole.taken).hasSizeGreaterThanOrEqualTo(Driver.ENDS.size());
        for (int failing = 1; failing <= whole.calls.size(); failing++) {
            Driver driver = new Driver(failing, null);
            String name = whole.calls.get(failing - 1);
            assertThatThrownBy(() -> new CudaBackend(driver.api(), 0)).isInstanceOf(CudaException.class)
                    .hasMessageStartingWith(name + ": " + FAILURE).hasNoSuppressedExceptions();
            assertThat(driver.taken).as("call %d, %s", failing, name).isEmpty();
            assertThat(driver.calls).endsWith("close").containsOnlyOnce("close");
        }
    }

    /// The call that fails, and how many of it there are.
    @ParameterizedTest
    @CsvSource({"synchronize, 2", "destroyBlas, 1", "destroyStream, 1", "free, 2", "freeHost, 2", "releaseContext, 1"})
    void whereACallFailsInClosingTheOthersAreMadeAllTheSame(String failing, int count) {
        Driver driver = new Driver(0, failing);
        CudaBackend backend = new CudaBackend(driver.api(), 0);
        assertThatThrownBy(backend::close).isInstanceOf(CudaException.class)
                .hasMessageStartingWith(failing + ": " + FAILURE)
                .satisfies(failure -> assertThat(failure.getSuppressed()).hasSize(count - 1));
        assertThat(driver.taken).allMatch(failing::equals);
        assertThat(driver.calls).endsWith("close");
    }
}

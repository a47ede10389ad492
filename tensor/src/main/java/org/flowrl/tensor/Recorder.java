package org.flowrl.tensor;

/// Notes what a piece of work asks of a device, and has it done again by one call: a decoding step of hundreds of
/// kernels, each too short to hide the time that its launch takes, then costs the host one launch.
///
/// ```java
/// work.run();                                          // the first time: the device may have to make room for it
/// try (Recorder.Recording recording = recorder.record(work)) {
///     inputs.copyFrom(numbers);                        // new content at the same place
///     recording.run();
/// }
/// ```
/// What is noted are the addresses of tensors and the numbers that are not in tensors. So whatever the work reads or
/// writes must stay where it is for as long as the recording is used. That goes for what it allocates, too: it
/// allocates out of a {@link Memory#child} of its own, which is closed after the recording.
public interface Recorder {
    /// Notes the work, without doing it.
    ///
    /// @param work kernels and copies within the device, on this thread
    /// @throws IllegalStateException where the work copies from or to the host, waits for the device, has new memory
    ///     allocated by it or kernels loaded, or is being recorded already; nothing is noted, and the device goes on
    Recording record(Runnable work);

    /// Work that can be done again.
    interface Recording extends AutoCloseable {
        /// False where kernels have since moved the memory that they work in beside tensors: then the work must be
        /// recorded anew.
        boolean isCurrent();

        /// Has the work done, after all that was asked of the device before.
        ///
        /// @throws IllegalStateException where the recording is not current
        void run();

        /// Gives the recording up; its work that is under way goes on.
        @Override
        void close();
    }
}

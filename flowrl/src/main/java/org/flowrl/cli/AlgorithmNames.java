package org.flowrl.cli;

import java.util.Iterator;
import org.flowrl.rl.objective.Algorithms;

/// What `--algo` can be, for help texts.
final class AlgorithmNames implements Iterable<String> {
    @Override
    public Iterator<String> iterator() {
        return Algorithms.NAMES.iterator();
    }
}

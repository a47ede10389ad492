/// What a user of the library writes: a task of one's own ({@link org.flowrl.examples.Balanced}), a reward of one's own
/// ({@link org.flowrl.examples.FewTurns}), a training loop ({@link org.flowrl.examples.TrainingLoop}).
package org.flowrl.examples;

/// What a user of the library writes, from the bottom up: a network of one's own
/// ({@link org.flowrl.examples.SineNetwork}), a policy gradient by hand ({@link org.flowrl.examples.ReinforceByHand}),
/// a training loop ({@link org.flowrl.examples.TrainingLoop}), a task of one's own
/// ({@link org.flowrl.examples.Balanced}), a reward of one's own ({@link org.flowrl.examples.FewTurns}).
package org.flowrl.examples;

/// What a user of the library writes, from the bottom up: a network of one's own
/// ({@link org.flowrl.examples.SineNetwork}), a policy gradient by hand ({@link org.flowrl.examples.ReinforceByHand}),
/// a training loop ({@link org.flowrl.examples.TrainingLoop}), a task of one's own
/// ({@link org.flowrl.examples.Balanced}), a reward of one's own ({@link org.flowrl.examples.FewTurns}), problems of
/// one's own file for the adapters of a model folder, and sampling from their checkpoint
/// ({@link org.flowrl.examples.Sums}), an algorithm of one's own ({@link org.flowrl.examples.RewardWeighted}).
package org.flowrl.examples;

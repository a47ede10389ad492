/// Reinforcement learning of language models. Read {@link org.flowrl.rl.objective.FlowRl}, then
/// {@link org.flowrl.rl.Trainer}, then {@link org.flowrl.rl.Policy}. The files by what they are about:
/// ```text
/// a step        Trainer   Questions ─Sampler─> Rollout of Responses ─> ScoredRollout, Targets ─MiniBatch─> Batch
/// models        Policy and its PolicyOutput, Policies (trained and reference), Weights; Supervised, SupervisedData
/// a run         TrainingRun, FirstModel, RunRefusals, Checkpoint, Manifest, Epochs
/// settings      TrainConfig, Presets, DataPresets, ConfigFile over YamlRecords
/// evaluation    Evaluator   ExactEvaluator where answers can be listed: Questionnaire, ScoredAnswers, Optimum,
///                           ExactMetrics, OptimumMetrics, SolutionCoverage; SampledEvaluator elsewhere: SampledMetrics
/// files         MetricsLog of MetricSums and as EventFile, RolloutFile, EvaluationFile, ProblemFile
/// memory        MemoryPlan
/// ```
package org.flowrl.rl;

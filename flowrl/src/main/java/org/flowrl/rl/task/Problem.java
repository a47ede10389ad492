package org.flowrl.rl.task;

/// One question with what its verifier needs.
///
/// @param id unique within its data set; names the problem in logs
/// @param prompt the text that the policy is given, special tokens included
/// @param answer what the verifier compares with; its meaning is the verifier's (a number, a target, tests)
public record Problem(String id, String prompt, String answer) {
}

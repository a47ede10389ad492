/// Pictures and pages of runs, made from their folders alone: read {@link org.flowrl.rl.report.RunFolder}, then
/// {@link org.flowrl.rl.report.RunReport}.
package org.flowrl.rl.report;

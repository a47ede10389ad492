/// The command line, one file per command: read {@link org.flowrl.cli.Main}, then {@link org.flowrl.cli.TrainCommand}.
package org.flowrl.cli;

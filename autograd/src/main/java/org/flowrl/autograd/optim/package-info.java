/// Optimizers over the flat arenas of parameter stores: read {@link org.flowrl.autograd.optim.AdamW}.
package org.flowrl.autograd.optim;

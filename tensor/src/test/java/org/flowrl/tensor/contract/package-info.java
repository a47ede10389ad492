/// The contract that every backend is held to, usable from other modules through this module's test jar.
///
/// Read {@link org.flowrl.tensor.contract.BackendContract} first: a backend's test is a subclass of it with one method.
/// {@link org.flowrl.tensor.contract.KernelCase} is a row of the table of kernels, shapes and value ranges, the
/// `…Cases` files are the table, {@link org.flowrl.tensor.contract.Inputs} makes the inputs.
package org.flowrl.tensor.contract;

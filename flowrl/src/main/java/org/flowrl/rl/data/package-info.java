/// Problems from files: JSONL, JSONL.gz and Parquet. Read [org.flowrl.rl.data.DataSet] first.
///
/// ```text
/// file ─ DataFile ─ rows ─ DataSet ─────────── problems ─ Prompts ─ token ids
///        JsonLines         Fields: what is what           chat template, form,
///        ParquetRows       GoldRule: the gold answer      truncation
/// ```
/// [org.flowrl.rl.data.GoldCheck] tries the grader on the gold answers before a model is loaded.
package org.flowrl.rl.data;

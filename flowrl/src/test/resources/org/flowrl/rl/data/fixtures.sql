-- Run from this folder by DuckDB 2.0.0 (its JDBC driver, 80 MB, is not worth having in every build):
--   java -cp duckdb_jdbc-2.0.0.1.jar … or: duckdb < fixtures.sql
-- Rows shaped as DAPO-Math-17k's: 5 problems three times each, one of them with no gold answer; made-up problems.
CREATE TABLE dapo AS
SELECT 'math_dapo' AS data_source,
       [{'content': 'Solve: ' || p || ' + ' || p || '?', 'role': 'user'}] AS prompt,
       'MATH' AS ability,
       {'ground_truth': CASE WHEN p = 4 THEN '' ELSE CAST(2 * p AS VARCHAR) END, 'style': 'rule-lighteval/MATH_v2'} AS reward_model,
       {'index': 'problem-' || p} AS extra_info
FROM range(1, 6) AS problems(p), range(3) AS copies(c)
ORDER BY c, p;
COPY dapo TO 'dapo-snappy.parquet' (FORMAT parquet, COMPRESSION snappy);
COPY dapo TO 'dapo-gzip.parquet' (FORMAT parquet, COMPRESSION gzip);
COPY dapo TO 'dapo-plain.parquet' (FORMAT parquet, COMPRESSION uncompressed);
COPY dapo TO 'dapo-zstd.parquet' (FORMAT parquet, COMPRESSION zstd);
-- One value of each type that answers come in.
COPY (SELECT 'q1' AS question, 36.0::DOUBLE AS d, 1.5::FLOAT AS f, 7::INTEGER AS i, 8::BIGINT AS l, true AS b,
             12.50::DECIMAL(9, 2) AS n, 'text'::BLOB AS y, DATE '2024-02-29' AS t, MAP {'k': 5} AS m, [[1, 2], [3]] AS ll,
             NULL::VARCHAR AS z
      UNION ALL SELECT 'q2', 0.5, -1, -7, -8, false, 0.01, ''::BLOB, NULL, NULL, [], 'x')
TO 'types.parquet' (FORMAT parquet, COMPRESSION snappy);

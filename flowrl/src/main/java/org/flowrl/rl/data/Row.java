package org.flowrl.rl.data;

import com.fasterxml.jackson.databind.JsonNode;

/// One row of a data file.
///
/// @param place where it stands, for messages: file and line, or file and row, counted from 1
/// @param value the object; Parquet's structs and lists are objects and arrays too
public record Row(String place, JsonNode value) {
    /// The exception to throw where the row breaks a rule.
    public DataException refuse(String problem) {
        return new DataException(place + ": " + problem);
    }
}

package org.flowrl.transformer.text.jinja;

import java.util.List;

/// `loop`: where a loop is.
///
/// @param items all of them
/// @param index0 of this one
record Loop(List<Object> items, int index0) {
    /// An attribute of `loop`.
    Object attribute(String name) {
        int length = items.size();
        return switch (name) {
            case "index" -> (long) index0 + 1;
            case "index0" -> (long) index0;
            case "revindex" -> (long) length - index0;
            case "revindex0" -> (long) length - index0 - 1;
            case "first" -> index0 == 0;
            case "last" -> index0 == length - 1;
            case "length" -> (long) length;
            case "previtem" -> index0 == 0 ? new Undefined("there is no previous item") : items.get(index0 - 1);
            case "nextitem" -> index0 == length - 1 ? new Undefined("there is no next item") : items.get(index0 + 1);
            case "cycle" -> (Callable) arguments -> {
                if (arguments.positional().isEmpty()) {
                    throw new JinjaException("loop.cycle: there must be values to go through");
                }
                return arguments.positional().get(index0 % arguments.positional().size());
            };
            default -> new Undefined("'loop' has no attribute '" + name + "'");
        };
    }
}

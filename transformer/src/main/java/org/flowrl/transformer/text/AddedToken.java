package org.flowrl.transformer.text;

/// A token that is matched in the text as it stands, before the text is split and merged.
///
/// @param id         its id
/// @param content    the text that it stands for; not empty
/// @param special    control token: decoding with `skipSpecial` leaves it out
/// @param normalized matched in the normalised text (true) or in the text as given (false)
/// @param lstrip     the match also takes the white space on its left
/// @param rstrip     the match also takes the white space on its right
/// @param singleWord matches only where no word character touches it
record AddedToken(int id, String content, boolean special, boolean normalized,
                  boolean lstrip, boolean rstrip, boolean singleWord) {
}

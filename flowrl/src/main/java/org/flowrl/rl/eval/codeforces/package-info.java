/// Codeforces ratings of a policy, from contest files that the user stores; nothing here uses the network. Read
/// {@link org.flowrl.rl.eval.codeforces.CodeforcesRating}.
///
/// For each contest a folder holds two files, the answers of the site's public API as they come:
///
/// ```
/// 1870.standings.json       https://codeforces.com/api/contest.standings?contestId=1870&showUnofficial=false
/// 1870.ratingChanges.json   https://codeforces.com/api/contest.ratingChanges?contestId=1870
/// ```
/// Of them are read, the rest may be absent:
///
/// ```
/// {"status": "OK", "result": {"problems": [{"contestId": 1870, "index": "A", "points": 500.0}, …],
///                             "rows": [{"party": {"members": [{"handle": "…"}]}, "points": 3500.0, "penalty": 0}, …]}}
/// {"status": "OK", "result": [{"handle": "…", "oldRating": 1520}, …]}
/// ```
/// Rows are in the order of the final standings; a problem without points belongs to a contest that counts problems and
/// penalty minutes. The percentile needs one more file, an array of the ratings of all users: `[1520, 733, …]`.
package org.flowrl.rl.eval.codeforces;

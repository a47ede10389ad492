package org.flowrl.rl.eval.codeforces;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;
import org.flowrl.tensor.io.IoFault;
import org.flowrl.tensor.io.JsonFault;

/// Reads stored contests; the package's documentation has the format.
public final class ContestFiles {
    private static final String STANDINGS = ".standings.json";
    private static final String CHANGES = ".ratingChanges.json";
    private static final JsonMapper JSON = new JsonMapper();

    private ContestFiles() {
    }

    /// All contests of a folder, in the order of their ids as text.
    ///
    /// @throws IllegalArgumentException naming the file and what is wrong with it, or where there is no contest
    public static List<Contest> read(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            List<Contest> contests = files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(STANDINGS)).sorted()
                    .map(name -> contest(folder, name.substring(0, name.length() - STANDINGS.length()))).toList();
            if (contests.isEmpty()) {
                throw new IllegalArgumentException("contests: no file *" + STANDINGS + " in " + folder);
            }
            return contests;
        } catch (IOException e) {
            throw IoFault.doing("cannot read contests in " + folder, e);
        }
    }

    /// The ratings of all users, in ascending order.
    ///
    /// @throws IllegalArgumentException where the file is not an array of numbers
    public static int[] ratings(Path file) {
        JsonNode ratings = json(file);
        if (!ratings.isArray() || ratings.isEmpty()) {
            throw new IllegalArgumentException("ratings: " + file + " must be an array of numbers");
        }
        List<Integer> all = new ArrayList<>();
        for (JsonNode rating : ratings) {
            if (!rating.isIntegralNumber()) {
                throw new IllegalArgumentException("ratings: " + file + " has " + rating + " at position " + all.size()
                        + ", where a whole number must be");
            }
            all.add(rating.intValue());
        }
        return all.stream().mapToInt(Integer::intValue).sorted().toArray();
    }

    private static Contest contest(Path folder, String id) {
        Path standingsFile = folder.resolve(id + STANDINGS);
        Path changesFile = folder.resolve(id + CHANGES);
        JsonNode standings = result(standingsFile);
        JsonNode changes = result(changesFile);

        List<Contest.ContestProblem> problems = new ArrayList<>();
        for (JsonNode problem : field(standings, "problems", standingsFile)) {
            problems.add(new Contest.ContestProblem(field(problem, "contestId", standingsFile).asText()
                    + field(problem, "index", standingsFile).asText(), problem.has("points")
                            ? OptionalDouble.of(problem.get("points").asDouble()) : OptionalDouble.empty()));
        }
        List<Integer> oldRatings = new ArrayList<>();
        Set<String> rated = new HashSet<>();
        for (JsonNode change : changes) {
            rated.add(field(change, "handle", changesFile).asText());
            oldRatings.add(field(change, "oldRating", changesFile).asInt());
        }
        List<Contest.Standing> rows = new ArrayList<>();
        for (JsonNode row : field(standings, "rows", standingsFile)) {
            JsonNode members = field(field(row, "party", standingsFile), "members", standingsFile);
            if (rated.contains(field(members.path(0), "handle", standingsFile).asText())) {
                rows.add(new Contest.Standing(field(row, "points", standingsFile).asDouble(),
                        field(row, "penalty", standingsFile).asDouble()));
            }
        }
        return new Contest(id, problems, rows, oldRatings);
    }

    private static JsonNode result(Path file) {
        JsonNode answer = json(file);
        if (!answer.path("status").asText().equals("OK")) {
            throw new IllegalArgumentException("contests: " + file + " is not an answer of the API with status OK");
        }
        return field(answer, "result", file);
    }

    private static JsonNode field(JsonNode node, String name, Path file) {
        if (!node.has(name)) {
            throw new IllegalArgumentException("contests: " + file + " lacks the field " + name);
        }
        return node.get(name);
    }

    private static JsonNode json(Path file) {
        try {
            return JSON.readTree(file.toFile());
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(file + ", line " + e.getLocation().getLineNr() + ", column "
                    + e.getLocation().getColumnNr() + ": " + JsonFault.reason(e), e);
        } catch (IOException e) {
            throw IoFault.reading(file, e);
        }
    }
}

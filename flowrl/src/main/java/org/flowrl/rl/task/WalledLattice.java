package org.flowrl.rl.task;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.flowrl.tensor.RandomKey;
import org.flowrl.transformer.text.Tokenizer;

/// {@link Lattice} of length 8 with two blocked points, which the prompt names and a correct path avoids.
///
/// ```
/// prompt  <bos>35#12#31<sep>  (3 right, 5 up, not through (1, 2) or (3, 1))    answer  RRUURUUU<eos>    reward 1, or 0
/// ```
/// Point (x, y) is where a path stands after x steps to the right and y up. Paths are counted by dynamic programming,
/// `paths(x, y) = paths(x − 1, y) + paths(x, y − 1)` and 0 at a wall, and every question has at least {@link
/// #LEAST_ANSWERS} of them. For each count of steps to the right, 2 … 6, ten pairs of walls are drawn from a fixed key,
/// two of which are held out.
public final class WalledLattice implements Task {
    /// Fewest correct paths of a question.
    public static final int LEAST_ANSWERS = 4;

    private static final int LENGTH = 8;
    private static final int LEAST_COUNT = 2;
    private static final int WALLS = 2;
    private static final int PER_COUNT = 10;
    private static final int HELD_OUT_PER_COUNT = 2;
    private static final RandomKey DRAWN = RandomKey.of(8).fold("walls");

    private final Paths paths = new Paths(LENGTH);
    private final Tokenizer tokenizer = Alphabet.tokenizer(Alphabet.symbols("0123456#" + Paths.RIGHT + Paths.UP));
    private final List<Problem> problems = new ArrayList<>();
    private final List<Problem> heldOut = new ArrayList<>();

    /// A point that no path may pass.
    private record Wall(int x, int y) {
    }

    /// A question: a path's steps to the right and the walls it avoids.
    private record Grid(int rights, List<Wall> walls) {
        /// As the prompt and {@link Problem#answer} have it: `35#12#31`.
        String text() {
            return "" + rights + (LENGTH - rights)
                    + walls.stream().map(wall -> "#" + wall.x() + wall.y()).collect(Collectors.joining());
        }

        static Grid of(String text) {
            String[] parts = text.split("#");
            return new Grid(parts[0].charAt(0) - '0', Arrays.stream(parts).skip(1)
                    .map(wall -> new Wall(wall.charAt(0) - '0', wall.charAt(1) - '0')).toList());
        }

        int paths() {
            int ups = LENGTH - rights;
            int[][] count = new int[rights + 1][ups + 1];
            for (int x = 0; x <= rights; x++) {
                for (int y = 0; y <= ups; y++) {
                    int into = x == 0 && y == 0 ? 1 : (x > 0 ? count[x - 1][y] : 0) + (y > 0 ? count[x][y - 1] : 0);
                    count[x][y] = walls.contains(new Wall(x, y)) ? 0 : into;
                }
            }
            return count[rights][ups];
        }

        boolean isPassedBy(String path) {
            int x = 0;
            int y = 0;
            for (int i = 0; i < path.length(); i++) {
                x += path.charAt(i) == Paths.RIGHT ? 1 : 0;
                y += path.charAt(i) == Paths.UP ? 1 : 0;
                if (walls.contains(new Wall(x, y))) {
                    return false;
                }
            }
            return x == rights;
        }
    }

    /// The task; its questions are always the same.
    public WalledLattice() {
        for (int rights = LEAST_COUNT; rights <= LENGTH - LEAST_COUNT; rights++) {
            List<Problem> drawn = questions(rights);
            heldOut.addAll(drawn.subList(0, HELD_OUT_PER_COUNT));
            problems.addAll(drawn.subList(HELD_OUT_PER_COUNT, PER_COUNT));
        }
    }

    @Override
    public String name() {
        return "lattice-walls";
    }

    @Override
    public Optional<Tokenizer> tokenizer() {
        return Optional.of(tokenizer);
    }

    @Override
    public List<Problem> problems() {
        return List.copyOf(problems);
    }

    @Override
    public List<Problem> heldOutProblems() {
        return List.copyOf(heldOut);
    }

    /// Reward 1 for a path with the prompt's counts that avoids its walls, 0 for any other response.
    @Override
    public Verifier verifier() {
        return (problem, response, finished) -> paths.form().malformed(response, finished).orElseGet(() ->
                Grid.of(problem.answer()).isPassedBy(response) ? new Verdict.Correct(1) : new Verdict.Wrong(0));
    }

    @Override
    public int maxResponseTokens() {
        return paths.form().tokens();
    }

    /// Fair coins.
    @Override
    public Optional<RandomAnswers> randomAnswers() {
        return Optional.of((problem, key) -> paths.random(key));
    }

    /// All 256 strings of `R` and `U`, in alphabetical order.
    @Override
    public Optional<Enumeration> enumeration() {
        return Optional.of(problem -> paths.all());
    }

    /// The number of correct paths, by dynamic programming.
    static int count(Problem problem) {
        return Grid.of(problem.answer()).paths();
    }

    /// Draws walls until there are enough different questions with enough paths.
    private static List<Problem> questions(int rights) {
        RandomKey key = DRAWN.fold(rights);
        int points = (rights + 1) * (LENGTH - rights + 1);
        Map<String, Problem> drawn = new LinkedHashMap<>();
        for (int draw = 0; drawn.size() < PER_COUNT; draw++) {
            int[] order = key.fold(draw).permutation(points);
            List<Wall> walls = IntStream.range(0, WALLS).map(i -> order[i]).sorted()
                    .mapToObj(point -> new Wall(point % (rights + 1), point / (rights + 1))).toList();
            Grid grid = new Grid(rights, walls);
            if (grid.paths() >= LEAST_ANSWERS) {
                String text = grid.text();
                drawn.putIfAbsent(text, new Problem("walls-" + text.replace('#', '-'), Alphabet.prompt(text), text));
            }
        }
        return List.copyOf(drawn.values());
    }
}

package org.flowrl.rl.grade.symbolic;

import static java.util.Map.entry;

import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// The names that formulas are written with.
final class Vocabulary {
    /// Characters and what they are written for.
    static final Map<Character, String> CHARACTERS = Map.ofEntries(entry('×', "*"), entry('·', "*"), entry('⋅', "*"),
            entry('∗', "*"), entry('÷', "/"), entry('∕', "/"), entry('−', "-"), entry('–', "-"), entry('—', "-"),
            entry('±', "\\pm "), entry('∓', "\\mp "), entry('≤', "<="), entry('⩽', "<="), entry('≥', ">="),
            entry('⩾', ">="), entry('≠', "!="), entry('≈', "\\approx "), entry('π', "\\pi "), entry('∞', "\\infty "),
            entry('∪', "\\cup "), entry('∩', "\\cap "), entry('∈', "\\in "), entry('√', "\\sqrt "),
            entry('°', "\\degree "), entry('²', "^{2}"), entry('³', "^{3}"), entry('∅', "\\emptyset "),
            entry('θ', "\\theta "), entry('α', "\\alpha "), entry('β', "\\beta "), entry('½', "\\frac{1}{2}"),
            entry('∶', ":"), entry('′', "'"), entry('ℝ', "\\mathbb{R}"));

    /// Signs that commands stand for.
    static final Map<String, String> SIGNS = Map.ofEntries(entry("cdot", "*"), entry("times", "*"), entry("ast", "*"),
            entry("div", "/"), entry("le", "<="), entry("leq", "<="), entry("leqslant", "<="), entry("lt", "<"),
            entry("ge", ">="), entry("geq", ">="), entry("geqslant", ">="), entry("gt", ">"), entry("ne", "!="),
            entry("neq", "!="), entry("approx", "~"), entry("equiv", "="), entry("simeq", "~"), entry("cong", "="),
            entry("sim", "~"), entry("triangleq", "="), entry("in", "in"), entry("cup", "∪"), entry("cap", "∩"),
            entry("setminus", "∖"), entry("backslash", "∖"), entry("lbrace", "\\{"), entry("rbrace", "\\}"),
            entry("lbrack", "["), entry("rbrack", "]"), entry("lparen", "("), entry("rparen", ")"),
            entry("vert", "|"), entry("lvert", "|"), entry("rvert", "|"), entry("mid", "mid"), entry("colon", ":"),
            entry("degree", "°"), entry("circ", "°"), entry("prime", "'"), entry("wedge", "and"),
            entry("land", "and"), entry("lor", "or"), entry("vee", "or"), entry("newline", "\\\\"),
            entry("pm", "±"), entry("mp", "∓"), entry("to", "="), entry("rightarrow", "="),
            entry("Rightarrow", "="), entry("implies", "="));

    /// Commands that change how a formula looks and not what it says.
    static final Set<String> INVISIBLE = Set.of("left", "right", "middle", "big", "Big", "bigg", "Bigg", "bigl",
            "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl", "Biggr", "displaystyle", "textstyle", "scriptstyle",
            "limits", "nolimits", "quad", "qquad", "thinspace", "enspace", "boxed", "fbox", "mathbf", "boldsymbol",
            "bm", "mathit", "mathsf", "mathcal", "overline", "underline", "bar", "vec", "hat", "tilde", "widehat",
            "overrightarrow", "therefore", "left.", "right.", "large", "Large", "angle", "triangle", "mathstrut",
            "rm", "bf", "it", "hfill", "noindent", "nonumber", "smash", "strut");

    /// Commands whose argument is words.
    static final Set<String> WORDS = Set.of("text", "mbox", "textbf", "textit", "textrm", "textsf", "texttt", "hbox",
            "mathrm", "operatorname", "mathop", "textnormal", "emph");

    /// Functions that take what follows them as their argument.
    static final Set<String> FUNCTIONS = Set.of("sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan",
            "asin", "acos", "atan", "sinh", "cosh", "tanh", "coth", "ln", "log", "lg", "exp", "sqrt", "det", "max",
            "min", "gcd", "lcm", "arg", "deg", "dim", "ker", "Re", "Im", "floor", "ceil", "abs");

    /// Other names for functions.
    static final Map<String, String> FUNCTION_ALIASES = Map.of("asin", "arcsin", "acos", "arccos", "atan", "arctan",
            "lg", "log", "Re", "re", "Im", "im");

    /// Functions of a bound variable; they are compared by what they are written with.
    static final Set<String> BINDERS = Set.of("sum", "prod", "int", "iint", "oint", "lim", "bigcup", "bigcap");

    /// Letters that are functions when a parenthesis follows them at once; other letters are then factors.
    static final Set<String> FUNCTION_LETTERS = Set.of("f", "g", "h", "F", "G", "H", "W");

    static final Set<String> GREEK = Set.of("alpha", "beta", "gamma", "delta", "epsilon", "varepsilon", "zeta", "eta",
            "theta", "vartheta", "kappa", "lambda", "mu", "nu", "xi", "rho", "sigma", "tau", "phi", "varphi", "chi",
            "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi", "Sigma", "Phi", "Psi", "Omega");

    /// Words that may follow a number and say what it counts. A single letter is a variable rather than a unit.
    static final Set<String> UNITS = Set.of("cm", "mm", "km", "kg", "mg", "mL", "ml", "ft", "lb", "lbs", "oz", "mph",
            "inch", "inches", "foot", "feet", "yard", "yards", "mile", "miles", "meter", "meters", "metre", "metres",
            "centimeter", "centimeters", "kilometer", "kilometers", "degree", "degrees", "second", "seconds", "minute",
            "minutes", "hour", "hours", "day", "days", "week", "weeks", "month", "months", "year", "years", "dollar",
            "dollars", "cent", "cents", "yuan", "euros", "unit", "units", "square", "cubic", "people", "students",
            "ways", "times", "points", "pounds", "grams", "gram", "liters", "liter", "litres", "litre", "hr", "hrs",
            "sec", "values", "numbers", "solutions", "integers", "pairs", "digits");

    /// Words for a percent sign.
    static final Set<String> PERCENT = Set.of("percent", "percentage", "pct");

    /// Words between answers.
    static final Set<String> CONNECTIVES = Set.of("and", "or");

    /// Every name of several letters that may be written without a backslash by its first letter, the longest first.
    private static final Map<Character, List<String>> NAMES = Stream.of(FUNCTIONS, GREEK, UNITS, PERCENT,
            CONNECTIVES, Set.of("pi", "oo", "infinity", "infty", "inf", "frac")).flatMap(Set::stream).distinct()
            .filter(name -> name.length() > 1).sorted(Comparator.comparingInt(String::length).reversed()
            .thenComparing(Comparator.naturalOrder())).collect(Collectors.groupingBy(name -> name.charAt(0)));

    private Vocabulary() {
    }

    /// The longest name of several letters that stands at a place in a text.
    static Optional<String> nameAt(String text, int place) {
        return NAMES.getOrDefault(text.charAt(place), List.of()).stream()
                .filter(name -> text.startsWith(name, place)).findFirst();
    }
}

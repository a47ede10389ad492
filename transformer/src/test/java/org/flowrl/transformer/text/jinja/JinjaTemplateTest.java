package org.flowrl.transformer.text.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JinjaTemplateTest {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.USE_LONG_FOR_INTS).build();

    /// `renders.jsonl`: variables, then templates of ours with the text that Jinja 3.1.6 makes of them, set up as in
    /// Transformers (sandbox, trim_blocks, lstrip_blocks, loop controls, its `tojson`).
    @Test
    void templatesRenderAsInJinja() throws IOException {
        List<JsonNode> rows = rows();
        Map<String, Object> variables = MAPPER.convertValue(rows.getFirst().get("variables"), new TypeReference<>() {
        });
        List<String> different = new ArrayList<>();
        for (JsonNode row : rows.subList(1, rows.size())) {
            String source = row.get("template").textValue();
            String expected = row.get("text").textValue();
            String text;
            try {
                text = JinjaTemplate.of("t", source).render(variables);
            } catch (JinjaException e) {
                text = e.getMessage();
            }
            if (!text.equals(expected)) {
                different.add("\n" + source + "\n=> " + text + "\nnot " + expected);
            }
        }
        assertThat(different).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '¦', quoteCharacter = '`', value = {
        "`a\n{{ x.y }}`                       ¦ t, line 2: 'x' is undefined",
        "{{ d.x.y }}                          ¦ t, line 1: a dict has no attribute 'x'",
        "{{ missing() }}                      ¦ t, line 1: 'missing' is undefined",
        "{{ d() }}                            ¦ t, line 1: 'd' is a dict and cannot be called",
        "{{ 1 + 'a' }}                        ¦ t, line 1: '+' cannot be used on an int and a str",
        "{{ none + 'a' }}                     ¦ t, line 1: '+' cannot be used on None and a str",
        "{{ 1 / 0 }}                          ¦ t, line 1: '/': division by zero",
        "{{ 9223372036854775807 + 1 }}        ¦ t, line 1: 9223372036854775807 + 1 is beyond 64 bits",
        "{{ 2 ** 64 }}                        ¦ t, line 1: 2 ** 64 is beyond 64 bits",
        "{% for x in none %}{% endfor %}      ¦ t, line 1: None has no items to go through",
        "{{ d.update(a=1) }}                  ¦ t, line 1: update: a template must not change its values",
        "{{ range(1000000) }}                 ¦ t, line 1: range: 1000000 numbers are more than 100000",
        "{{ raise_exception('roles!') }}      ¦ t, line 1: roles!",
        "{{ range|tojson }}                   ¦ t, line 1: tojson: a function has no JSON form",
        "{{ 'a'|shout }}                      ¦ t, line 1: filter 'shout' is not supported",
        "{{ 'a' is loud }}                    ¦ t, line 1: test 'loud' is not supported",
        "{% include 'x' %}                    ¦ t, line 1: statement 'include' is not supported; known: if, for, set, "
            + "macro, break, continue, generation, raw",
        "{% call m() %}{% endcall %}          ¦ t, line 1: statement 'call' is not supported; known: if, for, set, "
            + "macro, break, continue, generation, raw",
        "{% filter upper %}{% endfilter %}    ¦ t, line 1: statement 'filter' is not supported; known: if, for, set, "
            + "macro, break, continue, generation, raw",
        "{% extends 'x' %}                    ¦ t, line 1: statement 'extends' is not supported; known: if, for, set, "
            + "macro, break, continue, generation, raw",
        "{% import 'x' as y %}                ¦ t, line 1: statement 'import' is not supported; known: if, for, set, "
            + "macro, break, continue, generation, raw",
        "{% with x = 1 %}{% endwith %}        ¦ t, line 1: statement 'with' is not supported; known: if, for, set, "
            + "macro, break, continue, generation, raw",
        "{% break %}                          ¦ t, line 1: 'break' must stand in a loop",
        "`{% if x %}\n\na`                    ¦ t, line 3: 'endif' is missing",
        "`{{ 1\n+ }}`                         ¦ t, line 2: a value must come here, not '}}'",
        "{{ 'a                                ¦ t, line 1: a string must be closed by '",
        "{{ 1                                 ¦ t, line 1: '{{' must be closed by '}}'",
        "{# 1                                 ¦ t, line 1: '{#' must be closed by '#}'",
        "{{ 1 2 }}                            ¦ t, line 1: '}}' must come here, not '2'",
        "{{ a ; b }}                          ¦ t, line 1: unexpected character ';'",
        "{% set x.y = 1 %}                    ¦ t, line 1: 'x' must be a namespace for 'x.y' to be set",
        "{% set a, b = [1] %}                 ¦ t, line 1: there must be 2 values for a, b, not 1",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }} ¦ t, line 1: macro 'm' calls too deep, more than 100"})
    void errorsNameTemplateLineAndRule(String source, String message) {
        assertThatThrownBy(() -> JinjaTemplate.of("t", source).render(Map.of("d", Map.of())))
                .isInstanceOf(JinjaException.class).hasMessage(message);
    }

    /// What is nested without end is refused with its line, however it is nested.
    @ParameterizedTest
    @CsvSource(delimiter = '¦', value = {
        "{{          ¦ (        ¦ 1 ¦ )             ¦ }} ¦ nested too deep, more than 100 levels",
        "{{          ¦ [        ¦ 1 ¦ ]             ¦ }} ¦ nested too deep, more than 100 levels",
        "{{          ¦ -        ¦ 1 ¦ ''            ¦ }} ¦ nested too deep, more than 100 levels",
        "{{          ¦ 'not '   ¦ 1 ¦ ''            ¦ }} ¦ nested too deep, more than 100 levels",
        "{{          ¦ {1:      ¦ 1 ¦ }             ¦ }} ¦ nested too deep, more than 100 levels",
        "{{          ¦ f(       ¦ 1 ¦ )             ¦ }} ¦ nested too deep, more than 100 levels",
        "{{          ¦ '1 if 1 else ' ¦ 1 ¦ ''      ¦ }} ¦ nested too deep, more than 100 levels",
        "''          ¦ {% if 1 %} ¦ x ¦ {% endif %} ¦ '' ¦ nested too deep, more than 100 levels",
        "{{          ¦ ''       ¦ 1 ¦ +1            ¦ }} ¦ nested too deep, more than 500 levels",
        "{{          ¦ ''       ¦ 1 ¦ ' and 1'      ¦ }} ¦ nested too deep, more than 500 levels",
        "{{          ¦ ''       ¦ 1 ¦ |string       ¦ }} ¦ nested too deep, more than 500 levels",
        "{{          ¦ ''       ¦ d ¦ .get('x',d)   ¦ }} ¦ nested too deep, more than 500 levels",
        "''          ¦ {% set d = [d] %} ¦ {{d}} ¦ '' ¦ '' ¦ a value is nested too deep",
        "''          ¦ {% set d = [d] %} ¦ {{d|tojson}} ¦ '' ¦ '' ¦ a value is nested too deep",
        "''          ¦ {% set d = [d] %}{% set e = [e] %} ¦ {{d==e}} ¦ '' ¦ '' ¦ a value is nested too deep"})
    void endlessNestingIsRefusedByTheLine(String before, String open, String middle, String close, String after,
            String message) {
        String source = "\n" + before + open.repeat(50_000) + middle + close.repeat(50_000) + after;
        assertThatThrownBy(() -> JinjaTemplate.of("t", source).render(Map.of("d", Map.of(), "e", Map.of())))
                .isInstanceOf(JinjaException.class).hasMessage("t, line 2: " + message);
    }

    @Test
    void datesAreWrittenInEnglish() {
        Clock clock = Clock.fixed(Instant.parse("2025-09-03T14:05:06Z"), ZoneOffset.UTC);
        String source = "{{ strftime_now('%d %b %Y|%A %B %j|%I:%M:%S %p|%y-%m|100%%') }}";
        assertThat(JinjaTemplate.of("t", source, clock).render(Map.of()))
                .isEqualTo("03 Sep 2025|Wednesday September 246|02:05:06 PM|25-09|100%");
    }

    /// As Python has them: 'abcd'[9:0:-1] is 'dcb'.
    @ParameterizedTest
    @CsvSource({"[9:0:-1], dcb", "[2:-9:-1], cba", "[9:9], ''", "[-9:2], ab", "[::-2], db", "[3:1], ''"})
    void slicesEndWithTheirItems(String slice, String text) {
        assertThat(JinjaTemplate.of("t", "{{ 'abcd'" + slice + " }}").render(Map.of())).isEqualTo(text);
    }

    /// Calls are too deep one in another, not one after another.
    @Test
    void aMacroIsCalledAsOftenAsATemplateLikes() {
        assertThat(JinjaTemplate.of("t", "{% macro m() %}x{% endmacro %}{% for i in range(150) %}{{ m() }}{% endfor %}")
                .render(Map.of())).isEqualTo("x".repeat(150));
    }

    /// Where people write other digits, Python does not.
    @Test
    void numbersAreWrittenInAsciiEverywhere() {
        Locale own = Locale.getDefault();
        Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
        try {
            assertThat(String.format("%d", 7)).isEqualTo("٧");
            assertThat(JinjaTemplate.of("t", "{{ 1e-7 }} {{ 1e22 }} {{ 12 }} {{ '\\x07'|tojson }}").render(Map.of()))
                    .isEqualTo("1e-07 1e+22 12 \"\\u0007\"");
        } finally {
            Locale.setDefault(own);
        }
    }

    private static List<JsonNode> rows() throws IOException {
        try (InputStream in = JinjaTemplateTest.class.getResourceAsStream("renders.jsonl")) {
            List<JsonNode> rows = new ArrayList<>();
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                rows.add(MAPPER.readTree(line));
            }
            return rows;
        }
    }
}

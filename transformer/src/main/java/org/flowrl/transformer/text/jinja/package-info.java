/// The part of the template language Jinja that chat templates use, as Transformers sets it up: the first line break
/// after a block is dropped and white space before a block on its line too, undefined values print as nothing, and
/// nothing outside the template can be reached.
///
/// Read [JinjaTemplate] first. A template's text goes through one file a stage:
///
/// ```text
/// source ─ Lexer ─ tokens ─ TemplateParser ─ statements ─ Interpreter ─ text
///                           ExpressionParser  expressions  Evaluator: Operators, Attributes, Filters, ValueTests
/// ```
///
/// Values are Python's, held in Java's types: null (None), Boolean, Long, Double, String, List (lists, and tuples,
/// which print as lists here), Map (dicts, in order), [Undefined], [Namespace], [Loop] and [Callable]; [PythonText]
/// writes them as Python and its json module do.
///
/// The usual library, jinjava (2.8.4), was not taken: it brings more than a dozen further jars, Guava and Javassist
/// among them, for these few hundred lines.
package org.flowrl.transformer.text.jinja;

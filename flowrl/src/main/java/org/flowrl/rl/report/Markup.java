package org.flowrl.rl.report;

import java.io.StringWriter;
import javax.xml.stream.XMLOutputFactory;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamWriter;

/// Writes HTML that is well-formed XML as well: every element is closed, all text is escaped.
public final class Markup {
    private final StringWriter text = new StringWriter();
    private final XMLStreamWriter writer;

    /// Writes elements and text.
    @FunctionalInterface
    private interface Piece {
        void write(XMLStreamWriter writer) throws XMLStreamException;
    }

    public Markup() {
        try {
            this.writer = XMLOutputFactory.newFactory().createXMLStreamWriter(text);
        } catch (XMLStreamException e) {
            throw new IllegalStateException("no XML writer", e);
        }
    }

    /// Opens an element.
    ///
    /// @param attributes names and values in turn
    public Markup open(String name, String... attributes) {
        return write(out -> {
            out.writeStartElement(name);
            attributes(out, attributes);
        });
    }

    /// Closes the innermost open element.
    public Markup close() {
        return write(XMLStreamWriter::writeEndElement);
    }

    /// An element that never has content.
    public Markup empty(String name, String... attributes) {
        return write(out -> {
            out.writeEmptyElement(name);
            attributes(out, attributes);
        });
    }

    /// Text, escaped.
    public Markup text(String content) {
        return write(out -> out.writeCharacters(content));
    }

    /// An element with text alone in it.
    public Markup element(String name, String content, String... attributes) {
        return open(name, attributes).text(content).close();
    }

    /// A new line, for those who read the source.
    public Markup line() {
        return write(out -> out.writeCharacters("\n"));
    }

    /// What was written.
    @Override
    public String toString() {
        write(XMLStreamWriter::flush);
        return text.toString();
    }

    private static void attributes(XMLStreamWriter out, String... attributes) throws XMLStreamException {
        for (int i = 0; i < attributes.length; i += 2) {
            out.writeAttribute(attributes[i], attributes[i + 1]);
        }
    }

    private Markup write(Piece piece) {
        try {
            piece.write(writer);
        } catch (XMLStreamException e) {
            throw new IllegalStateException("markup: not well-formed", e);
        }
        return this;
    }
}

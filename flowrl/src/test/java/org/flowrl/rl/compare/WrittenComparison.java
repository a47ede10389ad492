package org.flowrl.rl.compare;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;

/// The files of a comparison, read back.
///
/// @param folder of the comparison
/// @param page its `report.html`
record WrittenComparison(Path folder, Document page) {
    /// What in a page would make a browser fetch something, and any address.
    static final String[] FETCHING = {"://", "src=", "href=", "url(", "@import", "<link", "<script", "<iframe",
        "<img"};

    private static final String DOCTYPE = "<!DOCTYPE html>\n";

    static WrittenComparison read(Path folder) throws Exception {
        String html = Files.readString(folder.resolve("report.html"));
        if (!html.startsWith(DOCTYPE)) {
            throw new AssertionError("report.html must start with " + DOCTYPE);
        }
        return new WrittenComparison(folder, DocumentBuilderFactory.newInstance().newDocumentBuilder()
                .parse(new InputSource(new StringReader(html.substring(DOCTYPE.length())))));
    }

    /// The cells of the body of the page's table with this id.
    List<List<String>> table(String id) {
        Element table = elements("table").stream()
                .filter(element -> element.getAttribute("id").equals(id)).findFirst().orElseThrow();
        return elements(elements(table, "tbody").getFirst(), "tr").stream().map(row -> elements(row, "td").stream()
                .map(Element::getTextContent).toList()).toList();
    }

    /// All elements of this name in the page.
    List<Element> elements(String name) {
        return elements(page.getDocumentElement(), name);
    }

    /// All elements of this name under another.
    static List<Element> elements(Element under, String name) {
        NodeList nodes = under.getElementsByTagName(name);
        return IntStream.range(0, nodes.getLength()).mapToObj(i -> (Element) nodes.item(i)).toList();
    }

    /// The rows of a file by column; quoted fields hold no line ends here.
    List<Map<String, String>> csv(String name) throws IOException {
        List<List<String>> lines = Files.readAllLines(folder.resolve(name)).stream().map(WrittenComparison::fields)
                .toList();
        return lines.stream().skip(1).map(line -> {
            Map<String, String> row = new LinkedHashMap<>();
            IntStream.range(0, line.size()).forEach(i -> row.put(lines.getFirst().get(i), line.get(i)));
            return row;
        }).toList();
    }

    private static List<String> fields(String line) {
        return Stream.of(line.split(",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", -1))
                .map(field -> field.startsWith("\"") ? field.substring(1, field.length() - 1).replace("\"\"", "\"")
                        : field).toList();
    }
}

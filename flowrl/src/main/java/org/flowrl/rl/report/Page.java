package org.flowrl.rl.report;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.flowrl.tensor.io.IoFault;

/// A self-contained HTML page: its style is in it, and it asks the network for nothing.
public final class Page {
    private Page() {
    }

    /// The page as text.
    ///
    /// @param title of window and page
    /// @param refreshSeconds after which a browser loads it again; 0 for never
    /// @param body writes what the page says
    public static String of(String title, int refreshSeconds, Consumer<Markup> body) {
        Markup out = new Markup();
        out.open("html", "lang", "en").line().open("head").empty("meta", "charset", "utf-8");
        out.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1");
        out.empty("meta", "name", "color-scheme", "content", "light dark");
        if (refreshSeconds > 0) {
            out.empty("meta", "http-equiv", "refresh", "content", Integer.toString(refreshSeconds));
        }
        out.element("title", title).element("style", style()).close().line();
        out.open("body").open("main").element("h1", title);
        body.accept(out);
        out.close().close().close();
        return "<!DOCTYPE html>\n" + out + "\n";
    }

    private static String style() {
        try (InputStream in = Page.class.getResourceAsStream("page.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw IoFault.doing("page.css", e);
        }
    }
}

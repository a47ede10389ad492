package org.flowrl.rl.report;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.flowrl.tensor.io.IoFault;

/// Serves a run's report on this machine while the run goes on: each request reads the folder anew, and the page loads
/// itself again every few seconds.
public final class Dashboard implements AutoCloseable {
    private static final int REFRESH_SECONDS = 3;
    private static final int LAST_PORT = 65_535;
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;

    private final HttpServer server;
    private final Path folder;

    private Dashboard(HttpServer server, Path folder) {
        this.server = server;
        this.folder = folder;
    }

    /// Begins to serve the run in `folder`, which may not have begun.
    ///
    /// @param port of the loopback interface; 0 for any free one
    /// @throws IllegalArgumentException where there is no such port
    /// @throws UncheckedIOException where the port cannot be had
    public static Dashboard open(Path folder, int port) {
        if (port < 0 || port > LAST_PORT) {
            throw new IllegalArgumentException("dashboard: port " + port + " must be in 0 to " + LAST_PORT);
        }
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
            Dashboard dashboard = new Dashboard(server, folder);
            server.createContext("/", dashboard::answer);
            server.start();
            return dashboard;
        } catch (IOException e) {
            throw IoFault.doing("dashboard: port " + port, e);
        }
    }

    /// The port that is served.
    public int port() {
        return server.getAddress().getPort();
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean known = exchange.getRequestURI().getPath().equals("/");
            byte[] page = (known ? page() : "not found: only / is").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", known ? "text/html; charset=utf-8" : "text/plain");
            exchange.sendResponseHeaders(known ? OK : NOT_FOUND, page.length);
            exchange.getResponseBody().write(page);
        }
    }

    private String page() {
        if (!Files.exists(folder.resolve("manifest.json"))) {
            return Page.of("The run has not begun", REFRESH_SECONDS, out -> out.element("p", folder.toString()));
        }
        return RunReport.html(folder, REFRESH_SECONDS);
    }

    /// Stops serving.
    @Override
    public void close() {
        server.stop(0);
    }
}

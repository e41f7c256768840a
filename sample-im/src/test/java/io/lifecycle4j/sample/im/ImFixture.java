package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lifecycle4j.App;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.ShutdownReport;
import io.lifecycle4j.sample.im.cli.ImCommandLine;
import io.lifecycle4j.sample.im.cli.ImOptions;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The whole server in this process, on free ports; its app does not own the JVM. */
final class ImFixture implements AutoCloseable {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final ImServer server;
    private final App app;

    private ImFixture(ImServer server, App app) {
        this.server = server;
        this.app = app;
    }

    static ImFixture start(Path data, String... arguments) throws Exception {
        List<String> all = new ArrayList<>(
                List.of("--admin-port", "0", "--data-dir", data.resolve("im").toString()));
        all.addAll(List.of(arguments));
        if (!all.contains("--port")) {
            all.addAll(List.of("--port", "0"));
        }
        ImOptions options = new ImOptions();
        ImCommandLine.of(options, Map.of()).parseArgs(all.toArray(new String[0]));
        ImServer server = new ImServer(options);
        AppBuilder builder = App.builder("im");
        server.configure(builder);
        App app = builder.build();
        app.start();
        return new ImFixture(server, app);
    }

    URI address() {
        return server.address();
    }

    ChatClient client(String user) throws Exception {
        return ChatClient.connect(address(), user);
    }

    RawClient raw() throws Exception {
        return RawClient.connect(address(), true);
    }

    /** What the admin server says of the whole. */
    JsonNode status() throws Exception {
        return MAPPER.readTree(admin("status").body());
    }

    HttpResponse<String> admin(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(server.adminAddress().resolve("/" + path))
                .build();
        return HTTP.send(request, BodyHandlers.ofString());
    }

    /** The value of one line of the metrics. */
    double metric(String nameAndLabels) throws Exception {
        Matcher line = Pattern.compile("(?m)^" + Pattern.quote(nameAndLabels) + " (\\S+)$")
                .matcher(admin("metrics").body());
        assertThat(line.find()).as(nameAndLabels).isTrue();
        return Double.parseDouble(line.group(1));
    }

    void askToShutDown() {
        app.requestShutdown("the test asks");
    }

    ShutdownReport shutdown() {
        return app.shutdown("the test ends");
    }

    @Override
    public void close() {
        shutdown();
    }
}

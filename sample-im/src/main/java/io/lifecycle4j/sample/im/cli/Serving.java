package io.lifecycle4j.sample.im.cli;

import com.mongodb.ConnectionString;
import com.mongodb.MongoException;
import io.lifecycle4j.sample.im.mongo.MongoConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import picocli.CommandLine.Option;

/** Where the chat listens, and where messages are kept. */
@SuppressWarnings("NullAway.Init") // picocli sets each option, if only to its default
public final class Serving {
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");

    public enum LogFormat {
        TEXT,
        JSON
    }

    @Option(
            names = "--host",
            defaultValue = "127.0.0.1",
            description = "Address to listen on (default: ${DEFAULT-VALUE}).")
    public String host;

    @Option(
            names = "--port",
            defaultValue = "8080",
            description = "Port of the page, the API and the WebSocket (default: ${DEFAULT-VALUE}; 0: any free one).")
    public int port;

    @Option(
            names = "--admin-port",
            defaultValue = "8081",
            description = "Port of /livez, /readyz, /status and /metrics (default: ${DEFAULT-VALUE}; 0: any free one).")
    public int adminPort;

    @Option(
            names = "--mongo-uri",
            defaultValue = "",
            description = "MongoDB's connection string; without it an embedded server keeps its data in --data-dir."
                    + " It may hold a password: IM_MONGO_URI keeps that from the list of processes.")
    public String mongoUri;

    @Option(
            names = "--data-dir",
            defaultValue = "data",
            description = "Folder of the embedded server's data (default: ${DEFAULT-VALUE}).")
    public String dataDir;

    @Option(
            names = "--database-only",
            paramLabel = "<port>",
            description = "Runs no chat, but the embedded server on this port of 127.0.0.1, for several nodes that are"
                    + " given --mongo-uri mongodb://127.0.0.1:<port>/im (default: off; 0: any free one).")
    public int databaseOnly = -1;

    @Option(
            names = "--allow-origin",
            split = ",",
            paramLabel = "<origin>",
            description = "Pages of other origins that may connect, such as https://chat.example.org; separated by"
                    + " commas (default: only this server's own).")
    public List<String> origins = new ArrayList<>();

    @Option(
            names = "--server-name",
            split = ",",
            paramLabel = "<name>",
            description =
                    "Public names of this server, such as chat.example.org, separated by commas. A request for another"
                            + " one gets 421 (default: none; localhost, addresses and --host always work).")
    public List<String> serverNames = new ArrayList<>();

    @Option(
            names = "--log-format",
            defaultValue = "text",
            description = "text for people, json for machines (default: ${DEFAULT-VALUE}).")
    public LogFormat logFormat;

    /** The names under which the chat is served, beside localhost and addresses. */
    public List<String> names() {
        List<String> names = new ArrayList<>(serverNames);
        names.add(host);
        return names;
    }

    void check() {
        Checks.inRange("--port", port, 0, 65_535);
        Checks.inRange("--admin-port", adminPort, 0, 65_535);
        if (port == adminPort && port != 0) {
            throw new WrongOptionException("--admin-port", adminPort + " (expected: another port than --port)");
        }
        Checks.inRange("--database-only", databaseOnly, -1, 65_535);
        for (String name : serverNames) {
            if (!NAME.matcher(name).matches()) {
                throw new WrongOptionException(
                        "--server-name", "'" + name + "' (expected: a name such as chat.example.org, without port)");
            }
        }
        if (dataDir.isBlank()) {
            throw new WrongOptionException("--data-dir", "'" + dataDir + "' (expected: a folder)");
        }
        try {
            ConnectionString unused = mongoUri.isEmpty() ? null : new ConnectionString(mongoUri);
        } catch (IllegalArgumentException e) {
            throw new WrongOptionException("--mongo-uri", MongoConnection.EXPECTED);
        } catch (MongoException e) {
            return; // its name server does not answer: that is no fault of the option's
        }
    }
}

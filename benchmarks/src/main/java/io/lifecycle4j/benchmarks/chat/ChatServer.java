package io.lifecycle4j.benchmarks.chat;

import io.lifecycle4j.benchmarks.ChildJvm;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/** The chats that are compared, each in a process and on a class path of its own, with the JVM's defaults. */
enum ChatServer {
    OURS("**Lifecycle4j's sample**", "/ws", "Sec-WebSocket-Protocol: im.v1\r\n") {
        @Override
        List<String> command(String jar, Path data) {
            return List.of("-jar", jar, "--port", "0", "--admin-port", "0", "--data-dir", data.toString());
        }

        @Override
        int port(ChildJvm server) throws IOException {
            String line = server.awaitLine("The chat is at ");
            return Integer.parseInt(line.replaceFirst(".*127\\.0\\.0\\.1:(\\d+).*", "$1"));
        }

        @Override
        Conversation conversation(int port, String user, List<Integer> rooms) throws IOException, InterruptedException {
            URI tokens = URI.create("http://127.0.0.1:" + port + "/api/tokens");
            HttpRequest request = HttpRequest.newBuilder(tokens)
                    .POST(BodyPublishers.ofString("{\"user\":\"" + user + "\"}"))
                    .build();
            String answer = HTTP.send(request, BodyHandlers.ofString()).body();
            return new ImConversation(answer.replaceFirst(".*\"token\":\"([^\"]+)\".*", "$1"), rooms);
        }
    },
    COMETD("CometD", "/cometd", "") {
        @Override
        List<String> command(String jar, Path data) {
            if (!Files.isDirectory(COMETD_JARS)) {
                throw new IllegalStateException(
                        COMETD_JARS + " is missing (expected: ./mvnw -f benchmarks/peers package)");
            }
            return List.of("-cp", COMETD_JARS + "/*", "io.lifecycle4j.benchmarks.peers.CometdPeer");
        }

        @Override
        int port(ChildJvm server) throws IOException {
            return Integer.parseInt(server.awaitLine("listening ").replace("listening ", ""));
        }

        @Override
        Conversation conversation(int port, String user, List<Integer> rooms) {
            return new BayeuxConversation(user, rooms);
        }
    };

    /** Those to measure: all, or those named by {@code -Dchats=OURS}. */
    static final List<ChatServer> CHOSEN = System.getProperty("chats") == null
            ? List.of(values())
            : Stream.of(System.getProperty("chats").split(",", -1))
                    .map(ChatServer::valueOf)
                    .toList();

    private static final Path COMETD_JARS = Path.of("benchmarks/peers/cometd/target/lib");
    private static final Duration LIFETIME = Duration.ofMinutes(4);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final String words;
    private final String path;
    private final String headerLines;

    ChatServer(String words, String path, String headerLines) {
        this.words = words;
        this.path = path;
        this.headerLines = headerLines;
    }

    String words() {
        return words;
    }

    String path() {
        return path;
    }

    /** More lines of the upgrade's head. */
    String headerLines() {
        return headerLines;
    }

    /** Starts it; what it stores goes into the folder. */
    ChildJvm start(String jar, Path data) throws IOException {
        return ChildJvm.readingStdout(command(jar, data), LIFETIME);
    }

    abstract List<String> command(String jar, Path data);

    /** Waits until it listens. */
    abstract int port(ChildJvm server) throws IOException;

    abstract Conversation conversation(int port, String user, List<Integer> rooms)
            throws IOException, InterruptedException;
}

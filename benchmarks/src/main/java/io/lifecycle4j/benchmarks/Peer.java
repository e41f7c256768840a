package io.lifecycle4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * A server with a graceful stop, to run in a process of its own. It answers {@code /} at once and {@code /slow?millis=} after so
 * long, and says {@code listening} and its port, {@code slow} when a slow request has come in, and {@code stopped} and the time
 * when its server has stopped. Those that are not in this module are built by {@code ./mvnw -f benchmarks/peers package}.
 */
enum Peer {
    OURS("**Lifecycle4j on Jetty**", ownClassPath(), "io.lifecycle4j.benchmarks.JettyPeer", "app"),
    JETTY("Jetty, GracefulHandler", ownClassPath(), "io.lifecycle4j.benchmarks.JettyPeer", "graceful"),
    SPRING_JETTY("Spring Boot on Jetty", jars("spring-jetty"), "io.lifecycle4j.benchmarks.peers.SpringPeer", ""),
    SPRING_TOMCAT("Spring Boot on Tomcat", jars("spring-tomcat"), "io.lifecycle4j.benchmarks.peers.SpringPeer", ""),
    ARMERIA("Armeria, quiet for 1 s", jars("armeria"), "io.lifecycle4j.benchmarks.peers.ArmeriaPeer", "1000"),
    ARMERIA_HASTY("Armeria, quiet for 1 ms", jars("armeria"), "io.lifecycle4j.benchmarks.peers.ArmeriaPeer", "1"),
    UNDERTOW("Undertow", jars("undertow"), "io.lifecycle4j.benchmarks.peers.UndertowPeer", ""),
    VERTX("Vert.x", jars("vertx"), "io.lifecycle4j.benchmarks.peers.VertxPeer", ""),
    SOCKETS("no server: sockets alone", ownClassPath(), "io.lifecycle4j.benchmarks.SocketPeer", "");

    /** Those to measure: all, or those named by {@code -Dpeers=OURS,JETTY}. */
    static final List<Peer> CHOSEN = System.getProperty("peers") == null
            ? List.of(values())
            : Stream.of(System.getProperty("peers").split(",", -1))
                    .map(Peer::valueOf)
                    .toList();

    static final Duration LIFETIME = Duration.ofMinutes(2);

    private final String words;
    private final String classPath;
    private final String main;
    private final String argument;

    Peer(String words, String classPath, String main, String argument) {
        this.words = words;
        this.classPath = classPath;
        this.main = main;
        this.argument = argument;
    }

    private static String ownClassPath() {
        return System.getProperty("java.class.path");
    }

    private static String jars(String folder) {
        return "benchmarks/peers/" + folder + "/target/lib/*";
    }

    String words() {
        return words;
    }

    ChildJvm start() throws IOException {
        return start(argument);
    }

    /** Starts it with another argument than its own. */
    ChildJvm start(String otherArgument) throws IOException {
        Path folder = Path.of(classPath).getParent();
        if (folder != null && classPath.endsWith("*") && !Files.isDirectory(folder)) {
            throw new IllegalStateException(folder + " is missing (expected: ./mvnw -f benchmarks/peers package, and "
                    + "to be run from the project's folder)");
        }
        return ChildJvm.readingStdout(List.of("-cp", classPath, main, otherArgument), LIFETIME);
    }

    /** Ends well by itself: with 0, or, where a JVM hook stops the server, with what the JVM makes of TERM. */
    int exitStatus() {
        return this == OURS ? 0 : 128 + 15;
    }
}

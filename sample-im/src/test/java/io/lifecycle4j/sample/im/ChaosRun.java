package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.lifecycle4j.sample.im.Evidence.Exit;
import io.lifecycle4j.sample.im.Evidence.Message;
import io.lifecycle4j.testing.HeldSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One server process after another on the same port and folder, a crowd that talks all the time, and the judgement. */
final class ChaosRun implements AutoCloseable {
    /** The shutdown's whole budget, and what a busy machine takes to start the JVM's end. */
    private static final Duration EXIT_LIMIT = Duration.ofMillis(25_500);

    private static final int KILLED = 137;
    private static final int FIRST_PORT = 18_200;
    private static final int LAST_PORT = 18_299;

    private final ChaosSettings settings;
    private final String name;
    private final Path folder;
    private final int port;
    private final List<String> behind;
    private final List<String> options;
    private final Moments moments;
    private final Crowd crowd;
    private final List<Exit> exits = new ArrayList<>();
    private final Set<Integer> stoppedCleanly = new HashSet<>();
    private int servers;
    private long asked; // when the server was told to end
    private @Nullable ImProcess process;

    ChaosRun(ChaosSettings settings, String name, Path folder, String... options) {
        this(settings, name, folder, freePort(), List.of(), options);
    }

    /** On a listening socket that outlives its servers. */
    ChaosRun(ChaosSettings settings, String name, Path folder, HeldSocket socket) {
        this(settings, name, folder, socket.port(), List.of(socket.command()));
    }

    private ChaosRun(
            ChaosSettings settings, String name, Path folder, int port, List<String> behind, String... options) {
        this.port = port;
        this.behind = behind;
        this.settings = settings;
        this.name = name;
        this.folder = folder;
        this.options = new ArrayList<>(List.of("--port", String.valueOf(port)));
        this.options.addAll(Arrays.asList(options));
        this.moments = new Moments(settings.seed());
        this.crowd = new Crowd(List.of(port), settings.clients(), settings.sendsPerSecond(), moments.random());
    }

    /** Below the ports that the system gives to clients: one of a thousand of these could else take the server's. */
    static int freePort() {
        return freePorts(1).get(0);
    }

    static List<Integer> freePorts(int count) {
        List<Integer> free = IntStream.rangeClosed(FIRST_PORT, LAST_PORT)
                .map(port -> LAST_PORT - (int) ((port + ProcessHandle.current().pid() * 7L) % 100))
                .filter(ChaosRun::isFree)
                .limit(count)
                .boxed()
                .toList();
        assertThat(free).as("free ports").hasSize(count);
        return free;
    }

    static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return probe.isBound();
        } catch (IOException e) {
            return false;
        }
    }

    Moments moments() {
        return moments;
    }

    ImProcess server() {
        if (process == null) {
            throw new IllegalStateException("no server was started");
        }
        return process;
    }

    /** Starts a server; does not wait until it runs. */
    ImProcess startServer() throws IOException {
        servers = crowd.serverStarts(port);
        ImProcess started = ImProcess.startBehind(behind, Map.of(), folder, options.toArray(String[]::new));
        process = started;
        return started;
    }

    /** Starts the first server, and returns when all clients are in their rooms. */
    ChaosRun begin() throws IOException {
        startServer().awaitRunning();
        crowd.connect();
        crowd.awaitReady();
        return this;
    }

    /**
     * Waits for a random moment: mostly one while all clients are back and have answers, else perhaps one in the midst of the server's
     * start, or of the stampede of those who come back.
     */
    void awaitMoment() {
        if (moments.random().nextInt(4) > 0) {
            awaitLoad();
        } else {
            moments.await(0, 2_500);
        }
    }

    /** Waits for a random moment while all clients are there and have answers. */
    void awaitLoad() {
        server().awaitRunning();
        crowd.awaitTalking();
        moments.await(0, 1_000);
    }

    /** Sees to it that there are read receipts to flush. */
    void receive() {
        crowd.receive();
    }

    void kill() throws Exception {
        end("KILL", "KILL", Set.of(KILLED));
    }

    void terminate() throws Exception {
        terminate("TERM", Set.of(0));
    }

    void terminate(String how, Set<Integer> expected) throws Exception {
        askToStop();
        awaitStop(how, expected);
    }

    /** Sends TERM, and returns at once. */
    void askToStop() throws Exception {
        stoppedCleanly.add(servers);
        asked = System.nanoTime();
        server().signal("TERM");
    }

    void awaitStop(String how, Set<Integer> expected) throws Exception {
        int status = server().awaitStatus();
        exits.add(new Exit(how, status, expected, Duration.ofNanos(System.nanoTime() - asked), EXIT_LIMIT));
        keepLog();
    }

    private void end(String how, String signal, Set<Integer> expected) throws Exception {
        asked = System.nanoTime();
        server().signal(signal);
        awaitStop(how, expected);
    }

    private void keepLog() throws IOException {
        Path logs = Files.createDirectories(Path.of("target", "chaos", name));
        Files.write(logs.resolve("server-" + servers + ".log"), server().lines());
    }

    /** The longest time that any client was told to stay away. */
    long longestRetryMillis() {
        return crowd.longestRetryMillis();
    }

    /**
     * Lets the crowd come to rest at the last server, ends that one with TERM under the eyes of all, reads everything back
     * from another one, and judges.
     */
    Verdict finish() throws Exception {
        boolean settled = crowd.settles();
        List<String> unsettled = settled ? List.of() : crowd.unsettled();
        crowd.leave();
        terminate();
        List<Evidence.Witness> witnesses = crowd.witnesses();
        startServer().awaitRunning();
        Map<String, List<Message>> stored = readBack(server().address(), witnesses);
        terminate();
        Verdict verdict = Judge.judge(new Evidence(witnesses, stored, stoppedCleanly, exits, Evidence.ANY_TIME));
        Map<String, Object> figures = new LinkedHashMap<>(verdict.figures());
        figures.put("reconnects", crowd.reconnects());
        figures.put("told to try again", crowd.refusals());
        figures.put("broken off", crowd.broken());
        List<String> faults = new ArrayList<>(verdict.faults());
        faults.addAll(crowd.failures());
        unsettled.forEach(client -> faults.add("has not come to rest: " + client));
        Verdict whole = new Verdict(faults, figures);
        String text = name + ", seed " + settings.seed() + ": " + whole;
        System.out.println(text);
        Files.writeString(Files.createDirectories(Path.of("target", "chaos")).resolve(name + ".txt"), text + "\n");
        return whole;
    }

    static Map<String, List<Message>> readBack(URI server, List<Evidence.Witness> witnesses) throws Exception {
        Set<String> rooms = new TreeSet<>();
        witnesses.forEach(witness -> rooms.addAll(witness.heard().keySet()));
        HttpClient http = HttpClient.newHttpClient();
        String token = ChatClient.token(server, "reader");
        Map<String, List<Message>> stored = new LinkedHashMap<>();
        for (String room : rooms) {
            stored.put(room, readBack(server, http, token, room));
        }
        return stored;
    }

    private static List<Message> readBack(URI server, HttpClient http, String token, String room) throws Exception {
        List<Message> all = new ArrayList<>();
        long before = Long.MAX_VALUE;
        boolean more = true;
        while (more) {
            URI page = server.resolve("/api/rooms/" + room + "/messages?limit=300&before=" + before);
            HttpResponse<String> response = http.send(
                    HttpRequest.newBuilder(page)
                            .header("Authorization", "Bearer " + token)
                            .build(),
                    BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
            JsonNode body = new ObjectMapper().readTree(response.body());
            List<Message> messages = new ArrayList<>();
            RoomView.add(messages, body.path("messages"));
            all.addAll(0, messages);
            more = body.path("more").asBoolean() && !messages.isEmpty();
            before = messages.isEmpty() ? 0 : messages.get(0).seq();
        }
        return all;
    }

    @Override
    public void close() throws IOException {
        crowd.close();
        if (process != null) {
            process.close();
            keepLog(); // of one that did not start, too
        }
    }
}

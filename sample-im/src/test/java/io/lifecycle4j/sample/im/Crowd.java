package io.lifecycle4j.sample.im;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;

/** Many clients that talk in rooms of twenty, at a steady rate, whatever becomes of their server. Thread-safe. */
final class Crowd implements AutoCloseable {
    static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final int ROOM_SIZE = 20;
    private static final int SPOKEN_AGAIN = 25; // one in so many
    private static final long TICK_MILLIS = 10;

    private final List<Integer> ports;
    private final Random random;
    private final List<CrowdClient> clients = new ArrayList<>();
    private final ExecutorService workers = Executors.newFixedThreadPool(2);
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .executor(workers)
            .build();
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private final Map<Integer, Integer> servers = new ConcurrentHashMap<>(); // by port: the number of the one there now
    private final AtomicInteger started = new AtomicInteger();
    private final AtomicLong acknowledged = new AtomicLong();
    private final AtomicLong reconnects = new AtomicLong();
    private final AtomicLong longestRetry = new AtomicLong(-1);
    private final Map<String, Integer> refusals = new ConcurrentHashMap<>();
    private final Map<String, Integer> broken = new ConcurrentHashMap<>();
    private final Queue<String> failures = new ConcurrentLinkedQueue<>();
    private volatile boolean speaking = true;

    /**
     * @param ports the nodes; whose connection ends goes to the next one
     * @param perSecond how many messages all of them together send
     */
    Crowd(List<Integer> ports, int size, int perSecond, Random random) {
        this.ports = List.copyOf(ports);
        this.random = random;
        for (int i = 0; i < size; i++) {
            // Two rooms each: one with its neighbours, one with clients from everywhere.
            List<String> rooms = List.of("near-" + i / ROOM_SIZE, "far-" + i % Math.max(1, size / ROOM_SIZE));
            clients.add(new CrowdClient(this, "u" + i, rooms, new Random(random.nextLong())));
        }
        var unused = timer.scheduleAtFixedRate(
                () -> tickOrComplain(perSecond), TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** What got out would end the ticks, and a crowd that has fallen silent finds nothing. */
    private void tickOrComplain(int perSecond) {
        try {
            tick(perSecond);
        } catch (Throwable e) {
            StringWriter text = new StringWriter();
            e.printStackTrace(new PrintWriter(text));
            failures.add(text.toString());
        }
    }

    private void tick(int perSecond) {
        double due = perSecond * TICK_MILLIS / 1_000.0;
        int count = (int) due + (random.nextDouble() < due - (int) due ? 1 : 0);
        for (int i = 0; speaking && i < count; i++) {
            clients.get(random.nextInt(clients.size())).speak(random.nextInt(SPOKEN_AGAIN) == 0);
        }
    }

    /** A new server process begins: what opens from now on at this port is open to that one. Returns its number. */
    int serverStarts(int port) {
        int number = started.incrementAndGet();
        servers.put(port, number);
        return number;
    }

    int server(int port) {
        return servers.getOrDefault(port, 0);
    }

    int port(int seat) {
        return ports.get(seat % ports.size());
    }

    void connect() {
        clients.forEach(client -> later(random.nextInt(clients.size()), client::connect));
    }

    void awaitReady() {
        Awaitility.await("all clients connected")
                .atMost(PATIENCE)
                .until(() -> clients.stream().allMatch(CrowdClient::isReady));
    }

    /** Waits until many get an answer from now on; what is ended before that, on a busy machine, is never under load. */
    void awaitTalking() {
        acknowledged.set(0);
        Awaitility.await("all clients connected, and answers")
                .atMost(PATIENCE)
                .until(() -> acknowledged.get() >= clients.size() / 2
                        && clients.stream().allMatch(CrowdClient::isReady));
    }

    /** Says nothing new, and waits until everything has its answer and everybody has heard everything, or the time is up. */
    boolean settles() {
        speaking = false;
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (System.nanoTime() < deadline) {
            Map<String, Long> heads = new HashMap<>();
            clients.forEach(client -> client.reportHeads(heads));
            if (clients.stream().allMatch(client -> client.isSettled(heads))) {
                return true;
            }
            await(50);
        }
        return false;
    }

    /** What is not as it should be; for a message. */
    List<String> unsettled() {
        Map<String, Long> heads = new HashMap<>();
        clients.forEach(client -> client.reportHeads(heads));
        return clients.stream()
                .filter(client -> !client.isSettled(heads))
                .limit(5)
                .map(CrowdClient::unsettled)
                .toList();
    }

    private static void await(long millis) {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        Awaitility.await().pollInterval(Duration.ofMillis(10)).until(() -> System.nanoTime() >= until);
    }

    /** Comes back no more once the connections end. */
    void leave() {
        clients.forEach(CrowdClient::leave);
    }

    List<Evidence.Witness> witnesses() {
        return clients.stream().map(CrowdClient::witness).toList();
    }

    /** What went wrong in the crowd itself. */
    List<String> failures() {
        return List.copyOf(failures);
    }

    void toldToStayAway(long millis) {
        longestRetry.accumulateAndGet(millis, Math::max);
    }

    /** The longest time that any client was told to stay away; -1 if none was. */
    long longestRetryMillis() {
        return longestRetry.get();
    }

    long reconnects() {
        return Math.max(0, reconnects.get() - clients.size());
    }

    Map<String, Integer> refusals() {
        return Map.copyOf(refusals);
    }

    /** Each client says how far it has read: there is something to flush then. */
    void receive() {
        clients.forEach(CrowdClient::receive);
    }

    void acknowledged() {
        acknowledged.incrementAndGet();
    }

    void cameBack() {
        reconnects.incrementAndGet();
    }

    void refused(String code) {
        refusals.merge(code, 1, Integer::sum);
    }

    void broken(String error) {
        broken.merge(error, 1, Integer::sum);
    }

    /** How connections broke that did not end with a close frame. */
    Map<String, Integer> broken() {
        return Map.copyOf(broken);
    }

    HttpClient client() {
        return http;
    }

    static URI http(int port, String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    static URI webSocket(int port) {
        return URI.create("ws://127.0.0.1:" + port + "/ws");
    }

    void later(long millis, Runnable task) {
        if (!timer.isShutdown()) {
            var unused = timer.schedule(task, millis, TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        leave();
        speaking = false;
        timer.shutdownNow();
        workers.shutdownNow();
    }
}

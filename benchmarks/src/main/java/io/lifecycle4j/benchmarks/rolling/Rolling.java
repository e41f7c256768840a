package io.lifecycle4j.benchmarks.rolling;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Restarts two processes of a service in turn, behind a balancer and under load, and counts what the clients see. On 127.0.0.1
 * only; every wait has its limit, so that it ends whatever hangs.
 */
public final class Rolling implements AutoCloseable {
    private static final int CONNECTIONS = 32;
    private static final long PATIENCE_SECONDS = 60;

    private final Owned owned = new Owned();
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final Balancer balancer;
    private final Variant variant;
    private final int port = freePort();
    private final List<Node> nodes = List.of(new Node("a", freePort()), new Node("b", freePort()));
    private final List<Double> exits = new ArrayList<>();
    private final Map<Integer, Integer> statuses = new TreeMap<>();

    private Rolling(Balancer balancer, Variant variant) throws IOException {
        this.balancer = balancer;
        this.variant = variant;
    }

    /**
     * Measures and prints.
     *
     * @param arguments how many restarts (20), the balancer (haproxy) and the variant (announced), each may be left out
     * @return whether every request was answered with 200 and every exit had the status expected
     */
    public static boolean print(List<String> arguments) throws Exception {
        int restarts = arguments.isEmpty() ? 20 : Integer.parseInt(arguments.get(0));
        Balancer balancer = Balancer.valueOf(word(arguments, 1, "haproxy"));
        Variant variant = Variant.valueOf(word(arguments, 2, "announced"));
        try (Rolling rolling = new Rolling(balancer, variant)) {
            return rolling.measure(restarts);
        }
    }

    private static String word(List<String> arguments, int index, String otherwise) {
        return (arguments.size() > index ? arguments.get(index) : otherwise).toUpperCase(Locale.ROOT);
    }

    private boolean measure(int restarts) throws Exception {
        System.out.println(restarts + " restarts behind " + balancer.word() + ", " + variant.word() + ", announceDelay "
                + variant.announceDelay().toSeconds() + " s");
        Path configuration = balancer.configure(owned.folder(), port, nodes.get(0).port, nodes.get(1).port);
        for (Node node : nodes) {
            node.start();
        }
        List<String> command = new ArrayList<>(List.of("timeout", "--kill-after=5", bound(restarts) + "s"));
        command.addAll(balancer.command(configuration));
        Process balancing = owned.start(balancer.word(), command);
        await(balancer.word(), balancing, "answers", () -> get(port, "/fast").equals("ok\n"));
        Process load = owned.startJava("load", Load.class, String.valueOf(port), String.valueOf(CONNECTIONS));
        for (Node node : nodes) {
            await(node.name, node.process, "is served", node::isServed);
        }
        for (int restart = 1; restart <= restarts; restart++) {
            restart(restart, nodes.get((restart + 1) % nodes.size()));
            if (!balancing.isAlive()) {
                throw new IllegalStateException(balancer.word() + " has ended: " + owned.output(balancer.word()));
            }
        }
        load.getOutputStream().close();
        if (!load.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the load does not end");
        }
        if (load.exitValue() != 0) {
            throw new IllegalStateException("the load has failed: " + owned.output("load"));
        }
        for (Node node : nodes) {
            node.stop();
        }
        return report(restarts);
    }

    private static long bound(int restarts) {
        return PATIENCE_SECONDS * (3 + 2L * restarts);
    }

    private void restart(int number, Node node) throws Exception {
        LocalTime begun = LocalTime.now(ZoneId.systemDefault()).truncatedTo(ChronoUnit.MILLIS);
        double gone = node.stop();
        int status = node.process.exitValue();
        exits.add(gone);
        statuses.merge(status, 1, Integer::sum);
        long start = System.nanoTime();
        node.start();
        await(node.name, node.process, "is served", node::isServed);
        System.out.printf(
                "%2d  %s  %s: gone after %.2f s, status %d; served again %.2f s after its start%n",
                number, begun, node.name, gone, status, (System.nanoTime() - start) / 1e9);
    }

    private boolean report(int restarts) throws IOException {
        Map<String, Long> counts = new TreeMap<>();
        for (String line : Files.readAllLines(owned.folder().resolve("load.out"))) {
            String[] parts = line.split(" ", -1);
            counts.put(parts[0], Long.parseLong(parts[1]));
        }
        long connections = value(counts, "connections");
        long slowest = value(counts, "slowest-ms");
        long posts = counts.getOrDefault("POST:200", 0L);
        long requests = counts.values().stream().mapToLong(Long::longValue).sum();
        long failed = requests - posts - counts.getOrDefault("GET:200", 0L);
        Files.readAllLines(owned.folder().resolve("load.err")).forEach(line -> System.out.println("    " + line));
        Collections.sort(exits);
        System.out.println(
                "requests: " + requests + " on " + connections + " connections; slowest: " + slowest + " ms");
        System.out.println("answers: " + counts);
        System.out.println("orders acknowledged: " + posts + ", executed: " + said("executed"));
        System.out.println("rejected by the gates: " + said("rejected"));
        System.out.printf(
                "restarts: %d; exit after %.2f to %.2f s, statuses (and how often): %s%n",
                restarts, exits.get(0), exits.get(exits.size() - 1), statuses);
        System.out.println("failed requests: " + failed);
        return failed == 0 && statuses.keySet().equals(Set.of(variant.exitStatus()));
    }

    private static long value(Map<String, Long> counts, String name) {
        Long value = counts.remove(name);
        return value == null ? 0 : value;
    }

    /** Only those with the library can still say what they did when nothing comes in any more. */
    private String said(String what) throws IOException {
        long sum = 0;
        boolean said = false;
        for (Node node : nodes) {
            for (String line : Files.readAllLines(owned.folder().resolve(node.name + ".out"))) {
                if (line.startsWith(what + " ")) {
                    sum += Long.parseLong(line.substring(what.length() + 1));
                    said = true;
                }
            }
        }
        return said ? String.valueOf(sum) : "unknown";
    }

    @Override
    public void close() {
        owned.close();
    }

    private String get(int ofPort, String path) {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + ofPort + path))
                .timeout(Duration.ofSeconds(2))
                .build();
        try {
            return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
        } catch (IOException e) {
            return ""; // not yet
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private void await(String name, Process process, String what, BooleanSupplier condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (!condition.getAsBoolean()) {
            boolean late = System.nanoTime() - end > 0;
            if (late || !process.isAlive()) {
                throw new IllegalStateException(name + (late ? " is late" : " has ended") + " (expected: it " + what
                        + "); it said: " + owned.output(name));
            }
            Thread.sleep(50);
        }
    }

    /** Below the ports that the system gives to outgoing connections: between two starts, one of those would take it. */
    private static int freePort() throws IOException {
        SplittableRandom random = new SplittableRandom();
        while (true) {
            try (ServerSocket socket =
                    new ServerSocket(random.nextInt(15_000, 30_000), 1, InetAddress.getLoopbackAddress())) {
                return socket.getLocalPort();
            } catch (BindException e) {
                // taken: another
            }
        }
    }

    private final class Node {
        private final String name;
        private final int port;
        private Process process;

        Node(String name, int port) {
            this.name = name;
            this.port = port;
        }

        void start() throws Exception {
            process = owned.startJava(name, Service.class, String.valueOf(port), variant.name());
            await(name, process, "is up", () -> !get(port, "/orders").isEmpty());
        }

        boolean isServed() {
            String orders = get(port, "/orders");
            return !orders.isEmpty() && Long.parseLong(orders.strip()) > 0;
        }

        /** Sends TERM and returns how many seconds later it was gone. */
        double stop() throws InterruptedException {
            long start = System.nanoTime();
            process.toHandle().destroy();
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                throw new IllegalStateException(name + " does not end");
            }
            return (System.nanoTime() - start) / 1e9;
        }
    }
}

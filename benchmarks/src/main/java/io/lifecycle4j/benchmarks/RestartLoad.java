package io.lifecycle4j.benchmarks;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;

/**
 * The JDK's client under load, for {@code benchmarks/restarts.py}: HTTP/2, a few requests side by side, one after another, until stdin ends. It
 * prints what came of them: their number, those that failed, those with a status of 500 and more, the longest wait.
 */
public final class RestartLoad {
    private static final int SIDE_BY_SIDE = 8;

    private final Map<String, Integer> failures = new TreeMap<>();
    private int served;
    private int failed;
    private int rejected;
    private long longest;

    private RestartLoad() {}

    public static void main(String[] arguments) throws Exception {
        RestartLoad load = new RestartLoad();
        HttpRequest request = HttpRequest.newBuilder(URI.create(arguments[0]))
                .timeout(Duration.ofSeconds(30))
                .build();
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build();
        CountDownLatch over = new CountDownLatch(1);
        Thread[] threads = new Thread[SIDE_BY_SIDE];
        for (int i = 0; i < SIDE_BY_SIDE; i++) {
            threads[i] = new Thread(() -> {
                while (over.getCount() > 0) {
                    load.send(client, request);
                }
            });
            threads[i].start();
        }
        while (System.in.read() >= 0) {}
        over.countDown();
        for (Thread thread : threads) {
            thread.join();
        }
        System.out.println(load.served + " " + load.failed + " " + load.rejected + " " + load.longest / 1_000_000);
        System.err.println(load.failures);
        System.exit(0);
    }

    private void send(HttpClient client, HttpRequest request) {
        long begun = System.nanoTime();
        try {
            HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
            boolean whole = response.statusCode() == 200
                    && response.body().equals("ok")
                    && response.version() == HttpClient.Version.HTTP_2;
            count(whole ? 1 : 0, whole || response.statusCode() >= 500 ? 0 : 1, response.statusCode() >= 500 ? 1 : 0);
        } catch (Exception e) {
            count(0, 1, 0);
            synchronized (this) {
                failures.merge(String.valueOf(e), 1, Integer::sum);
            }
        }
        waited(System.nanoTime() - begun);
    }

    private synchronized void count(int served, int failed, int rejected) {
        this.served += served;
        this.failed += failed;
        this.rejected += rejected;
    }

    private synchronized void waited(long nanos) {
        longest = Math.max(longest, nanos);
    }
}

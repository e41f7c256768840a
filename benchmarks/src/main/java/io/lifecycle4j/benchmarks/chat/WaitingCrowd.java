package io.lifecycle4j.benchmarks.chat;

import java.io.IOException;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * A process of many users who listen, and are told that the server goes away. Says when the first and the last was told, when all
 * connections were gone, and how many saw which close code; then, if they are to come back, when they were in their rooms again.
 */
final class WaitingCrowd extends ImCrowd {
    private final boolean comesBack;
    private final Map<Integer, Integer> codes = new TreeMap<>();
    private int told;
    private int gone;
    private int back;
    private int recovered;
    private int refused;
    private int notJoined;

    private WaitingCrowd(int port, int count, int rooms, boolean comesBack) throws IOException, InterruptedException {
        super(port, count, rooms);
        this.comesBack = comesBack;
    }

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[0]);
        int count = Integer.parseInt(arguments[1]);
        int rooms = Integer.parseInt(arguments[2]);
        WaitingCrowd crowd = new WaitingCrowd(port, count, rooms, arguments[3].equals("back"));
        crowd.sockets().execute(crowd::connect);
    }

    @Override
    void allJoined() {}

    @Override
    public void told(ImClient client) {
        told++;
        if (told == 1) {
            System.out.println("first told " + Instant.now());
        } else if (told == clients().size()) {
            System.out.println("last told " + Instant.now());
        }
    }

    @Override
    public void gone(ImClient client, boolean joined, int code, String reason) {
        if (joined) {
            codes.merge(code, 1, Integer::sum);
            gone++;
            if (gone == clients().size()) {
                System.out.println("all gone " + Instant.now());
                System.out.println("codes " + codes);
            }
        } else {
            refused++;
        }
        if (comesBack) {
            sockets().after(client.delay(), () -> connect(client));
        }
    }

    @Override
    void returned(boolean whole) {
        back++;
        recovered += whole ? 1 : 0;
        if (back == 1) {
            System.out.println("first back " + Instant.now());
        } else if (back == clients().size() / 2) {
            System.out.println("half back " + Instant.now());
        } else if (back == clients().size()) {
            System.out.println("all back " + Instant.now());
            System.out.println(
                    "recovered " + recovered + ", connections refused " + refused + ", joins declined " + notJoined);
        }
    }

    @Override
    public void acknowledged(long id) {
        throw new IllegalStateException("nobody sends");
    }

    @Override
    public void message() {
        throw new IllegalStateException("nobody sends");
    }

    @Override
    public void declined() {
        throw new IllegalStateException("nobody sends");
    }

    @Override
    public void notJoined() {
        notJoined++;
    }
}

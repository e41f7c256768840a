package io.lifecycle4j.benchmarks.chat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;

/** Users of the sample, each with a token and a connection of its own, spread evenly over rooms. */
abstract class ImCrowd implements ImClient.Crowd {
    private static final String PROTOCOL = "Sec-WebSocket-Protocol: im.v1\r\n";
    private static final int MOST_UNDER_WAY = 100; // so that a crowd's coming is no storm

    private final InetSocketAddress server;
    private final WebSocketClients sockets;
    private final List<ImClient> clients = new ArrayList<>();
    private int begun;
    private int joined;

    ImCrowd(int port, int count, int rooms) throws IOException, InterruptedException {
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> {
            System.out.println("failed: " + failure);
            System.exit(1);
        });
        server = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        sockets = WebSocketClients.start("clients");
        HttpClient http = HttpClient.newHttpClient();
        for (int i = 0; i < count; i++) {
            String user = "user" + i;
            clients.add(new ImClient(sockets, user, token(http, user), "room" + i % rooms, this));
        }
    }

    private String token(HttpClient http, String user) throws IOException, InterruptedException {
        URI tokens = URI.create("http://127.0.0.1:" + server.getPort() + "/api/tokens");
        String body = http.send(
                        HttpRequest.newBuilder(tokens)
                                .POST(BodyPublishers.ofString("{\"user\":\"" + user + "\"}"))
                                .build(),
                        BodyHandlers.ofString())
                .body();
        return body.replaceFirst(".*\"token\":\"([^\"]+)\".*", "$1");
    }

    /** Connects all, a hundred at a time. */
    final void connect() {
        for (int i = 0; i < MOST_UNDER_WAY; i++) {
            connectNext();
        }
    }

    private void connectNext() {
        if (begun < clients.size()) {
            connect(clients.get(begun++));
        }
    }

    final void connect(ImClient client) {
        sockets.connect(server, "/ws", PROTOCOL, client);
    }

    final WebSocketClients sockets() {
        return sockets;
    }

    final List<ImClient> clients() {
        return clients;
    }

    @Override
    public final void joined(ImClient client, boolean recovered) {
        if (joined == clients.size()) {
            returned(recovered);
            return;
        }
        joined++;
        connectNext();
        if (joined == clients.size()) {
            System.out.println("all joined");
            allJoined();
        }
    }

    /** Each is in its room. */
    abstract void allJoined();

    /** One that has lost its connection is in its room again. */
    abstract void returned(boolean recovered);
}

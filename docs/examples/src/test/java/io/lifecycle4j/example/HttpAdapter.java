package io.lifecycle4j.example;

import io.lifecycle4j.testing.AdapterContract;
import io.lifecycle4j.testing.AdapterContract.Answer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

// begin: http-adapter
/** How a request is sent to an HTTP server, whatever its adapter. */
abstract class HttpAdapter implements AdapterContract.Adapter {

    static InetSocketAddress local(int port) {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
    }

    @Override
    public Answer request(int port, String secret) throws IOException, InterruptedException {
        URI uri = URI.create("http://127.0.0.1:" + port + "/orders?token=" + secret);
        HttpRequest request = HttpRequest.newBuilder(uri)
                .header("Authorization", "Bearer " + secret)
                .build();
        int status = HttpClient.newHttpClient()
                .send(request, BodyHandlers.discarding())
                .statusCode();
        return switch (status) {
            case 200 -> Answer.SERVED;
            case 503 -> Answer.REJECTED;
            default -> throw new IOException("status " + status);
        };
    }
}
// end: http-adapter

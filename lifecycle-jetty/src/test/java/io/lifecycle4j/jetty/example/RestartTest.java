package io.lifecycle4j.jetty.example;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lifecycle4j.App;
import io.lifecycle4j.jetty.DrainPolicy;
import io.lifecycle4j.jetty.JettyServer;
import io.lifecycle4j.testing.HeldSocket;
import io.lifecycle4j.testing.JavaProcess;
import java.net.InetAddress;
import java.net.Socket;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** An example of docs/testing.md. */
@Timeout(60)
@DisabledOnOs(OS.WINDOWS) // has no TERM
class RestartTest {

    @BeforeEach
    void needsPython() {
        assumeTrue(HeldSocket.isAvailable());
    }

    // begin: restart
    @Test
    void whoComesDuringARestartIsServedByTheNextProcess() throws Exception {
        try (HeldSocket socket = HeldSocket.listen()) {
            JavaProcess.Builder shop = JavaProcess.of(RestartedMain.class).behind(socket.command());
            try (JavaProcess old = shop.startAndAwaitLine("is running")) {
                old.signal("TERM");
                assertEquals(0, old.awaitExit().status());
            }
            try (Socket newcomer = new Socket(InetAddress.getLoopbackAddress(), socket.port());
                    JavaProcess next = shop.startAndAwaitLine("is running")) {
                newcomer.setSoTimeout(10_000);
                newcomer.getOutputStream().write("GET / HTTP/1.1\r\nHost: shop\r\n\r\n".getBytes(US_ASCII));
                assertEquals('H', newcomer.getInputStream().read());
                assertEquals(1, next.count("inherited socket"));
            }
        }
    }

    static final class RestartedMain {
        public static void main(String[] args) {
            Server jetty = new Server();
            ServerConnector connector = new ServerConnector(jetty, 0, -1);
            connector.setHost("127.0.0.1");
            jetty.addConnector(connector);
            JettyServer server =
                    JettyServer.of("shop", jetty).inheritedSocket().drainPolicy(DrainPolicy.STOP_ACCEPTING);
            App.run("shop", app -> app.server(server));
        }
    }
    // end: restart
}

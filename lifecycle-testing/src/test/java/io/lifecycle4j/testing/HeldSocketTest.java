package io.lifecycle4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.Socket;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(90)
class HeldSocketTest {

    @BeforeEach
    void needsPython() {
        Assumptions.assumeTrue(HeldSocket.isAvailable(), "no python3");
    }

    @Test
    void oneProcessAfterAnotherServesItAndWhoComesBetweenWaits() throws Exception {
        try (HeldSocket socket = HeldSocket.listen()) {
            JavaProcess.Builder child =
                    JavaProcess.of(Child.class).arguments("accepts").behind(socket.command());
            for (int round = 0; round < 2; round++) {
                try (Socket newcomer = connect(socket);
                        JavaProcess process = child.start()) {
                    assertThat(newcomer.getInputStream().read()).isEqualTo('!');
                    assertThat(process.awaitExit().status()).isZero();
                }
            }
        }
    }

    @Test
    void aPortThatIsTakenIsNamed() {
        try (HeldSocket socket = HeldSocket.listen()) {
            assertThatThrownBy(() -> HeldSocket.listen(socket.port()))
                    .isInstanceOf(UncheckedIOException.class)
                    .hasMessageContaining("cannot listen at port " + socket.port());
        }
    }

    @Test
    void closeGivesThePortBack() throws Exception {
        HeldSocket socket = HeldSocket.listen();
        socket.close();
        socket.close();
        assertThatThrownBy(() -> connect(socket)).isInstanceOf(ConnectException.class);
    }

    private static Socket connect(HeldSocket socket) throws IOException {
        return new Socket(InetAddress.getLoopbackAddress(), socket.port());
    }
}

package io.lifecycle4j.jetty;

import java.io.InputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.eclipse.jetty.alpn.server.ALPNServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2CServerConnectionFactory;
import org.eclipse.jetty.http2.server.HTTP2ServerConnectionFactory;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.SecureRequestCustomizer;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.SslConnectionFactory;
import org.eclipse.jetty.util.ssl.SslContextFactory;
import org.jspecify.annotations.Nullable;

/** Two connectors of one server: clear text and TLS, each with HTTP/1.1 and HTTP/2. */
final class Connectors {
    private static final String PASSWORD = "for tests";

    /** A protocol, in clear text or over TLS. */
    enum Protocol {
        HTTP_1_1(false, HttpClient.Version.HTTP_1_1),
        HTTP_2_CLEAR(false, HttpClient.Version.HTTP_2),
        HTTP_1_1_TLS(true, HttpClient.Version.HTTP_1_1),
        HTTP_2_TLS(true, HttpClient.Version.HTTP_2);

        private final boolean secure;
        final HttpClient.Version version;

        Protocol(boolean secure, HttpClient.Version version) {
            this.secure = secure;
            this.version = version;
        }
    }

    // Made once for all tests: keytool needs half a second for a key.
    private static @Nullable KeyStore made;

    final ServerConnector clear;
    final ServerConnector secure;
    private final KeyStore keyStore;

    Connectors(Server server) throws Exception {
        keyStore = keyStore();
        clear = new ServerConnector(
                server,
                new HttpConnectionFactory(new HttpConfiguration()),
                new HTTP2CServerConnectionFactory(new HttpConfiguration()));
        secure = newSecure(server);
        for (ServerConnector connector : new ServerConnector[] {clear, secure}) {
            connector.setHost("127.0.0.1");
            server.addConnector(connector);
        }
    }

    private ServerConnector newSecure(Server server) {
        SslContextFactory.Server tls = new SslContextFactory.Server();
        tls.setKeyStore(keyStore);
        tls.setKeyStorePassword(PASSWORD);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.addCustomizer(new SecureRequestCustomizer());
        return new ServerConnector(
                server,
                new SslConnectionFactory(tls, "alpn"),
                new ALPNServerConnectionFactory(),
                new HTTP2ServerConnectionFactory(configuration),
                new HttpConnectionFactory(configuration));
    }

    private static synchronized KeyStore keyStore() throws Exception {
        KeyStore store = made;
        if (store == null) {
            Path folder = Files.createTempDirectory("connectors");
            Path file = folder.resolve("test.p12");
            store = newKeyStore(file);
            made = store;
            Files.delete(file);
            Files.delete(folder);
        }
        return store;
    }

    private static KeyStore newKeyStore(Path file) throws Exception {
        Process keytool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool")
                                .toString(),
                        "-genkeypair",
                        "-keyalg",
                        "EC",
                        "-alias",
                        "test",
                        "-dname",
                        "CN=localhost",
                        "-ext",
                        "san=dns:localhost",
                        "-storetype",
                        "PKCS12",
                        "-keystore",
                        file.toString(),
                        "-storepass",
                        PASSWORD)
                .inheritIO()
                .start();
        if (keytool.waitFor() != 0) {
            throw new IllegalStateException("keytool failed");
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD.toCharArray());
        }
        return store;
    }

    URI uri(Protocol protocol, String path) {
        return protocol.secure
                ? URI.create("https://localhost:" + secure.getLocalPort() + path)
                : URI.create("http://127.0.0.1:" + clear.getLocalPort() + path);
    }

    HttpClient client(Protocol protocol) throws Exception {
        return HttpClient.newBuilder()
                .version(protocol.version)
                .sslContext(trusting())
                .build();
    }

    /** Returns a socket that speaks HTTP/1.1 over TLS. */
    Socket tlsSocket() throws Exception {
        return trusting().getSocketFactory().createSocket("localhost", secure.getLocalPort());
    }

    private SSLContext trusting() throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("test", keyStore.getCertificate("test"));
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}

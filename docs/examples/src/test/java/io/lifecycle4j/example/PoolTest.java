package io.lifecycle4j.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.lifecycle4j.AppBuilder;
import io.lifecycle4j.Phase;
import io.lifecycle4j.ShutdownReport.Outcome;
import io.lifecycle4j.testing.FakeProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A pool of connections stays open for everything that may use it. */
@Timeout(60)
final class PoolTest {
    private final CountDownLatch response = new CountDownLatch(1);
    private String url = "";
    private int port;

    @BeforeEach
    void database(@TempDir java.nio.file.Path folder) throws SQLException {
        url = "jdbc:h2:" + folder.resolve("orders");
        try (HikariDataSource pool = pool(url)) {
            execute(pool, "create table orders(what varchar)");
        }
    }

    // begin: hikari
    static HikariDataSource pool(String url) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setConnectionTimeout(3_000); // below drainTimeout, so that a request that waits is answered
        return new HikariDataSource(config);
    }

    void configure(AppBuilder app) throws IOException {
        HikariDataSource pool = app.resource("pool", pool(url)); // registered first, closed last
        JdkHttpServer server = app.server(server(pool));
        app.onShutdown("flush", context -> execute(pool, "insert into orders values('flushed')"));
        app.onStarted("port", view -> port = server.port());
    }
    // end: hikari

    private JdkHttpServer server(DataSource pool) throws IOException {
        return new JdkHttpServer("orders", new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .handle("/", exchange -> {
                    try (Connection connection = pool.getConnection()) {
                        connection.setAutoCommit(false);
                        connection.createStatement().execute("insert into orders values('ordered')");
                        response.await();
                        connection.commit();
                        exchange.sendResponseHeaders(200, -1);
                    } catch (SQLException | InterruptedException e) {
                        throw new IOException(e);
                    }
                });
    }

    @Test
    void whatIsInFlightCommitsAndTheFlushHasThePoolStill() throws Exception {
        try (FakeProcess process = new FakeProcess()) {
            process.run("shop", this::configure);
            CompletableFuture<HttpResponse<Void>> order = HttpClient.newHttpClient()
                    .sendAsync(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/"))
                                    .build(),
                            BodyHandlers.discarding());
            process.awaitInFlight("orders", 1);
            process.signal("TERM");
            process.awaitPhase(Phase.DRAIN);
            response.countDown();

            assertThat(order.get(10, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
            assertThat(process.awaitReport().outcome()).isEqualTo(Outcome.CLEAN);
        }
        try (HikariDataSource pool = pool(url)) { // the file is free, so the first pool is closed
            assertThat(count(pool)).isEqualTo(2);
        }
    }

    static void execute(DataSource pool, String sql) throws SQLException {
        try (Connection connection = pool.getConnection()) {
            connection.createStatement().execute(sql);
        }
    }

    private static int count(DataSource pool) throws SQLException {
        try (Connection connection = pool.getConnection();
                ResultSet rows = connection.createStatement().executeQuery("select count(*) from orders")) {
            rows.next();
            return rows.getInt(1);
        }
    }
}

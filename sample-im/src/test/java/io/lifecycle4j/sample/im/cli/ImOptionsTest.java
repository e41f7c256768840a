package io.lifecycle4j.sample.im.cli;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.lifecycle4j.sample.im.cli.Serving.LogFormat;
import io.lifecycle4j.sample.im.cli.Stopping.Leaving;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

final class ImOptionsTest {
    private final ImOptions options = new ImOptions();
    private final StringWriter said = new StringWriter();

    @Test
    void withoutOptionsTheDefaultsAreThoseThatTheHelpNames() {
        assertThat(run(Map.of())).isZero();
        assertThat(options.serving.port).isEqualTo(8080);
        assertThat(options.serving.host).isEqualTo("127.0.0.1");
        assertThat(options.serving.mongoUri).isEmpty();
        assertThat(options.serving.databaseOnly).isEqualTo(-1);
        assertThat(options.serving.logFormat).isEqualTo(LogFormat.TEXT);
        assertThat(options.stopping.announceDelay).isZero();
        assertThat(options.stopping.shutdownTimeout).isEqualTo(Duration.ofSeconds(25));
        assertThat(options.stopping.leaving).isEqualTo(Leaving.RESTART);
        assertThat(options.clients.sessions).isEqualTo(20_000);
        assertThat(options.clients.queueBytes).isEqualTo(2 << 20);
        assertThat(options.clients.silenceLimit()).isEqualTo(Duration.ofSeconds(25));
        assertThat(options.demonstration.demo).isFalse();
        assertThat(options.serving.origins).isEmpty();
        assertThat(options.serving.names()).containsExactly("127.0.0.1");
    }

    @Test
    void eachOptionCanComeFromTheEnvironmentAndTheFlagWins() {
        Map<String, String> environment = Map.of(
                "IM_PORT",
                "1",
                "IM_ADMIN_PORT",
                "2",
                "IM_ALLOW_ORIGIN",
                "http://a,http://b",
                "IM_DEMO",
                "true", //
                "IM_LOG_FORMAT",
                "json",
                "IM_HEARTBEAT",
                "3s",
                "IM_HOST",
                "");
        assertThat(run(environment, "--port", "3")).isZero();
        assertThat(options.serving.port).isEqualTo(3);
        assertThat(options.serving.adminPort).isEqualTo(2);
        assertThat(options.serving.origins).containsExactly("http://a", "http://b");
        assertThat(options.serving.logFormat).isEqualTo(LogFormat.JSON);
        assertThat(options.serving.host).isEqualTo("127.0.0.1"); // an empty variable is none
        assertThat(options.clients.heartbeat).isEqualTo(Duration.ofSeconds(3));
        assertThat(options.clients.readLimit).isEqualTo(Duration.ofSeconds(20)); // the default beside one that is given
        assertThat(options.demonstration.demo).isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--port=x|Invalid value for option '--port': 'x' is not an int",
                "--port=70000|--port: 70000 (expected: 0 to 65535)",
                "--admin-port=8080|--admin-port: 8080 (expected: another port than --port)",
                "--database-only=70000|--database-only: 70000 (expected: -1 to 65535)",
                "--data-dir=|--data-dir: '' (expected: a folder)",
                "--server-name=https://chat.example.org|--server-name: 'https://chat.example.org' (expected: a name such as chat.example.org, without port)",
                "--server-name=chat:80|--server-name: 'chat:80' (expected: a name such as chat.example.org, without port)",
                "--shutdown-timeout=0s|--shutdown-timeout: 0s (expected: > 0s)",
                "--drain-timeout=4|Invalid value for option '--drain-timeout': '4' is no duration (expected: such as 500ms, 4s or 2m)",
                "--request-limit=50ms|--request-limit: 50ms (expected: 100ms to 3600000ms)",
                "--send-rate=0|--send-rate: 0 (expected: 1 to 1000000)",
                "--queue-bytes=1|--queue-bytes: 1 (expected: 1048576 to 1073741824)",
                "--mongo-uri=mongodb://ann:geheim@host:x|--mongo-uri: no MongoDB connection string that can be used (expected: mongodb://host:port/database, with user and password percent-encoded if there are any)",
            })
    void aWrongOptionIsOneLineWithoutSecretsAndStatusTwo(String flag, String message) {
        assertThat(run(Map.of(), flag)).isEqualTo(2);
        assertThat(said).hasToString(message + " (--help lists the options)" + System.lineSeparator());
    }

    @ParameterizedTest
    @CsvSource({"--port=x, --log-format=json", "--no-such-option, --log-format=JSON", "--send-rate=0, --log-format=json"
    })
    void aWrongOptionIsALineOfTheLogIfThatIsJson(String wrong, String format) {
        assertThat(logged(Map.of(), wrong, format))
                .contains(wrong.replaceFirst("=.*", ""), "(--help lists the options)");
        assertThat(logged(Map.of("IM_LOG_FORMAT", "json"), wrong)).contains("(--help lists the options)");
        assertThat(said.toString()).isEmpty();
        assertThat(run(Map.of("IM_LOG_FORMAT", "json"), wrong, "--log-format", "text"))
                .isEqualTo(2);
        assertThat(said.toString()).contains("(--help lists the options)");
    }

    private String logged(Map<String, String> environment, String... arguments) {
        ListAppender<ILoggingEvent> log = new ListAppender<>();
        Logger logger = (Logger) LoggerFactory.getLogger(ImCommandLine.class);
        log.start();
        logger.addAppender(log);
        try {
            assertThat(run(environment, arguments)).isEqualTo(2);
        } finally {
            logger.detachAppender(log);
        }
        assertThat(log.list).singleElement().extracting(ILoggingEvent::getLevel).isEqualTo(Level.ERROR);
        return log.list.get(0).getFormattedMessage();
    }

    @Test
    void aWrongVariableIsNamed() {
        assertThat(run(Map.of("IM_PORT", "abc"))).isEqualTo(2);
        assertThat(said)
                .hasToString("Environment variable IM_PORT: Invalid value for option '--port': 'abc' is not an int"
                        + " (--help lists the options)" + System.lineSeparator());
        said.getBuffer().setLength(0);
        assertThat(run(Map.of("IM_SEND_RATE", "0"))).isEqualTo(2);
        assertThat(said.toString()).startsWith("Environment variable IM_SEND_RATE: --send-rate: 0 (expected: ");
        said.getBuffer().setLength(0);
        assertThat(run(Map.of("IM_REQUEST_LIMIT", "50ms"))).isEqualTo(2);
        assertThat(said.toString()).startsWith("Environment variable IM_REQUEST_LIMIT: --request-limit: 50ms ");
        said.getBuffer().setLength(0);
        assertThat(run(Map.of("IM_PORT", "1"), "--port=abc")).isEqualTo(2);
        assertThat(said.toString()).startsWith("Invalid value for option '--port'");
    }

    @Test
    void theDefaultsThatTheProtocolsDocumentNamesAreThoseOfTheOptions() throws Exception {
        Map<String, String> documented = Pattern.compile("`(--[a-z-]+)` \\(([\\d,]+)( s)?\\)")
                .matcher(Files.readString(Path.of("..", "docs", "im-protocol.md")))
                .results()
                .collect(Collectors.toMap(
                        named -> named.group(1),
                        named -> named.group(2).replace(",", "") + (named.group(3) == null ? "" : "s")));
        CommandSpec command = ImCommandLine.of(options, Map.of()).getCommandSpec();
        assertThat(documented)
                .hasSize(7)
                .allSatisfy((option, value) -> assertThat(value)
                        .as(option)
                        .isEqualTo(command.findOption(option).defaultValue()));
    }

    private int run(Map<String, String> environment, String... arguments) {
        CommandLine command = ImCommandLine.of(options, environment, arguments);
        return command.setErr(new PrintWriter(said, true)).execute(arguments);
    }
}

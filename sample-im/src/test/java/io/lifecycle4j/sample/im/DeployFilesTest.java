package io.lifecycle4j.sample.im;

import static org.assertj.core.api.Assertions.assertThat;

import io.lifecycle4j.sample.im.cli.ImCommandLine;
import io.lifecycle4j.sample.im.cli.ImOptions;
import io.lifecycle4j.sample.im.cli.Stopping;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What {@code docs/deploy} and the chat's pages say of options and times is what the code knows. */
final class DeployFilesTest {
    private static final Path DOCS = Path.of("..", "docs");
    private static final Pattern VARIABLE = Pattern.compile("\\bIM_[A-Z_]*[A-Z]\\b");
    private static final Pattern FLAG = Pattern.compile("(?<![\\w-])--[a-z][a-z-]*[a-z]\\b");
    private static final Pattern BALANCER = Pattern.compile("check port \\d+ inter (\\d+)ms fall (\\d+) rise \\d+");

    // Defaults of the library, which the chat leaves as they are; LimitsExamplesTest has them.
    private static final int STOP = 5;
    private static final int CLOSE = 5;
    private static final double REPORT = 0.5;

    /** Flags of other programs that stand in these files. */
    private static final Set<String> OF_OTHERS = Set.of(
            "--system",
            "--create-home", // useradd
            "--replSet",
            "--quiet",
            "--eval",
            "--host",
            "--from-literal"); // mongod, mongosh, kubectl

    @Test
    void everyOptionAndVariableThatIsNamedExists() throws Exception {
        Set<String> flags = options();
        Set<String> variables = flags.stream()
                .map(flag -> "IM_" + flag.substring(2).toUpperCase(Locale.ROOT).replace('-', '_'))
                .collect(Collectors.toSet());
        for (Path file : files()) {
            String text = Files.readString(file);
            assertThat(all(VARIABLE, text)).as(file.toString()).isSubsetOf(variables);
            Set<String> named = all(FLAG, text);
            named.removeAll(OF_OTHERS);
            assertThat(named).as(file.toString()).isSubsetOf(flags);
        }
    }

    private static Set<String> options() {
        return ImCommandLine.of(new ImOptions(), Map.of()).getCommandSpec().optionsMap().keySet().stream()
                .filter(name -> name.startsWith("--"))
                .collect(Collectors.toSet());
    }

    private static List<Path> files() throws Exception {
        List<Path> files = new ArrayList<>();
        try (Stream<Path> deploy = Files.list(DOCS.resolve("deploy"));
                Stream<Path> docs = Files.list(DOCS)) {
            deploy.forEach(files::add);
            docs.filter(file -> file.getFileName().toString().startsWith("im-")
                            && file.toString().endsWith(".md"))
                    .forEach(files::add);
        }
        assertThat(files).hasSizeGreaterThan(6);
        return files;
    }

    private static Set<String> all(Pattern pattern, String text) {
        return pattern.matcher(text).results().map(hit -> hit.group()).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The sum that stands in a file is that of its settings and the defaults, and each waits longer than the one within it. */
    @ParameterizedTest
    @CsvSource({
        "compose.yaml, stop_grace_period: (\\d+)s  +# above",
        "kubernetes.yaml, terminationGracePeriodSeconds: (\\d+) ",
        "im.service, TimeoutStopSec=(\\d+)",
    })
    void theTimesAddUp(String name, String patience) throws Exception {
        String text = DeployFiles.read(name);
        Stopping stopping = options(name).stopping;
        int announce = stopping.announceDelay.toSecondsPart();
        int drain = stopping.drainTimeout.toSecondsPart();
        int flush = stopping.callbackTimeout.toSecondsPart();
        double sum = announce + drain + STOP + flush + CLOSE + REPORT;
        if (announce > 0) {
            assertThat(text)
                    .contains("# %d announce + %d drain + %d stop + %d flush + %d close + %s report = %s"
                            .formatted(announce, drain, STOP, flush, CLOSE, REPORT, sum));
        }
        assertThat(sum).isLessThanOrEqualTo(stopping.shutdownTimeout.toMillis() / 1_000.0);
        Matcher wait = Pattern.compile(patience).matcher(text);
        assertThat(wait.find()).isTrue();
        assertThat(Duration.ofSeconds(Long.parseLong(wait.group(1)))).isGreaterThan(stopping.shutdownTimeout);
    }

    @Test
    void systemdAcceptsTheUnits(@TempDir Path folder) throws Exception {
        Assumptions.assumeTrue(isInstalled("systemd-analyze"), "no systemd-analyze: the units are not checked");
        String service = DeployFiles.read("im.service");
        assertThat(service).contains("ExecStart=/usr/bin/java ");
        // It checks that the program is there, and a JDK may be elsewhere.
        Files.writeString(folder.resolve("im.service"), service.replace("/usr/bin/java", "/bin/sh"));
        Files.writeString(folder.resolve("im.socket"), DeployFiles.read("im.socket"));
        Process verify = new ProcessBuilder("systemd-analyze", "verify", "./im.service", "./im.socket")
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .start();
        String output = new String(verify.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(verify.waitFor()).as(output).isZero();
        assertThat(output).doesNotContain("im.s");
    }

    private static boolean isInstalled(String program) {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(path -> Files.isExecutable(Path.of(path, program)));
    }

    @Test
    void theAnnounceDelayIsAsLongAsTheBalancerMayTakeToNotice() throws Exception {
        String balancer = DeployFiles.read("haproxy.cfg");
        Matcher check = BALANCER.matcher(balancer);
        Matcher timeout = Pattern.compile("timeout check (\\d+)s").matcher(balancer);
        assertThat(check.find() && timeout.find()).isTrue();
        Duration one = Duration.ofMillis(Long.parseLong(check.group(1))).plusSeconds(Long.parseLong(timeout.group(1)));
        assertThat(options("compose.yaml").stopping.announceDelay)
                .isGreaterThanOrEqualTo(one.multipliedBy(Long.parseLong(check.group(2))));
    }

    private static ImOptions options(String name) throws Exception {
        ImOptions options = new ImOptions();
        assertThat(ImCommandLine.of(options, DeployFiles.environment(name)).execute())
                .isZero();
        return options;
    }
}

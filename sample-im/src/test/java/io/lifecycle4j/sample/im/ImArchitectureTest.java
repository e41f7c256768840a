package io.lifecycle4j.sample.im;

import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Each package is one room, and rooms know each other in one direction. {@code docs/im-tour.md} draws it. */
final class ImArchitectureTest {
    private static final String ROOT = ImArchitectureTest.class.getPackageName();
    private static final JavaClasses CLASSES = new ClassFileImporter().importPath(Path.of("target/classes"));
    private static final Path SOURCES = Path.of("src/main/java", ROOT.replace('.', '/'));

    /** Which other rooms each room may know. */
    private static final Map<String, Set<String>> KNOWS = Map.of(
            "threads", Set.of(),
            "embedded", Set.of(),
            "cli", Set.of(), // a text constant of mongo is compiled in
            "chat", Set.of(),
            "protocol", Set.of("chat"),
            "metrics", Set.of("protocol"),
            "mongo", Set.of("chat", "threads"),
            "websocket", Set.of("chat", "cli", "metrics", "mongo", "protocol", "threads"),
            "http", Set.of("chat", "metrics", "mongo", "protocol", "websocket"));

    @Test
    void noRoomsKnowEachOtherInACircle() {
        slices().matching(ROOT + ".(*)..").should().beFreeOfCycles().check(CLASSES);
    }

    @Test
    void aRoomKnowsThoseOfTheDrawingOnlyAndNoneKnowsTheTop() {
        Map<String, Set<String>> known = new TreeMap<>();
        for (JavaClass origin : CLASSES) {
            Set<String> rooms = known.computeIfAbsent(room(origin), name -> new TreeSet<>());
            origin.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass())
                    .filter(target -> target.getPackageName().startsWith(ROOT))
                    .map(ImArchitectureTest::room)
                    .filter(room -> !room.equals(room(origin)))
                    .forEach(rooms::add);
        }
        assertThat(known.remove("")).isNotNull(); // the wiring knows all
        assertThat(known).isEqualTo(new TreeMap<>(KNOWS));
    }

    @Test
    void theWiringAndTheShutdownAreReadWithoutScrollingFar() throws IOException {
        assertThat(lines("ImServer.java")).isLessThanOrEqualTo(100);
        assertThat(lines("ImShutdown.java")).isLessThanOrEqualTo(100);
    }

    @Test
    void noClassOfTheChatIsLong() throws IOException {
        try (Stream<Path> files = Files.walk(SOURCES)) {
            List<String> tooLong = files.filter(file -> file.toString().endsWith(".java"))
                    .filter(file -> linesOfClass(file) > 200)
                    .map(file -> SOURCES.relativize(file).toString())
                    .toList();
            assertThat(tooLong).isEmpty();
        }
    }

    @Test
    void noClassHasMoreThanFiveCollaborators() {
        Map<String, Long> many = new TreeMap<>();
        for (JavaClass type : CLASSES) {
            long collaborators = type.getFields().stream()
                    .filter(field -> !field.getModifiers().contains(JavaModifier.STATIC))
                    .filter(field -> field.getRawType().getPackageName().startsWith("io.lifecycle4j")
                            && !field.getRawType().isEnum())
                    .count();
            if (collaborators > 5 && !type.isRecord()) {
                many.put(type.getSimpleName(), collaborators);
            }
        }
        assertThat(many).isEmpty();
    }

    private static String room(JavaClass type) {
        String name = type.getPackageName();
        return name.equals(ROOT) ? "" : name.substring(ROOT.length() + 1).replaceAll("\\..*", "");
    }

    private static long lines(String file) {
        return count(SOURCES.resolve(file));
    }

    private static long linesOfClass(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.dropWhile(line -> !line.startsWith("/**") && !line.startsWith("@"))
                    .count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static long count(Path file) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.count();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

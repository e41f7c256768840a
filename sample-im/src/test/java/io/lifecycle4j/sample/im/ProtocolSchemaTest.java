package io.lifecycle4j.sample.im;

import static io.lifecycle4j.sample.im.ChatClient.frame;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonTypeName;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies.SnakeCaseStrategy;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import io.lifecycle4j.sample.im.protocol.BadFrameException;
import io.lifecycle4j.sample.im.protocol.ClientFrame;
import io.lifecycle4j.sample.im.protocol.Json;
import io.lifecycle4j.sample.im.protocol.Protocol.Declined;
import io.lifecycle4j.sample.im.protocol.ServerFrame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code docs/im-protocol.schema.json} says of frames what the code does. */
@Timeout(60)
final class ProtocolSchemaTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final JsonNode DOCUMENT = document();
    private static final JsonNode DEFINITIONS = DOCUMENT.path("$defs");
    private static final Schema OF_CLIENTS = schema("client");
    static final Schema OF_THE_SERVER = schema("server");

    /** What is put in the place of each field of a client's frame. */
    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "0",
            "1",
            "-1",
            "2",
            "1.5",
            "\"\"",
            "\"x\"",
            "\"" + "x".repeat(65) + "\"",
            "\"" + "x".repeat(513) + "\"",
            "{}",
            "[]",
            "{\"epoch\":\"x\",\"seq\":1}",
            "{\"epoch\":\"x\",\"seq\":null}",
            "{\"epoch\":\"\",\"seq\":1}",
            "{\"epoch\":\"x\",\"seq\":-1}",
            "{\"seq\":1}");

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{'t':'hello','id':'1','v':1,'token':'x','client':'test'}",
                "{'t':'join','id':'1','room':'r','after':{'epoch':'e','seq':7}}",
                "{'t':'leave','id':'1','room':'r'}",
                "{'t':'typing','room':'r'}",
                "{'t':'send','id':'1','room':'r','cid':'c','text':'x'}",
                "{'t':'history','id':'1','room':'r','before':7,'limit':7}",
                "{'t':'received','room':'r','seq':7}",
                "{'t':'pong'}"
            })
    void aFrameOfAClientIsValidIfAndOnlyIfTheServerTakesIt(String text) throws Exception {
        ObjectNode example = (ObjectNode) MAPPER.readTree(text.replace('\'', '"'));
        JsonNode definition = DEFINITIONS.path("client." + example.path("t").asText());
        assertThat(names(definition)).isEqualTo(names(example)); // nothing is left out of the examples
        assertAgreement(example);
        for (String name : names(example)) {
            ObjectNode without = example.deepCopy();
            without.remove(name);
            assertAgreement(without);
            for (String value : VALUES) {
                assertAgreement(example.deepCopy().set(name, MAPPER.readTree(value)));
            }
        }
    }

    private static void assertAgreement(JsonNode frame) {
        assertThat(OF_CLIENTS.validate(frame).isEmpty()).as("%s", frame).isEqualTo(isTaken(frame.toString()));
    }

    private static boolean isTaken(String frame) {
        try {
            return !(Json.clientFrame(frame) instanceof ClientFrame.Wrong);
        } catch (BadFrameException e) {
            return false;
        }
    }

    static Stream<Class<?>> typesOfTheServer() {
        return Arrays.stream(ServerFrame.class.getPermittedSubclasses());
    }

    @ParameterizedTest
    @MethodSource("typesOfTheServer")
    void eachFieldOfAFrameOfTheServerIsThereWithItsType(Class<?> frame) {
        String type = frame.getAnnotation(JsonTypeName.class).value();
        JsonNode definition = DEFINITIONS.path("server." + type);
        assertThat(definition.at("/properties/t/const").asText()).isEqualTo(type);
        if (frame == ServerFrame.Message.class) {
            assertThat(definition.path("$ref").asText()).isEqualTo("#/$defs/item");
            assertRecord(ServerFrame.Item.class, DEFINITIONS.path("item"), Set.of());
        } else {
            assertRecord(frame, definition, Set.of("t"));
        }
    }

    /** The definition has exactly a record's fields, those that may be null are not required, and the types are theirs. */
    private static void assertRecord(Class<?> type, JsonNode definition, Set<String> others) {
        Set<String> all = new TreeSet<>(others);
        Set<String> required = new TreeSet<>(others);
        for (RecordComponent component : type.getRecordComponents()) {
            String name = new SnakeCaseStrategy().translate(component.getName());
            all.add(name);
            if (!component.getAnnotatedType().isAnnotationPresent(Nullable.class)) {
                required.add(name);
            }
            assertType(component, definition.path("properties").path(name));
        }
        assertThat(names(definition)).as(type.getSimpleName()).isEqualTo(all);
        assertThat(texts(definition.path("required"))).as(type.getSimpleName()).isEqualTo(required);
    }

    private static void assertType(RecordComponent component, JsonNode definition) {
        JsonNode resolved = definition.has("$ref")
                ? DOCUMENT.at(definition.path("$ref").asText().substring(1))
                : definition;
        Class<?> type = component.getType();
        String expected = Map.of(
                        String.class,
                        "string",
                        long.class,
                        "integer",
                        int.class,
                        "integer",
                        Long.class,
                        "integer",
                        boolean.class,
                        "boolean",
                        List.class,
                        "array",
                        Set.class,
                        "array",
                        Declined.class,
                        "string")
                .getOrDefault(type, "object");
        if (type == JsonNode.class) { // an id, which the server repeats as it is
            assertThat(definition.path("$ref").asText()).isEqualTo("#/$defs/id");
            return;
        }
        assertThat(resolved.path("type").asText()).as("%s", component).isEqualTo(expected);
        if (type == Declined.class) {
            assertThat(texts(resolved.path("enum")))
                    .isEqualTo(Arrays.stream(Declined.values())
                            .map(Declined::wire)
                            .collect(Collectors.toCollection(TreeSet::new)));
        } else if (component.getGenericType() instanceof ParameterizedType generic) { // a list, a set, or a map by name
            Type element = generic.getActualTypeArguments()[generic.getActualTypeArguments().length - 1];
            JsonNode elements = resolved.path(type == Map.class ? "additionalProperties" : "items");
            if (element == ServerFrame.Item.class) {
                assertThat(elements.path("$ref").asText()).isEqualTo("#/$defs/item");
            } else {
                assertThat(elements.path("type").asText())
                        .as("%s", component)
                        .isEqualTo(element == Long.class ? "integer" : "string");
            }
        } else if (type.isRecord()) {
            assertRecord(type, resolved, Set.of());
        }
    }

    @Test
    void whatARealServerSendsIsValid(@TempDir Path folder) throws Exception {
        Set<String> seen = new HashSet<>();
        ChatClient ann;
        try (ImFixture server = ImFixture.start(folder, "--heartbeat", "1s")) {
            ann = server.client("ann");
            ChatClient told = ann;
            ann.join("lobby");
            ann.say("lobby", "hello");
            Awaitility.await().until(() -> told.wasTold("message")); // a second join would have it instead
            ann.say("lobby", " "); // nack
            ann.join("lobby");
            ann.join("a/b"); // error
            ann.ask(frame("history").put("room", "lobby"));
            ann.send(frame("typing").put("room", "lobby").toString());
            ann.send(frame("received").put("room", "lobby").put("seq", 1).toString());
            Awaitility.await().until(() -> told.wasTold("ping") && told.wasTold("activity"));
            ann.ask(frame("leave").put("room", "lobby"));
        }
        ann.awaitClose();
        for (JsonNode frame : ann.frames()) {
            assertThat(OF_THE_SERVER.validate(frame)).as("%s", frame).isEmpty();
            seen.add(frame.path("t").asText());
        }
        assertThat(seen).hasSameSizeAs(ServerFrame.class.getPermittedSubclasses());
    }

    private static Set<String> names(JsonNode definitionOrFrame) {
        JsonNode fields = definitionOrFrame.has("t") ? definitionOrFrame : definitionOrFrame.path("properties");
        Set<String> names = new TreeSet<>();
        fields.fieldNames().forEachRemaining(names::add);
        return names;
    }

    private static Set<String> texts(JsonNode array) {
        Set<String> texts = new TreeSet<>();
        array.forEach(each -> texts.add(each.asText()));
        return texts;
    }

    private static JsonNode document() {
        try {
            return MAPPER.readTree(Files.readString(Path.of("../docs/im-protocol.schema.json")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The document as the schema of one of its definitions. */
    private static Schema schema(String definition) {
        ObjectNode root = DOCUMENT.deepCopy();
        root.remove("anyOf");
        root.put("$ref", "#/$defs/" + definition);
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(root.toString(), InputFormat.JSON);
    }
}

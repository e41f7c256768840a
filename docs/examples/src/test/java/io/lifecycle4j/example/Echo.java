package io.lifecycle4j.example;

import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** A gRPC service of strings, for which no code has to be generated. */
final class Echo {
    static final MethodDescriptor<String, String> UNARY = method(MethodType.UNARY, "Say");
    static final MethodDescriptor<String, String> STREAM = method(MethodType.SERVER_STREAMING, "Count");
    static final MethodDescriptor<String, String> BOTH = method(MethodType.BIDI_STREAMING, "Talk");

    private Echo() {}

    private static MethodDescriptor<String, String> method(MethodType type, String name) {
        return MethodDescriptor.<String, String>newBuilder(new Utf8(), new Utf8())
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName("Echo", name))
                .build();
    }

    private static final class Utf8 implements MethodDescriptor.Marshaller<String> {
        @Override
        public InputStream stream(String text) {
            return new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String parse(InputStream bytes) {
            try {
                return new String(bytes.readAllBytes(), StandardCharsets.UTF_8);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

package io.lifecycle4j.example;

import io.grpc.CallOptions;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.ServerServiceDefinition;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.ServerCalls;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.testing.AdapterContract;
import io.lifecycle4j.testing.AdapterContract.Answer;
import java.io.IOException;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GrpcServerContractTest {

    static final class GrpcAdapter implements AdapterContract.Adapter {
        @Override
        public ManagedServer create(int port, Runnable handler) {
            ServerServiceDefinition echo = ServerServiceDefinition.builder("Echo")
                    .addMethod(Echo.UNARY, ServerCalls.asyncUnaryCall((request, response) -> {
                        handler.run();
                        response.onNext(request);
                        response.onCompleted();
                    }))
                    .build();
            return new GrpcServer(
                    "business",
                    NettyServerBuilder.forAddress(HttpAdapter.local(port), InsecureServerCredentials.create())
                            .addService(echo));
        }

        @Override
        public Answer request(int port, String secret) throws IOException {
            Metadata headers = new Metadata();
            headers.put(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + secret);
            ManagedChannel channel = Grpc.newChannelBuilder("127.0.0.1:" + port, InsecureChannelCredentials.create())
                    .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .build();
            try {
                ClientCalls.blockingUnaryCall(channel, Echo.UNARY, CallOptions.DEFAULT, secret);
                return Answer.SERVED;
            } catch (StatusRuntimeException e) {
                // The status of a connection that breaks is UNAVAILABLE as well.
                if ("server 'business' is shutting down".equals(e.getStatus().getDescription())) {
                    return Answer.REJECTED;
                }
                throw new IOException(e);
            } finally {
                channel.shutdownNow();
            }
        }
    }

    @TestFactory
    Stream<DynamicTest> theAdapterKeepsTheContract() {
        return AdapterContract.checks(new GrpcAdapter()).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }
}

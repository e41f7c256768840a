package io.lifecycle4j.example;

import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.testing.AdapterContract;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.SimpleChannelInboundHandler;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpVersion;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
@SuppressWarnings("FutureReturnValueIgnored") // a client sees whether it was written
class NettyHttpServerContractTest {
    private final ExecutorService workers =
            Executors.newCachedThreadPool(); // a loop that blocks would serve nobody else

    @AfterEach
    void interruptWhatIsHeld() {
        workers.shutdownNow();
    }

    private final class NettyAdapter extends HttpAdapter {
        @Override
        public ManagedServer create(int port, Runnable handler) {
            return new NettyHttpServer("business", local(port), pipeline -> pipeline.addLast(new Answer(handler)));
        }
    }

    // begin: netty-handler
    private final class Answer extends SimpleChannelInboundHandler<HttpRequest> {
        private final Runnable handler;

        Answer(Runnable handler) {
            this.handler = handler;
        }

        @Override
        protected void channelRead0(ChannelHandlerContext ctx, HttpRequest request) {
            workers.execute(() -> {
                handler.run();
                FullHttpResponse response =
                        new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK, Unpooled.EMPTY_BUFFER);
                response.headers().set(HttpHeaderNames.CONTENT_LENGTH, "0");
                ctx.writeAndFlush(response);
            });
        }
    }
    // end: netty-handler

    @TestFactory
    Stream<DynamicTest> theAdapterKeepsTheContract() {
        return AdapterContract.checks(new NettyAdapter()).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }
}

package io.lifecycle4j.example;

import io.lifecycle4j.AppStartException;
import io.lifecycle4j.ManagedServer;
import io.lifecycle4j.RequestGate;
import io.lifecycle4j.ServerContext;
import io.lifecycle4j.ShutdownContext;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelDuplexHandler;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelPipeline;
import io.netty.channel.ChannelPromise;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.group.ChannelGroup;
import io.netty.channel.group.DefaultChannelGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DuplexChannel;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponse;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpStatusClass;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import io.netty.util.concurrent.GlobalEventExecutor;
import java.net.InetSocketAddress;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * An HTTP/1.1 server on Netty, as an app starts, drains and stops it. Its handlers must answer the requests of a connection in their
 * order, as HTTP demands, and must not block.
 */
@SuppressWarnings("FutureReturnValueIgnored") // of writes and closes, whose failures end the connection
public final class NettyHttpServer implements ManagedServer {
    private final String name;
    private final InetSocketAddress address;
    private final Consumer<ChannelPipeline> handlers;
    private final RequestGate gate;
    private final Set<Request> inside = ConcurrentHashMap.newKeySet();
    // With the listener. True: what is added once it is closed is closed, too.
    private final ChannelGroup connections = new DefaultChannelGroup(GlobalEventExecutor.INSTANCE, true);
    private volatile EventLoopGroup loops; // null before the start
    private volatile Channel listener;

    /** Takes what adds the app's handlers to the pipeline of a connection, which has the HTTP codec and the gate. */
    public NettyHttpServer(String name, InetSocketAddress address, Consumer<ChannelPipeline> handlers) {
        this.name = name;
        this.address = address;
        this.handlers = handlers;
        this.gate = new RequestGate(name);
    }

    public int port() {
        return ((InetSocketAddress) listener.localAddress()).getPort();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public List<RequestGate> gates() {
        return List.of(gate);
    }

    @Override
    public void start(ServerContext context) throws AppStartException {
        loops = new MultiThreadIoEventLoopGroup(NioIoHandler.newFactory());
        ChannelFuture bound = new ServerBootstrap()
                .group(loops)
                .channel(NioServerSocketChannel.class)
                .childHandler(new ChannelInitializer<>() {
                    @Override
                    protected void initChannel(Channel connection) {
                        connections.add(connection);
                        connection.pipeline().addLast(new HttpServerCodec(), new Gate());
                        handlers.accept(connection.pipeline());
                        connection.pipeline().addLast(new CloseAfterFailure());
                    }
                })
                .bind(address)
                .awaitUninterruptibly(); // takes no time; a start that gave up would leave a port that is bound later
        if (!bound.isSuccess()) {
            String reason = bound.cause().getMessage();
            throw new AppStartException(
                    "server '" + name + "' cannot listen on " + address + ": " + reason, bound.cause());
        }
        listener = bound.channel();
        connections.add(listener);
    }

    @Override
    public void stop(ShutdownContext context) throws InterruptedException {
        // The app interrupts these waits at its limit.
        connections.close().await(); // by ourselves: a loop that ends leaves open what was accepted last
        if (loops != null) {
            loops.shutdownGracefully(0, context.remaining().toMillis(), TimeUnit.MILLISECONDS)
                    .sync();
        }
    }

    @Override
    public List<String> inFlight() {
        return inside.stream().map(request -> request.name).toList();
    }

    /** A request that has entered. Compared by identity, unlike Netty's. */
    private static final class Request {
        final String name;

        Request(HttpRequest request) {
            name = request.method() + " " + request.uri().replaceFirst("[?#].*", "");
        }
    }

    /** The gate at one connection, which may have several requests in flight; all of it runs on the connection's event loop. */
    private final class Gate extends ChannelDuplexHandler {
        private final Queue<Request> unanswered = new ArrayDeque<>(); // in the order in which they are answered
        private boolean rejects; // a 503 follows the responses that are owed
        private boolean saysClose; // the response under way is the last one
        private boolean deaf; // what comes is dropped, since nothing is answered after that

        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpRequest request && !deaf) {
                deaf = saysClose || !enter(request);
                if (rejects && unanswered.isEmpty()) {
                    reject(ctx);
                }
            }
            if (deaf) {
                ReferenceCountUtil.release(message);
            } else {
                ctx.fireChannelRead(message);
            }
        }

        private boolean enter(HttpRequest message) {
            if (!gate.tryEnter()) {
                rejects = true;
                return false;
            }
            Request request = new Request(message);
            unanswered.add(request);
            inside.add(request);
            return true;
        }

        @Override
        public void write(ChannelHandlerContext ctx, Object message, ChannelPromise promise) {
            HttpResponseStatus status = message instanceof HttpResponse response ? response.status() : null;
            boolean upgrades = HttpResponseStatus.SWITCHING_PROTOCOLS.equals(status);
            boolean interim = status != null && status.codeClass() == HttpStatusClass.INFORMATIONAL && !upgrades;
            boolean isLast = unanswered.size() == 1 && !rejects; // only the last response of a connection says close
            if (message instanceof HttpResponse response && !interim && !upgrades && isLast && gate.isGoingAway()) {
                response.headers().set(HttpHeaderNames.CONNECTION, "close");
                saysClose = true;
            }
            Request answered = message instanceof LastHttpContent && !interim ? unanswered.poll() : null;
            if (answered == null) {
                ctx.write(message, promise);
                return;
            }
            ChannelFuture written = ctx.write(message, promise.unvoid());
            written.addListener(done -> leave(answered)); // the response is written, or its connection is gone
            if (saysClose) {
                endOutput(written);
            } else if (rejects && unanswered.isEmpty()) {
                reject(ctx);
            }
        }

        @Override
        public void channelInactive(ChannelHandlerContext ctx) {
            for (Request request = unanswered.poll(); request != null; request = unanswered.poll()) {
                leave(request);
            }
            ctx.fireChannelInactive();
        }

        private void reject(ChannelHandlerContext ctx) {
            FullHttpResponse response = new DefaultFullHttpResponse(
                    HttpVersion.HTTP_1_1, HttpResponseStatus.SERVICE_UNAVAILABLE, Unpooled.EMPTY_BUFFER);
            response.headers().set(HttpHeaderNames.CONNECTION, "close");
            response.headers().set(HttpHeaderNames.RETRY_AFTER, "1");
            response.headers().set(HttpHeaderNames.CONTENT_LENGTH, "0");
            endOutput(ctx.writeAndFlush(response));
        }

        // If a client still sends, a close of both directions resets the connection, and the response may be lost.
        private void endOutput(ChannelFuture written) {
            written.addListener(done -> ((DuplexChannel) written.channel()).shutdownOutput());
        }

        private void leave(Request request) {
            inside.remove(request);
            gate.leave();
        }
    }

    /** Stands last in the pipeline: a request whose handler has thrown gets no response, and would stay in flight. */
    private static final class CloseAfterFailure extends ChannelInboundHandlerAdapter {
        @Override
        public void exceptionCaught(ChannelHandlerContext ctx, Throwable failure) {
            ctx.fireExceptionCaught(failure); // Netty logs it
            ctx.close();
        }
    }
}

package io.lifecycle4j.jetty;

import io.javalin.Javalin;
import java.net.URI;
import org.eclipse.jetty.http.pathmap.PathSpec;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.NetworkConnector;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.ContextHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.eclipse.jetty.websocket.server.ServerWebSocketContainer;
import org.eclipse.jetty.websocket.server.WebSocketCreator;
import org.eclipse.jetty.websocket.server.WebSocketUpgradeHandler;

/** Each way to put a WebSocket endpoint onto a Jetty server, with the same endpoint at {@code /ws}. */
enum WebSocketKind {
    CORE_UPGRADE_HANDLER {
        @Override
        Handler handler(Server server, Script script) {
            return WebSocketUpgradeHandler.from(server, container -> container.addMapping("/ws", creator(script)));
        }
    },
    CORE_UPGRADE_HANDLER_OF_A_CONTEXT {
        @Override
        Handler handler(Server server, Script script) {
            ContextHandler context = new ContextHandler("/");
            context.setHandler(WebSocketUpgradeHandler.from(
                    server, context, container -> container.addMapping("/ws", creator(script))));
            return context;
        }
    },
    CORE_CONTAINER {
        @Override
        Handler handler(Server server, Script script) {
            ServerWebSocketContainer container = ServerWebSocketContainer.ensure(server);
            return new Handler.Abstract() {
                @Override
                public boolean handle(Request request, Response response, Callback callback) {
                    return PathSpec.from("/ws").matches(Request.getPathInContext(request))
                            && container.upgrade(creator(script), request, response, callback);
                }
            };
        }
    },
    EE10_SERVLET {
        @Override
        Handler handler(Server server, Script script) {
            return Ee10Kinds.servlet(script);
        }
    },
    EE10_INITIALIZER {
        @Override
        Handler handler(Server server, Script script) {
            return Ee10Kinds.initializer(script);
        }
    },
    EE10_JAKARTA {
        @Override
        Handler handler(Server server, Script script) {
            return Ee10Kinds.jakarta(script);
        }
    },
    EE11_SERVLET {
        @Override
        Handler handler(Server server, Script script) {
            return Ee11Kinds.servlet(script);
        }
    },
    EE11_INITIALIZER {
        @Override
        Handler handler(Server server, Script script) {
            return Ee11Kinds.initializer(script);
        }
    },
    EE11_JAKARTA {
        @Override
        Handler handler(Server server, Script script) {
            return Ee11Kinds.jakarta(script);
        }
    },
    JAVALIN {
        @Override
        Served serve(String name, Script script) {
            Javalin javalin = Javalin.create(config -> {
                config.startup.showJavalinBanner = false;
                config.startup.startupWatcherEnabled = false;
                config.jetty.addConnector((server, http) -> connector(server));
                config.routes.wsBeforeUpgrade("/ws", context -> script.upgrading());
                config.routes.ws("/ws", ws -> {
                    ws.onConnect(context -> script.opened(context::send));
                    ws.onMessage(context -> script.received(context.message(), context::send));
                    ws.onError(context -> script.closed());
                    ws.onClose(context -> script.closed());
                });
            });
            Server server = javalin.jettyServer().server();
            return new Served(server, JettyServer.of(name, server).startedBy(javalin::start, javalin::stop));
        }

        @Override
        Handler handler(Server server, Script script) {
            throw new UnsupportedOperationException("Javalin makes its handler itself");
        }
    };

    /** The size of the send buffer: small, so that what a peer does not read stays with Jetty. */
    private static final int SEND_BUFFER = 64 * 1024;

    /** A server that is ready to be started. */
    record Served(Server server, JettyServer jetty) {
        /** Returns the endpoint's address, once the server has started. */
        URI uri() {
            return URI.create(
                    "ws://127.0.0.1:" + ((NetworkConnector) server.getConnectors()[0]).getLocalPort() + "/ws");
        }
    }

    abstract Handler handler(Server server, Script script);

    /** Returns a server with one connector and one endpoint that follows the script. */
    Served serve(String name, Script script) {
        Server server = new Server();
        server.addConnector(connector(server));
        server.setHandler(handler(server, script));
        return new Served(server, JettyServer.of(name, server));
    }

    private static ServerConnector connector(Server server) {
        ServerConnector connector = new ServerConnector(server);
        connector.setHost("127.0.0.1");
        connector.setAcceptedSendBufferSize(SEND_BUFFER);
        return connector;
    }

    private static WebSocketCreator creator(Script script) {
        return (request, response, callback) -> {
            script.upgrading();
            return new Endpoint(script);
        };
    }

    /** The endpoint of the kinds that use Jetty's own API. The class is public so that Jetty can call it. */
    public static final class Endpoint extends Session.Listener.AbstractAutoDemanding {
        private final Script script;

        Endpoint(Script script) {
            this.script = script;
        }

        @Override
        public void onWebSocketOpen(Session session) {
            super.onWebSocketOpen(session);
            script.opened(this::send);
        }

        @Override
        public void onWebSocketText(String message) {
            script.received(message, this::send);
        }

        @Override
        public void onWebSocketError(Throwable cause) {
            script.closed();
        }

        @Override
        public void onWebSocketClose(int statusCode, String reason, org.eclipse.jetty.websocket.api.Callback callback) {
            script.closed();
            callback.succeed();
        }

        private void send(String text) {
            getSession().sendText(text, org.eclipse.jetty.websocket.api.Callback.NOOP);
        }
    }
}

package io.lifecycle4j.jetty;

import org.eclipse.jetty.ee10.servlet.ServletContextHandler;
import org.eclipse.jetty.ee10.servlet.ServletHolder;
import org.eclipse.jetty.ee10.websocket.jakarta.server.config.JakartaWebSocketServletContainerInitializer;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketCreator;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketServlet;
import org.eclipse.jetty.ee10.websocket.server.JettyWebSocketServletFactory;
import org.eclipse.jetty.ee10.websocket.server.config.JettyWebSocketServletContainerInitializer;
import org.eclipse.jetty.server.Handler;

/** The kinds of Jakarta EE 10, which differ from those of {@link Ee11Kinds} in their packages only. */
final class Ee10Kinds {
    private Ee10Kinds() {}

    static Handler servlet(Script script) {
        ServletContextHandler context = new ServletContextHandler("/");
        JettyWebSocketServletContainerInitializer.configure(context, null);
        context.addServlet(new ServletHolder(new Scripted(script)), "/ws");
        return context;
    }

    static Handler initializer(Script script) {
        ServletContextHandler context = new ServletContextHandler("/");
        JettyWebSocketServletContainerInitializer.configure(
                context, (servletContext, container) -> container.addMapping("/ws", creator(script)));
        return context;
    }

    static Handler jakarta(Script script) {
        ServletContextHandler context = new ServletContextHandler("/");
        JakartaWebSocketServletContainerInitializer.configure(
                context, (servletContext, container) -> container.addEndpoint(JakartaEndpoint.with(script)));
        return context;
    }

    private static JettyWebSocketCreator creator(Script script) {
        return (request, response) -> {
            script.upgrading();
            return new WebSocketKind.Endpoint(script);
        };
    }

    private static final class Scripted extends JettyWebSocketServlet {
        private static final long serialVersionUID = 1;
        private final transient Script script;

        Scripted(Script script) {
            this.script = script;
        }

        @Override
        protected void configure(JettyWebSocketServletFactory factory) {
            factory.setCreator(creator(script));
        }
    }
}

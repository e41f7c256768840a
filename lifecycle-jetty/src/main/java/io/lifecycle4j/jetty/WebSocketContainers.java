package io.lifecycle4j.jetty;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.Collections;
import java.util.Optional;
import java.util.Set;
import java.util.WeakHashMap;
import org.eclipse.jetty.util.component.Container;
import org.eclipse.jetty.websocket.core.Behavior;
import org.eclipse.jetty.websocket.core.WebSocketCoreSession;
import org.jspecify.annotations.Nullable;

/**
 * Tracks the sessions of every WebSocket container of a server: of Jetty's own API, of the servlets of each Jakarta EE version, of Jakarta
 * WebSocket, and of frameworks built on these.
 *
 * <p>The containers have no common type. What they share is a method {@code addSessionListener}, whose argument is an interface with
 * methods that end in {@code Opened} and {@code Closed}, and sessions that have {@code getCoreSession()}. This class uses them by
 * reflection, so that it depends on no container and needs no variant for each.
 */
final class WebSocketContainers implements Container.InheritedListener {
    private static final ClassValue<Optional<Method>> GET_CORE_SESSION = new ClassValue<>() {
        @Override
        protected Optional<Method> computeValue(Class<?> type) {
            try {
                return Optional.of(type.getMethod("getCoreSession"));
            } catch (NoSuchMethodException e) {
                // The type is not a session's.
                return Optional.empty();
            }
        }
    };

    private final UpgradedConnections upgraded;
    private final WebSocketOptions options;
    // Jetty calls an inherited listener twice for some beans.
    private final Set<Object> known = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    WebSocketContainers(UpgradedConnections upgraded, WebSocketOptions options) {
        this.upgraded = upgraded;
        this.options = options;
    }

    /** Returns whether Jetty's WebSocket is on the class path; this class must not be used without it. */
    static boolean isAvailable() {
        try {
            Class.forName(
                    "org.eclipse.jetty.websocket.core.WebSocketCoreSession",
                    false,
                    WebSocketContainers.class.getClassLoader());
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    @Override
    public void beanAdded(Container parent, Object child) {
        Method add = addSessionListener(child);
        if (add != null && known.add(child)) {
            call(add, child, listener(add.getParameterTypes()[0]));
        }
    }

    @Override
    public void beanRemoved(Container parent, Object child) {}

    private static @Nullable Method addSessionListener(Object bean) {
        return isOfWebSocket(bean.getClass())
                ? Arrays.stream(bean.getClass().getMethods())
                        .filter(method -> method.getName().equals("addSessionListener"))
                        .filter(method ->
                                method.getParameterCount() == 1 && method.getParameterTypes()[0].isInterface())
                        .findFirst()
                        .orElse(null)
                : null;
    }

    // This test spares the listing of every bean's methods, which would make a start milliseconds longer.
    private static boolean isOfWebSocket(@Nullable Class<?> type) {
        return type != null && (type.getName().contains(".websocket.") || isOfWebSocket(type.getSuperclass()));
    }

    private Object listener(Class<?> type) {
        return Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (proxy, method, arguments) -> {
            switch (method.getName()) {
                case "equals" -> {
                    return proxy == arguments[0];
                }
                case "hashCode" -> {
                    return System.identityHashCode(proxy);
                }
                case "toString" -> {
                    return "session listener of Lifecycle4j";
                }
                default -> {
                    if (method.getName().endsWith("Opened")) {
                        opened(arguments[0]);
                    }
                    return null;
                }
            }
        });
    }

    private void opened(Object session) {
        WebSocketCoreSession core = coreOf(session);
        // A session that the service has opened as a client of another server is left alone.
        if (core.getBehavior() == Behavior.SERVER) {
            upgraded.opened(core.getConnection(), TrackedSession.of(core, options));
        }
    }

    /** Returns the core session beneath a session of any API. */
    static WebSocketCoreSession coreOf(Object session) {
        Method method = GET_CORE_SESSION.get(session.getClass()).orElse(null);
        if (method != null && call(method, session) instanceof WebSocketCoreSession core) {
            return core;
        }
        throw new IllegalArgumentException(
                "session: a " + session.getClass().getName() + " (expected: a WebSocket session of Jetty's)");
    }

    private static @Nullable Object call(Method method, Object target, Object... arguments) {
        try {
            return method.invoke(target, arguments);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("WebSocket container of an unknown kind: " + target.getClass(), e);
        }
    }
}

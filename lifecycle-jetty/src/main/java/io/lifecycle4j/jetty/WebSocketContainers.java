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
 * Tracks the sessions of every WebSocket container of a server: those of Jetty's own API, of the servlets of each Jakarta EE, of Jakarta
 * WebSocket, and of frameworks over them.
 *
 * <p>These containers have no common type, and several of them the same simple names in other packages; what they share is a method
 * {@code addSessionListener} that takes an interface whose methods end in {@code Opened} and {@code Closed}, and sessions with {@code
 * getCoreSession()}. Hence reflection: one class in place of one for each, and no dependency on any of them.
 */
final class WebSocketContainers implements Container.InheritedListener {
    private static final ClassValue<Optional<Method>> GET_CORE_SESSION = new ClassValue<>() {
        @Override
        protected Optional<Method> computeValue(Class<?> type) {
            try {
                return Optional.of(type.getMethod("getCoreSession"));
            } catch (NoSuchMethodException e) { // no session
                return Optional.empty();
            }
        }
    };

    private final UpgradedConnections upgraded;
    private final WebSocketOptions options;
    // A listener that is inherited hears of some beans twice.
    private final Set<Object> known = Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

    WebSocketContainers(UpgradedConnections upgraded, WebSocketOptions options) {
        this.upgraded = upgraded;
        this.options = options;
    }

    /** Returns whether WebSocket is on the class path at all: this class cannot be used otherwise. */
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

    // To list the methods of each bean of a server would cost its start milliseconds.
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
        if (core.getBehavior() == Behavior.SERVER) { // not one that the service opens itself, as a client of another
            upgraded.opened(core.getConnection(), TrackedSession.of(core, options));
        }
    }

    /** Returns what is below a session of whatever API. */
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

package io.lifecycle4j;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A server that writes down what is done to it. */
class FakeServer implements ManagedServer {
    private final String name;
    private final List<String> events;
    private final RequestGate gate;
    private volatile @Nullable ServerContext context;

    FakeServer(String name, List<String> events) {
        this.name = name;
        this.events = events;
        this.gate = new RequestGate(name);
    }

    @Override
    public String name() {
        return name;
    }

    RequestGate gate() {
        return gate;
    }

    void fail(Throwable failure) {
        Objects.requireNonNull(context).fail(failure);
    }

    @Override
    public List<RequestGate> gates() {
        return List.of(gate);
    }

    @Override
    public void start(ServerContext context) throws Exception {
        this.context = context;
        events.add("start " + name);
    }

    @Override
    public void announce(ShutdownContext context) {
        events.add("announce " + name + (gate.isGoingAway() && !gate.isDraining() ? "" : " at the wrong time"));
    }

    @Override
    public void drain(ShutdownContext context) throws Exception {
        events.add("drain " + name);
    }

    @Override
    public void stop(ShutdownContext context) throws Exception {
        events.add("stop " + name);
    }

    @Override
    public List<String> inFlight() {
        return List.of("GET /slow, 3 s");
    }
}

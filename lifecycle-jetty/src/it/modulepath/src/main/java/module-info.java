module shop {
    requires io.lifecycle4j.core;
}

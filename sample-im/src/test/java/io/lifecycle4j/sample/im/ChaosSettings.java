package io.lifecycle4j.sample.im;

/**
 * How much chaos: by default a little, in every build; by system properties as much as there is time for.
 *
 * @param cycles {@code chaos.cycles}: how often something is ended in each test
 * @param clients {@code chaos.clients}
 * @param sendsPerSecond {@code chaos.rate}: of all clients together
 * @param seed {@code chaos.seed}: of every random choice; which thread runs when is not among them
 */
record ChaosSettings(int cycles, int clients, int sendsPerSecond, long seed) {

    static ChaosSettings fromProperties() {
        return fromProperties(2);
    }

    /** The number is that of the cycles, unless the property says another. */
    static ChaosSettings fromProperties(int cycles) {
        long seed = Long.getLong("chaos.seed", System.nanoTime() % 1_000_000);
        System.out.println("chaos.seed=" + seed);
        return new ChaosSettings(
                Integer.getInteger("chaos.cycles", cycles),
                Integer.getInteger("chaos.clients", 40),
                Integer.getInteger("chaos.rate", 150),
                seed);
    }
}

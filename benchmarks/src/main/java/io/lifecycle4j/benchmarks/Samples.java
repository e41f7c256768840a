package io.lifecycle4j.benchmarks;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Measured values of one kind, and where they lie. */
public final class Samples {
    private final List<Double> values = new ArrayList<>();

    public void add(double value) {
        values.add(value);
    }

    public void addAll(Samples others) {
        values.addAll(others.values);
    }

    /** Each value less the one of the other samples that was measured beside it. */
    public Samples minus(Samples others) {
        Samples differences = new Samples();
        for (int index = 0; index < values.size(); index++) {
            differences.add(values.get(index) - others.values.get(index));
        }
        return differences;
    }

    public int count() {
        return values.size();
    }

    public double median() {
        return percentile(50);
    }

    public double max() {
        return percentile(100);
    }

    /** The least value that so many percent of all values do not exceed. */
    public double percentile(double percent) {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        int rank = (int) Math.ceil(percent / 100 * sorted.size());
        return sorted.get(Math.max(rank, 1) - 1);
    }
}

package io.lifecycle4j.sample.im;

import java.util.List;
import java.util.Map;

/** What the judge finds: the faults, and figures that show how much was looked at. */
record Verdict(List<String> faults, Map<String, Object> figures) {
    private static final int MOST_SHOWN = 20;

    boolean isClean() {
        return faults.isEmpty();
    }

    /** A few lines that a person reads. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(isClean() ? "CLEAN" : "CONDEMNED, faults: " + faults.size());
        figures.forEach(
                (name, value) -> text.append("\n  ").append(name).append(": ").append(value));
        faults.stream().limit(MOST_SHOWN).forEach(fault -> text.append("\n  - ").append(fault));
        if (faults.size() > MOST_SHOWN) {
            text.append("\n  - and ").append(faults.size() - MOST_SHOWN).append(" more");
        }
        return text.toString();
    }
}

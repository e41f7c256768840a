package io.lifecycle4j.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** A Markdown table, ready for the docs. */
public final class Table {
    private final List<String> lines = new ArrayList<>();

    public Table(String... columns) {
        row(columns);
        lines.add("|" + "---|".repeat(columns.length));
    }

    public void row(String... cells) {
        lines.add("| " + String.join(" | ", cells) + " |");
    }

    /** What it is, the median, the largest value and how many there are. */
    public void row(String what, Samples samples, int decimals) {
        row(what, number(samples.median(), decimals), number(samples.max(), decimals), String.valueOf(samples.count()));
    }

    public void print() {
        System.out.println();
        lines.forEach(System.out::println);
        System.out.println();
    }

    /** A number with so many decimals. */
    public static String number(double value, int decimals) {
        return String.format("%." + decimals + "f", value);
    }
}

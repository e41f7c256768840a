package io.lifecycle4j.benchmarks;

import java.util.ArrayList;
import java.util.List;

/** A Markdown table, ready for the docs. */
final class Table {
    private final List<String> lines = new ArrayList<>();

    Table(String... columns) {
        row(columns);
        lines.add("|" + "---|".repeat(columns.length));
    }

    void row(String... cells) {
        lines.add("| " + String.join(" | ", cells) + " |");
    }

    void print() {
        System.out.println();
        lines.forEach(System.out::println);
        System.out.println();
    }

    /** A number with so many decimals. */
    static String number(double value, int decimals) {
        return String.format("%." + decimals + "f", value);
    }
}

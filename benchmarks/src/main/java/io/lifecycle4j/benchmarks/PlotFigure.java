package io.lifecycle4j.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Draws tables of docs/benchmarks.md as bars; from the page itself, so that picture and table cannot differ. */
final class PlotFigure {
    /** Which table (by its first head), which column, and of which rows: all that have this cell, or all. */
    private record Plot(String file, String title, String table, String column, String cell) {}

    private record Bar(String name, double value, String words) {}

    private static final List<Plot> PLOTS = List.of(
            new Plot(
                    "stop-200-idle.svg",
                    "TERM to server stopped with 200 idle keep-alive connections, ms: median (min–max)",
                    "TERM to server stopped",
                    "200 idle",
                    ""),
            new Plot(
                    "stop-in-flight.svg",
                    "Last response's end to server stopped, ms: median (min–max)",
                    "last response's end",
                    "to server stopped",
                    ""),
            new Plot("gate.svg", "Counting a request at two threads, ns: two runs", "enter + leave", "ns/op", "2"));
    private static final Pattern NUMBER = Pattern.compile("\\d+(\\.\\d+)?");
    private static final int LEFT = 380;
    private static final int WIDTH = 330;
    private static final int TOP = 48;
    private static final int ROW = 26;

    private PlotFigure() {}

    static void draw(Path page, Path folder) throws IOException {
        List<String> lines = Files.readAllLines(page);
        Files.createDirectories(folder);
        for (Plot plot : PLOTS) {
            Files.writeString(folder.resolve(plot.file()), svg(plot.title(), bars(plot, lines)));
        }
    }

    private static List<Bar> bars(Plot plot, List<String> lines) {
        List<List<String>> rows = lines.stream()
                .dropWhile(line ->
                        !line.startsWith("| " + plot.table()) || !cells(line).contains(plot.column()))
                .takeWhile(line -> line.startsWith("|"))
                .map(PlotFigure::cells)
                .toList();
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(
                    "no table '" + plot.table() + "…' with a column '" + plot.column() + "' in the page");
        }
        int column = rows.get(0).indexOf(plot.column());
        List<Bar> bars = new ArrayList<>();
        for (List<String> row : rows.subList(2, rows.size())) {
            Matcher number = NUMBER.matcher(row.get(column));
            if ((plot.cell().isEmpty() || row.contains(plot.cell())) && number.find()) {
                bars.add(new Bar(row.get(0), Double.parseDouble(number.group()), row.get(column)));
            }
        }
        return bars;
    }

    private static List<String> cells(String line) {
        return Stream.of(line.split("\\|", -1))
                .skip(1)
                .map(cell -> cell.replaceAll("[*`]", "").strip())
                .toList();
    }

    private static String svg(String title, List<Bar> bars) {
        double longest = bars.stream().mapToDouble(Bar::value).max().orElseThrow();
        int height = TOP + bars.size() * ROW + 14;
        StringBuilder svg =
                new StringBuilder("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"860\" height=\"" + height
                        + "\" viewBox=\"0 0 860 " + height + "\" role=\"img\" aria-label=\"" + title + "\">\n"
                        + TimelineFigure.STYLE + "<rect class=\"page\" x=\"0.5\" y=\"0.5\" width=\"859\" height=\""
                        + (height - 1)
                        + "\" rx=\"8\"/>\n<text x=\"20\" y=\"28\" font-weight=\"600\">" + title + "</text>\n");
        for (int i = 0; i < bars.size(); i++) {
            Bar bar = bars.get(i);
            int y = TOP + i * ROW;
            double width = Math.max(2, bar.value() / longest * WIDTH);
            String style = bar.name().startsWith("Lifecycle4j") ? "wait" : "clean";
            svg.append("<text class=\"name\" x=\"" + (LEFT - 12) + "\" y=\"" + (y + 13) + "\">" + bar.name()
                    + "</text>\n"
                    + "<rect class=\"" + style + "\" x=\"" + LEFT + "\" y=\"" + y + "\" width=\""
                    + Table.number(width, 1)
                    + "\" height=\"16\" rx=\"3\"/>\n"
                    + "<text x=\"" + Table.number(LEFT + width + 8, 1) + "\" y=\"" + (y + 13) + "\">" + bar.words()
                    + "</text>\n");
        }
        return svg.append("</svg>\n").toString();
    }
}

package io.lifecycle4j.benchmarks;

import io.lifecycle4j.benchmarks.chat.AcknowledgedSends;
import io.lifecycle4j.benchmarks.chat.FanOutFigure;
import io.lifecycle4j.benchmarks.chat.IdleSessions;
import io.lifecycle4j.benchmarks.chat.Restarts;
import io.lifecycle4j.benchmarks.rolling.Rolling;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * Measures one figure and prints it as a Markdown table: {@code java -cp 'benchmarks/target/lib/*'
 * io.lifecycle4j.benchmarks.Benchmarks gate}. What else there is, and what came out, is in docs/benchmarks.md.
 */
public final class Benchmarks {
    private static final String USAGE =
            "usage: Benchmarks gate [rounds] | drain [batches] | idle [pairs] | forced [pairs] | deadline [runs]"
                    + " | chat path/to/sample-im.jar [runs]"
                    + " | chat-idle path/to/sample-im.jar [rounds] [sessions]"
                    + " | chat-sends path/to/sample-im.jar [rounds] [rates]..."
                    + " | chat-drain path/to/sample-im.jar [rounds] [sessions]"
                    + " | chat-storm path/to/sample-im.jar [rounds] [sessions]"
                    + " | chat-fanout path/to/sample-im.jar [rounds [seconds [deliveries per second]...]]"
                    + " | rolling [restarts [haproxy|nginx [announced|unannounced|jetty|bare]]]"
                    + " | stop [rounds] [connections]... | inflight [rounds] | load [rounds] | sessions [rounds] [sessions]"
                    + " | timeline path/to/image.svg | plots path/to/benchmarks.md path/to/images";

    private static final Integer[] FAN_OUT_RATES = {
        20_000, 60_000, 80_000, 100_000, 120_000, 140_000, 160_000, 180_000, 200_000, 220_000, 240_000
    };

    private Benchmarks() {}

    /** Runs the figure named by the first argument. */
    public static void main(String[] arguments) throws Exception {
        Locale.setDefault(Locale.ROOT);
        String figure = arguments.length == 0 ? "" : arguments[0];
        switch (figure) {
            case "gate" -> GateFigure.print(count(arguments, 1, 5));
            case "drain" -> DrainFigure.print(count(arguments, 1, 11));
            case "idle" -> IdleFigures.print(count(arguments, 1, 40));
            case "forced" -> ForcedFigure.print(count(arguments, 1, 40));
            case "deadline" -> DeadlineFigure.print(count(arguments, 1, 20));
            case "chat" -> ChatFigure.print(arguments[1], count(arguments, 2, 20));
            case "chat-idle" -> IdleSessions.print(arguments[1], count(arguments, 2, 3), count(arguments, 3, 10_000));
            case "chat-sends" ->
                AcknowledgedSends.print(arguments[1], count(arguments, 2, 3), numbers(arguments, 3, 1_500));
            case "chat-drain" -> Restarts.printDrain(arguments[1], count(arguments, 2, 3), count(arguments, 3, 10_000));
            case "chat-storm" -> Restarts.printStorm(arguments[1], count(arguments, 2, 3), count(arguments, 3, 10_000));
            case "chat-fanout" ->
                FanOutFigure.print(
                        arguments[1],
                        count(arguments, 2, 3),
                        count(arguments, 3, 3),
                        numbers(arguments, 4, FAN_OUT_RATES));
            case "rolling" -> {
                List<String> settings = List.of(arguments).subList(1, arguments.length);
                System.exit(Rolling.print(settings) ? 0 : 1);
            }
            case "stop" -> StopFigures.printIdle(count(arguments, 1, 5), numbers(arguments, 2, 0, 200, 10_000));
            case "inflight" -> StopFigures.printInFlight(count(arguments, 1, 15));
            case "sessions" -> SessionsFigure.print(count(arguments, 1, 5), count(arguments, 2, 10_000));
            case "timeline" -> TimelineFigure.draw(Path.of(arguments[1]));
            case "plots" -> PlotFigure.draw(Path.of(arguments[1]), Path.of(arguments[2]));
            case "load" -> LoadFigure.print(count(arguments, 1, 10));
            default -> {
                System.err.println(USAGE);
                System.exit(2);
            }
        }
    }

    private static List<Integer> numbers(String[] arguments, int index, Integer... otherwise) {
        return arguments.length > index
                ? Stream.of(arguments).skip(index).map(Integer::valueOf).toList()
                : List.of(otherwise);
    }

    private static int count(String[] arguments, int index, int otherwise) {
        return arguments.length > index ? Integer.parseInt(arguments[index]) : otherwise;
    }
}

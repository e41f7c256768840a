package io.lifecycle4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BudgetTest {
    private static final long START = 7_000;

    @Test
    void defaultsFitIntoTheWhole() {
        Budget budget = new Budget(Limits.DEFAULTS, START);
        assertThat(after(budget.deadline())).isEqualTo("25 s");
        assertThat(after(budget.stepsEnd())).isEqualTo("24.5 s");
        assertThat(after(budget.drainEnd(START))).isEqualTo("10 s");
        assertThat(after(budget.stopEnd(at(10), Limits.DEFAULTS.stop()))).isEqualTo("15 s");
        assertThat(after(budget.callbackEnd(at(15), Duration.ofSeconds(3)))).isEqualTo("18 s");
        assertThat(after(budget.releaseEnd(at(18), Limits.DEFAULTS.release(), 1)))
                .isEqualTo("23 s");
    }

    @Test
    void aDrainOfTheWholeLeavesTheirReservesToTheOthers() {
        Budget budget = new Budget(Limits.DEFAULTS.with(Limit.DRAIN, Duration.ofSeconds(60)), START);
        assertThat(after(budget.drainEnd(START))).isEqualTo("15.3 s"); // 24.5 - 5 - 3 - 1.25
        assertThat(after(budget.stopEnd(at(16), Limits.DEFAULTS.stop()))).isEqualTo("16.5 s");
        assertThat(after(budget.callbackEnd(at(18), Duration.ofSeconds(60)))).isEqualTo("19.5 s");
    }

    @Test
    void aShortWholeDividesItselfByFifths() {
        Budget budget = new Budget(Limits.DEFAULTS.with(Limit.SHUTDOWN, Duration.ofSeconds(1)), START);
        assertThat(after(budget.stepsEnd())).isEqualTo("900 ms");
        assertThat(after(budget.drainEnd(START))).isEqualTo("450 ms");
        assertThat(after(budget.stopEnd(START, Limits.DEFAULTS.stop()))).isEqualTo("500 ms");
        assertThat(after(budget.callbackEnd(START, Duration.ofSeconds(3)))).isEqualTo("700 ms");
    }

    @Test
    void eachResourceHasAnEvenShareOfWhatIsLeft() {
        Budget budget = new Budget(Limits.DEFAULTS, START);
        assertThat(after(budget.releaseEnd(at(20), Limits.DEFAULTS.release(), 3)))
                .isEqualTo("21.5 s");
        assertThat(after(budget.releaseEnd(at(24), Limits.DEFAULTS.release(), 1)))
                .isEqualTo("24.5 s");
    }

    @Test
    void noPhaseEndsBeforeItBegins() {
        Budget budget = new Budget(Limits.DEFAULTS, START);
        assertThat(after(budget.stopEnd(at(24), Limits.DEFAULTS.stop()))).isEqualTo("24 s");
    }

    @Test
    void aStepIsInterruptedShortlyBeforeItsEnd() {
        assertThat(Text.ofNanos(Budget.interruptAt(0, Duration.ofSeconds(3).toNanos())))
                .isEqualTo("2.9 s");
        assertThat(Text.ofNanos(Budget.interruptAt(0, Duration.ofMillis(100).toNanos())))
                .isEqualTo("90 ms");
        assertThat(Text.ofNanos(
                        Budget.interruptAt(at(2), at(2) + Duration.ofMillis(100).toNanos()) - at(2)))
                .isEqualTo("90 ms");
    }

    @Test
    void theLastLinesGetHalfASecondAtMostAndHalfOfWhatIsLeft() {
        Budget budget = new Budget(Limits.DEFAULTS, START);
        assertThat(Text.ofNanos(budget.forTheLog(at(10)))).isEqualTo("500 ms");
        assertThat(Text.ofNanos(budget.forTheLog(at(25) - Duration.ofMillis(400).toNanos())))
                .isEqualTo("200 ms");
        assertThat(budget.forTheLog(at(26))).isZero();
    }

    private static long at(long seconds) {
        return START + Duration.ofSeconds(seconds).toNanos();
    }

    private static String after(long time) {
        return Text.ofNanos(time - START);
    }
}

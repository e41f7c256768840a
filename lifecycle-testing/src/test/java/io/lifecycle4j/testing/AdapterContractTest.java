package io.lifecycle4j.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lifecycle4j.testing.FlawedAdapter.Flaw;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An adapter without a flaw keeps the contract, and each check finds the flaw that it is for. */
@Timeout(60)
class AdapterContractTest {

    @TestFactory
    Stream<DynamicTest> anAdapterWithoutAFlawKeepsIt() {
        return keeps(Flaw.NONE);
    }

    @TestFactory
    Stream<DynamicTest> anAdapterThatServesUntilIdleKeepsIt() {
        return keeps(Flaw.SERVES_UNTIL_IDLE);
    }

    private static Stream<DynamicTest> keeps(Flaw flaw) {
        return AdapterContract.checks(new FlawedAdapter(flaw)).stream()
                .map(check -> DynamicTest.dynamicTest(check.name(), check::run));
    }

    @ParameterizedTest
    @Execution(ExecutionMode.CONCURRENT) // what a flaw keeps from coming is waited for
    @EnumSource(
            mode = EnumSource.Mode.EXCLUDE,
            names = {"NONE", "SERVES_UNTIL_IDLE"})
    void eachFlawIsFoundByTheCheckThatIsForIt(Flaw flaw) {
        AdapterContract.Check check = AdapterContract.checks(new FlawedAdapter(flaw)).stream()
                .filter(each -> each.name().equals(flaw.broken))
                .findFirst()
                .orElseThrow();
        assertThatThrownBy(check::run).isInstanceOf(AssertionError.class).hasMessageStartingWith(flaw.broken + ": ");
    }

    @Test
    void eachCheckHasAFlawThatItFinds() {
        assertThat(AdapterContract.checks(new FlawedAdapter(Flaw.NONE)))
                .extracting(AdapterContract.Check::name)
                .containsExactlyInAnyOrderElementsOf(Stream.of(Flaw.values())
                        .map(flaw -> flaw.broken)
                        .filter(name -> !name.equals("-"))
                        .distinct()
                        .toList());
    }
}

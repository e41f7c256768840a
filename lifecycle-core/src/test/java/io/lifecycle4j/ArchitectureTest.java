package io.lifecycle4j;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.io.ObjectInputStream;
import java.nio.file.Path;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** Each power has one holder. */
class ArchitectureTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPath(Path.of("target/classes"));

    @Test
    void onlySignalsTouchesSignalsAndHooks() {
        noClasses()
                .that()
                .doNotHaveSimpleName("Signals")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("sun.misc..")
                .orShould()
                .callMethod(Runtime.class, "addShutdownHook", Thread.class)
                .check(CLASSES);
    }

    @Test
    void onlyTheJvmProcessExitsOrHalts() {
        noClasses()
                .that()
                .doNotHaveSimpleName("JvmProcess")
                .should()
                .callMethod(System.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "exit", int.class)
                .orShould()
                .callMethod(Runtime.class, "halt", int.class)
                .check(CLASSES);
    }

    @Test
    void onlyTheProcessThatRunMakesMeetsSignals() {
        noClasses()
                .that()
                .doNotHaveSimpleName("JvmProcess")
                .should()
                .callMethod(Signals.class, "addHook", Runnable.class)
                .orShould()
                .callMethod(Signals.class, "install", Consumer.class)
                .check(CLASSES);
        noClasses()
                .that()
                .doNotHaveSimpleName("App")
                .should()
                .callConstructor(JvmProcess.class)
                .check(CLASSES);
    }

    @Test
    void onlyTheClockReadsTheTime() {
        noClasses()
                .that()
                .doNotHaveSimpleName("SystemClock")
                .should()
                .callMethod(System.class, "nanoTime")
                .orShould()
                .callMethod(System.class, "currentTimeMillis")
                .check(CLASSES);
    }

    @Test
    void onlyOneClassNamesTheFlightRecorder() {
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.FlightRecorderEvents.*")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("jdk.jfr..")
                .check(CLASSES);
    }

    @Test
    void theSequenceKnowsNothingOfTheProcess() {
        noClasses()
                .that()
                .haveSimpleName("ShutdownSequence")
                .or()
                .haveSimpleName("StepRunner")
                .should()
                .dependOnClassesThat()
                .haveSimpleName("HostProcess")
                .orShould()
                .dependOnClassesThat()
                .haveSimpleName("AppProcess")
                .orShould()
                .dependOnClassesThat()
                .haveSimpleName("Signals")
                .check(CLASSES);
    }

    @Test
    void onlyTheLifecycleChangesTheState() {
        noClasses()
                .that()
                .doNotHaveSimpleName("Lifecycle")
                .should()
                .callConstructor(Lifecycle.Snapshot.class, AppState.class, Phase.class, Lifecycle.Stop.class)
                .check(CLASSES);
    }

    @Test
    void nothingIsDeserializedAndNoClassIsLoadedByName() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ObjectInputStream.class)
                .orShould()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.reflect..")
                .orShould()
                .dependOnClassesThat()
                .areAssignableTo(ClassLoader.class)
                .orShould()
                .callMethod(Class.class, "forName", String.class)
                .check(CLASSES);
    }

    @Test
    void coreNeedsNothingButTheJdkAndSlf4j() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideOutsideOfPackages(
                        "io.lifecycle4j..",
                        "java..",
                        "org.slf4j..",
                        "sun.misc..",
                        "jdk.jfr..",
                        "org.jspecify..",
                        "com.google.errorprone.annotations..")
                .check(CLASSES);
        assertThat(CLASSES).isNotEmpty();
    }
}

package io.featuremart.embulk.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class UndoTest {
    private final List<String> undone = new ArrayList<>();

    @Test
    void whatIsRegisteredIsUndoneNewestFirst() {
        Undo.register("first", () -> undone.add("first"));
        Undo.register("second", () -> undone.add("second"));
        Undo.all();
        assertEquals(List.of("second", "first"), undone);
    }

    @Test
    void whatIsClosedIsForgotten() {
        final Undo.Registration registration = Undo.register("thing", () -> undone.add("thing"));
        registration.close();
        Undo.all();
        assertEquals(List.of(), undone);
    }

    @Test
    void aThingIsUndoneOnce() {
        try (Undo.Registration registration = Undo.register("thing", () -> undone.add("thing"))) {
            registration.undo();
            registration.undo();
        }
        assertEquals(List.of("thing"), undone);
    }

    @Test
    void aFailureToUndoKeepsNothingElseFromBeingUndone() {
        Undo.register("first", () -> undone.add("first"));
        Undo.register("second", () -> {
            throw new IllegalStateException("no answer");
        });
        Undo.all();
        assertEquals(List.of("first"), undone);
    }
}

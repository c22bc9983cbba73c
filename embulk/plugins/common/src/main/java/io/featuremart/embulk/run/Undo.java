package io.featuremart.embulk.run;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What has to be undone before the process ends, however it ends: temporary tables, half-filled staging tables.
 *
 * <p>A plugin registers the undoing before it makes the thing, and closes the registration once the thing is undone or
 * has become the result. What is still registered when the process is told to stop is undone then, newest first. A
 * process that is killed undoes nothing: what is made here therefore expires by itself too.
 */
public final class Undo {
    private static final Logger LOGGER = LoggerFactory.getLogger(Undo.class);
    private static final Deque<Registration> OPEN = new ArrayDeque<>();

    private Undo() {}

    /** A thing to undo. */
    public static final class Registration implements AutoCloseable {
        private final String what;
        private final Runnable undoing;

        private Registration(final String what, final Runnable undoing) {
            this.what = what;
            this.undoing = undoing;
        }

        /** Undoes the thing now, once; a failure to do so is logged, as it must not hide what led here. */
        public void undo() {
            if (take()) {
                try {
                    undoing.run();
                } catch (final RuntimeException error) {
                    LOGGER.warn("could not {}, it expires by itself: {}", what, error.getMessage());
                }
            }
        }

        /** Forgets the thing: it is the result now, or undone already. */
        @Override
        public void close() {
            take();
        }

        private boolean take() {
            synchronized (OPEN) {
                return OPEN.remove(this);
            }
        }
    }

    /**
     * Registers a thing to undo.
     *
     * @param what for the log, for example "drop table a.b.c"
     * @param undoing does it; must be safe where the thing was not made yet
     * @return to undo or to forget it
     */
    public static Registration register(final String what, final Runnable undoing) {
        final Registration registration = new Registration(what, undoing);
        synchronized (OPEN) {
            OPEN.push(registration);
        }
        return registration;
    }

    /** Undoes all that is registered, newest first. */
    public static void all() {
        while (true) {
            final Registration next;
            synchronized (OPEN) {
                next = OPEN.peek();
            }
            if (next == null) {
                return;
            }
            LOGGER.info("stopping: {}", next.what);
            next.undo();
        }
    }
}

package dev.chaperone.testkit;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.ThrowableProxyUtil;
import ch.qos.logback.core.read.ListAppender;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.LoggerFactory;

/**
 * What was logged at INFO and above since {@link #of}, an event an element: its level, a space, its text, and the stack
 * trace on further lines where there is one. Needs Logback, as every test of this project has it.
 */
public final class LogLines implements AutoCloseable {

    private final Logger logger;
    private final ListAppender<ILoggingEvent> appender = new ListAppender<>();

    private LogLines(Logger logger) {
        this.logger = logger;
    }

    /** Listens to a package, with all below it. */
    public static LogLines of(Package name) {
        return of(name.getName());
    }

    /** Listens to a class. */
    public static LogLines of(Class<?> type) {
        return of(type.getName());
    }

    private static LogLines of(String name) {
        LogLines lines = new LogLines((Logger) LoggerFactory.getLogger(name));
        lines.appender.list = new CopyOnWriteArrayList<>();
        lines.appender.start();
        lines.logger.setLevel(Level.INFO);
        lines.logger.addAppender(lines.appender);
        return lines;
    }

    /** What was logged so far. */
    public List<String> all() {
        return appender.list.stream()
                .map(event -> event.getLevel() + " " + event.getFormattedMessage()
                        + (event.getThrowableProxy() == null
                                ? ""
                                : "\n" + ThrowableProxyUtil.asString(event.getThrowableProxy())))
                .toList();
    }

    @Override
    public void close() {
        logger.detachAppender(appender);
        logger.setLevel(null);
    }
}

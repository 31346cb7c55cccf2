package dev.chaperone.enforcer;

import java.math.BigDecimal;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.util.UUID;

/** A typed value on its way through a mask; each protocol converts its own encodings to and from these. */
public sealed interface Value {

    /** The absence of a value: SQL NULL, JSON null. */
    Value NULL = new Null();

    /** No value. */
    record Null() implements Value {}

    /** Text of any kind. */
    record Text(String value) implements Value {}

    /** A whole number. */
    record Integer(long value) implements Value {}

    /** A number with a fraction. */
    record Decimal(BigDecimal value) implements Value {}

    /** A calendar date. */
    record Date(LocalDate value) implements Value {}

    /** A date and time; zoned types are given in UTC. */
    record Timestamp(LocalDateTime value) implements Value {}

    /** A UUID. */
    record Uuid(UUID value) implements Value {}

    /**
     * An address of a network or of a host in one.
     *
     * @param address 4 or 16 bytes
     * @param prefix how many of its bits name the network
     */
    record Address(byte[] address, int prefix) implements Value {}

    /** The address of a network interface: 6 or 8 bytes. */
    record HardwareAddress(byte[] address) implements Value {}

    /** A span of time, by parts that do not make up for each other: months are not a number of days. */
    record Interval(int months, int days, long microseconds) implements Value {}

    /**
     * Everything between two values.
     *
     * @param lower where it begins, {@link #NULL} when it has no beginning
     * @param lowerIncluded whether that is in it
     * @param upper where it ends, {@link #NULL} when it has no end
     * @param upperIncluded whether that is in it
     * @param empty true when there is nothing in it, so that the rest means nothing
     */
    record Range(Value lower, boolean lowerIncluded, Value upper, boolean upperIncluded, boolean empty)
            implements Value {

        /** The one that nothing is in. */
        public static final Range EMPTY = new Range(NULL, false, NULL, false, true);

        /** What is at or after the one value, and before the other. */
        static Range of(Value lower, Value upper) {
            return new Range(lower, !(lower instanceof Null), upper, false, false);
        }
    }

    /** True or false. */
    record Bool(boolean value) implements Value {}

    /** Bytes, or a value of a type that no other member stands for. */
    record Opaque(byte[] value) implements Value {}
}

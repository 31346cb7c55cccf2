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

    /** True or false. */
    record Bool(boolean value) implements Value {}

    /** Bytes, or a value of a type that no other member stands for. */
    record Opaque(byte[] value) implements Value {}
}

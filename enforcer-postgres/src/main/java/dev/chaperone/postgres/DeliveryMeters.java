package dev.chaperone.postgres;

import io.micrometer.core.instrument.Counter;

/** Counts what clients get, once for each piece that is sent to one. */
final class DeliveryMeters {

    private final Counter rows;
    private final Counter maskedValues;
    private final Counter bytes;

    DeliveryMeters(PostgresMeters meters) {
        rows = meters.counter(PostgresMetric.ROWS);
        maskedValues = meters.counter(PostgresMetric.MASKED_VALUES);
        bytes = meters.counter(PostgresMetric.BYTES);
    }

    void delivered(long moreRows, long moreMaskedValues, long moreBytes) {
        if (moreRows > 0) {
            rows.increment(moreRows);
        }
        if (moreMaskedValues > 0) {
            maskedValues.increment(moreMaskedValues);
        }
        bytes.increment(moreBytes);
    }
}

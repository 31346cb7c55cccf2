/**
 * Masks rows and errors on their way from PostgreSQL to the client.
 *
 * <p>Starting points: {@link dev.chaperone.postgres.masking.RowMask} (what to mask in one result), {@link
 * dev.chaperone.postgres.masking.DataRowMasker} (does it, row by row), {@link
 * dev.chaperone.postgres.masking.ErrorSanitizer} (takes values out of errors and notices).
 */
@NullMarked
package dev.chaperone.postgres.masking;

import org.jspecify.annotations.NullMarked;

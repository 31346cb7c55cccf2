/**
 * Configuration files to records and back to documentation.
 *
 * <p>Starting points: {@link dev.chaperone.cli.config.ConfigBinder} (YAML and environment to validated records), {@link
 * dev.chaperone.cli.config.ConfigReference} (the same records to the reference page).
 */
@NullMarked
package dev.chaperone.cli.config;

import org.jspecify.annotations.NullMarked;

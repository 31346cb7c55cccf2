/** The PostgreSQL enforcer: wire protocol on Netty, SQL analysis by the server's own tree, result masking. */
@NullMarked
package dev.chaperone.postgres;

import org.jspecify.annotations.NullMarked;

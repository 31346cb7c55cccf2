/**
 * What a statement is, what it touches and what it delivers.
 *
 * <p>Starting points: {@link dev.chaperone.postgres.analysis.StatementSplitter} (text to statements, by exact lexing), {@link
 * dev.chaperone.postgres.analysis.QueryAnalyzer} (the server's own query tree to touched columns), {@link
 * dev.chaperone.postgres.analysis.CatalogService} (names behind the tree's OIDs).
 */
@NullMarked
package dev.chaperone.postgres.analysis;

import org.jspecify.annotations.NullMarked;

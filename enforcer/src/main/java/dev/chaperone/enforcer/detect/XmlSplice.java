package dev.chaperone.enforcer.detect;

import java.util.List;

/** Says where XML content can be changed without its markup coming apart: in text, and in the values of attributes. */
final class XmlSplice {

    private XmlSplice() {}

    /** True when no hit is, in part, markup. */
    static boolean allows(byte[] source, int from, List<Hit> hits) {
        int at = from;
        boolean tag = false;
        byte quote = 0;
        for (Hit hit : hits) {
            for (; at < hit.end(); at++) {
                byte c = source[at];
                if (quote != 0) {
                    quote = c == quote ? 0 : quote;
                } else if (tag) {
                    tag = c != '>';
                    quote = c == '"' || c == '\'' ? c : 0;
                } else {
                    tag = c == '<';
                }
                if (at >= hit.start() && tag && quote == 0) {
                    return false;
                }
            }
        }
        return true;
    }
}

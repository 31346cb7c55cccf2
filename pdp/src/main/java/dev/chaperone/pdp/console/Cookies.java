package dev.chaperone.pdp.console;

/**
 * The console's two cookies. With TLS their names say {@code __Host-}, so that browsers take them from this host alone and send
 * them over TLS alone. The session's goes with requests from our own pages only; that of a sign-in under way must also go with the
 * provider's redirect.
 */
final class Cookies {

    private static final int ATTEMPT_SECONDS = 600;

    private final String prefix;
    private final String common;

    Cookies(boolean tls) {
        this.prefix = tls ? "__Host-" : "";
        this.common = "; Path=/; HttpOnly" + (tls ? "; Secure" : "");
    }

    String sessionName() {
        return prefix + "chaperone-session";
    }

    String attemptName() {
        return prefix + "chaperone-sign-in";
    }

    String session(String id) {
        return sessionName() + "=" + id + common + "; SameSite=Strict";
    }

    String noSession() {
        return sessionName() + "=" + common + "; SameSite=Strict; Max-Age=0";
    }

    String attempt(String key) {
        return attemptName() + "=" + key + common + "; SameSite=Lax; Max-Age=" + ATTEMPT_SECONDS;
    }

    String noAttempt() {
        return attemptName() + "=" + common + "; SameSite=Lax; Max-Age=0";
    }
}

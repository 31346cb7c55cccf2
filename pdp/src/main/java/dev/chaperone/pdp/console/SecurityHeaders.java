package dev.chaperone.pdp.console;

import io.netty.handler.codec.http.HttpHeaders;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What every answer tells the browser to forbid: scripts and styles that are not files of ours, requests to anybody else, being
 * framed, guessing types, telling others where one came from.
 */
final class SecurityHeaders {

    private final Map<String, String> headers = new LinkedHashMap<>();

    SecurityHeaders(boolean tls) {
        headers.put(
                "content-security-policy",
                "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                        + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
                        + "require-trusted-types-for 'script'; trusted-types 'none'");
        headers.put("x-content-type-options", "nosniff");
        headers.put("x-frame-options", "DENY");
        headers.put("referrer-policy", "no-referrer");
        headers.put("cross-origin-opener-policy", "same-origin");
        headers.put("cross-origin-resource-policy", "same-origin");
        headers.put("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
        if (tls) {
            headers.put("strict-transport-security", "max-age=31536000");
        }
    }

    void addTo(HttpHeaders response) {
        headers.forEach(response::set);
    }
}

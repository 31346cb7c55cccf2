package dev.chaperone.pdp.console;

import io.netty.handler.codec.http.FullHttpRequest;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.QueryStringDecoder;
import io.netty.handler.codec.http.cookie.Cookie;
import io.netty.handler.codec.http.cookie.ServerCookieDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a browser asks for, taken off the wire.
 *
 * @param method HTTP method
 * @param path decoded path
 * @param query decoded parameters
 * @param headers its headers
 * @param cookies its cookies; one that is there twice is left out
 * @param body what it sends, as UTF-8
 */
record WebRequest(
        String method,
        String path,
        Map<String, List<String>> query,
        HttpHeaders headers,
        Map<String, String> cookies,
        String body) {

    static WebRequest of(FullHttpRequest request) {
        QueryStringDecoder uri = new QueryStringDecoder(request.uri(), StandardCharsets.UTF_8, true, 16);
        return new WebRequest(
                request.method().name(),
                uri.path(),
                uri.parameters(),
                request.headers().copy(),
                cookies(request.headers()),
                request.content().toString(StandardCharsets.UTF_8));
    }

    private static Map<String, String> cookies(HttpHeaders headers) {
        Map<String, String> cookies = new HashMap<>();
        Map<String, Integer> times = new HashMap<>();
        for (String header : headers.getAll(HttpHeaderNames.COOKIE)) {
            for (Cookie cookie : ServerCookieDecoder.STRICT.decodeAll(header)) {
                cookies.put(cookie.name(), cookie.value());
                times.merge(cookie.name(), 1, Integer::sum);
            }
        }
        // Somebody else's cookie beside ours: which one is ours is anybody's guess.
        cookies.keySet().removeIf(name -> times.getOrDefault(name, 0) > 1);
        return cookies;
    }

    @Nullable
    String header(CharSequence name) {
        List<String> all = headers.getAll(name);
        return all.size() == 1 ? all.get(0) : null;
    }

    @Nullable
    String cookie(String name) {
        return cookies.get(name);
    }

    /** The parameter of that name where it is there once. */
    @Nullable
    String parameter(String name) {
        List<String> all = query.getOrDefault(name, List.of());
        return all.size() == 1 ? all.get(0) : null;
    }

    /** Without what nobody is to read in a log. */
    @Override
    public String toString() {
        return "WebRequest[" + method + "]";
    }
}

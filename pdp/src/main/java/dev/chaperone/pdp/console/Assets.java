package dev.chaperone.pdp.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The pages and what belongs to them: the files that are listed here, read once. */
final class Assets {

    private static final String ROOT = "/dev/chaperone/console/";
    private static final String HTML = "text/html; charset=utf-8";
    private static final String SCRIPT = "text/javascript; charset=utf-8";

    private static final Map<String, String> TYPES = Map.ofEntries(
            Map.entry("index.html", HTML),
            Map.entry("console.css", "text/css; charset=utf-8"),
            Map.entry("icon.svg", "image/svg+xml"),
            Map.entry("app.js", SCRIPT),
            Map.entry("api.js", SCRIPT),
            Map.entry("before.js", SCRIPT),
            Map.entry("detail.js", SCRIPT),
            Map.entry("dom.js", SCRIPT),
            Map.entry("enforcers.js", SCRIPT),
            Map.entry("evidence.js", SCRIPT),
            Map.entry("inbox.js", SCRIPT),
            Map.entry("policies.js", SCRIPT),
            Map.entry("replay.js", SCRIPT),
            Map.entry("sessions.js", SCRIPT),
            Map.entry("statement.js", SCRIPT),
            Map.entry("steps.js", SCRIPT));

    private final Map<String, Asset> assets = new HashMap<>();

    Assets() {
        TYPES.forEach((name, type) -> assets.put("/" + name, read(name, type)));
        assets.put("/", read("index.html", HTML));
    }

    /** The file at that path, or that it has not changed; null when there is none. */
    Answer.@Nullable Content answer(String path, @Nullable String knownTag) {
        Asset asset = assets.get(path);
        if (asset == null) {
            return null;
        }
        boolean known = asset.tag().equals(knownTag);
        return Answer.of(known ? 304 : 200, asset.type(), known ? new byte[0] : asset.bytes())
                .withHeader("etag", asset.tag())
                .withHeader("cache-control", "no-cache");
    }

    private record Asset(String type, byte[] bytes, String tag) {}

    private static Asset read(String name, String type) {
        try (InputStream in = Assets.class.getResourceAsStream(ROOT + name)) {
            if (in == null) {
                throw new IllegalStateException("the console's `" + name + "` is missing from this build");
            }
            byte[] bytes = in.readAllBytes();
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return new Asset(type, bytes, '"' + HexFormat.of().formatHex(digest, 0, 16) + '"');
        } catch (IOException e) {
            throw new UncheckedIOException("the console's `" + name + "` cannot be read", e);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("this Java has no SHA-256", e);
        }
    }
}

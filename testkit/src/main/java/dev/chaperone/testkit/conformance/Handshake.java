package dev.chaperone.testkit.conformance;

import com.ongres.scram.client.ScramClient;
import com.ongres.scram.common.StringPreparation;
import com.ongres.scram.common.exception.ScramException;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Logs in by whatever a gateway asks for: nothing, a password in the clear, MD5, or SCRAM-SHA-256. */
final class Handshake {

    private static final int OK = 0;
    private static final int CLEARTEXT = 3;
    private static final int MD5 = 5;
    private static final int SASL = 10;
    private static final int SASL_CONTINUE = 11;
    private static final int SASL_FINAL = 12;

    private final WireClient client;
    private final Endpoint endpoint;
    private @Nullable ScramClient scram;

    Handshake(WireClient client, Endpoint endpoint) {
        this.client = client;
        this.endpoint = endpoint;
    }

    /** Ends at ReadyForQuery, at an error, or at the end of the connection. */
    void run() throws IOException {
        while (true) {
            Message message = client.read();
            if (message == null || message.tag() == 'Z') {
                return;
            }
            if (message.tag() == 'R') {
                try {
                    answer(ByteBuffer.wrap(message.body()));
                } catch (GeneralSecurityException | ScramException e) {
                    throw new IOException("the login at " + endpoint + " cannot be computed", e);
                }
            }
        }
    }

    private void answer(ByteBuffer request) throws GeneralSecurityException, ScramException, IOException {
        int method = request.getInt();
        byte[] rest = new byte[request.remaining()];
        request.get(rest);
        switch (method) {
            case OK, SASL_FINAL -> {}
            case CLEARTEXT -> client.send(Frames.message('p', Frames.string(endpoint.password())));
            case MD5 -> client.send(Frames.message('p', Frames.string(md5(rest))));
            case SASL -> {
                ScramClient made = ScramClient.builder()
                        .advertisedMechanisms(List.of("SCRAM-SHA-256"))
                        .username("*")
                        .password(endpoint.password().toCharArray())
                        .stringPreparation(StringPreparation.POSTGRESQL_PREPARATION)
                        .build();
                scram = made;
                byte[] first = made.clientFirstMessage().toString().getBytes(StandardCharsets.UTF_8);
                client.send(Frames.message('p', Frames.string("SCRAM-SHA-256"), Frames.int32(first.length), first));
            }
            case SASL_CONTINUE -> {
                ScramClient begun = scram;
                if (begun == null) {
                    throw new IOException(endpoint + " goes on with a login that was not begun");
                }
                begun.serverFirstMessage(new String(rest, StandardCharsets.UTF_8));
                client.send(Frames.message(
                        'p', begun.clientFinalMessage().toString().getBytes(StandardCharsets.UTF_8)));
            }
            default -> throw new IOException(endpoint + " asks for authentication method " + method);
        }
    }

    private String md5(byte[] salt) throws GeneralSecurityException {
        MessageDigest digest = MessageDigest.getInstance("MD5");
        digest.update(endpoint.password().getBytes(StandardCharsets.UTF_8));
        digest.update(endpoint.user().getBytes(StandardCharsets.UTF_8));
        String inner = HexFormat.of().formatHex(digest.digest());
        digest.update(inner.getBytes(StandardCharsets.US_ASCII));
        digest.update(Arrays.copyOf(salt, Integer.BYTES));
        return "md5" + HexFormat.of().formatHex(digest.digest());
    }

    /** Encrypts a connection, after asking for it; whoever answers is believed. */
    static Socket tls(Socket plain, String host) throws IOException {
        plain.getOutputStream().write(Frames.sslRequest());
        if (plain.getInputStream().read() != 'S') {
            throw new IOException(host + " does not encrypt connections");
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Anybody()}, null);
            SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, host, plain.getPort(), true);
            socket.startHandshake();
            return socket;
        } catch (GeneralSecurityException e) {
            throw new IOException("no TLS in this Java", e);
        }
    }

    private static final class Anybody implements X509TrustManager {

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}

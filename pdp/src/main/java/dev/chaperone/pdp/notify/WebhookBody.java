package dev.chaperone.pdp.notify;

import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The bodies of web-hooks. Whatever comes from requests is put where the receiver shows it as it is, not where it is markup. */
final class WebhookBody {

    private static final JsonMapper JSON = new JsonMapper();

    /** Slack takes no more fields in a section. */
    private static final int MOST_FIELDS = 10;

    /** Slack takes no longer header. */
    private static final int LONGEST_HEADER = 150;

    private WebhookBody() {}

    static byte[] of(NotifierConfig.Format format, Notice notice) {
        return JSON.writeValueAsBytes(
                switch (format) {
                    case CHAPERONE -> own(notice);
                    case SLACK -> slack(notice);
                    case TEAMS -> teams(notice);
                });
    }

    private static ObjectNode own(Notice notice) {
        ObjectNode body = JSON.createObjectNode();
        body.put("type", "approval." + notice.kind());
        body.put("timestamp", notice.at().toString());
        ObjectNode data = body.putObject("data");
        data.put("approval", notice.approval());
        data.put("title", notice.title());
        data.put("urgent", notice.urgent());
        if (notice.link() != null) {
            data.put("url", notice.link());
        }
        ObjectNode facts = data.putObject("facts");
        notice.facts().forEach(fact -> facts.put(fact.name(), fact.value()));
        return body;
    }

    /** See "Block Kit" in Slack's documentation. */
    private static ObjectNode slack(Notice notice) {
        ObjectNode body = JSON.createObjectNode();
        body.put("text", escaped(notice.title()));
        ArrayNode blocks = body.putArray("blocks");
        String title = notice.title();
        plain(
                blocks.addObject().put("type", "header").putObject("text"),
                title.length() <= LONGEST_HEADER ? title : title.substring(0, LONGEST_HEADER - 1) + "…");
        ArrayNode fields = blocks.addObject().put("type", "section").putArray("fields");
        notice.facts().stream()
                .limit(MOST_FIELDS)
                .forEach(fact -> plain(fields.addObject(), fact.name() + ": " + fact.value()));
        if (notice.link() != null) {
            ObjectNode button = blocks.addObject()
                    .put("type", "actions")
                    .putArray("elements")
                    .addObject()
                    .put("type", "button")
                    .put("url", notice.link());
            plain(button.putObject("text"), "Read and decide");
        }
        return body;
    }

    private static void plain(ObjectNode node, String text) {
        node.put("type", "plain_text").put("text", text).put("emoji", false);
    }

    /** The three characters that are markup in Slack's text. */
    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    /** See "Adaptive Cards", version 1.4; a RichTextBlock shows its runs as they are. */
    private static ObjectNode teams(Notice notice) {
        ObjectNode body = JSON.createObjectNode();
        body.put("type", "message");
        ObjectNode card = body.putArray("attachments")
                .addObject()
                .put("contentType", "application/vnd.microsoft.card.adaptive")
                .putObject("content");
        card.put("$schema", "http://adaptivecards.io/schemas/adaptive-card.json");
        card.put("type", "AdaptiveCard");
        card.put("version", "1.4");
        ArrayNode blocks = card.putArray("body");
        run(blocks.addObject().put("type", "RichTextBlock").putArray("inlines"), notice.title(), true)
                .put("size", "large")
                .put("color", notice.urgent() ? "attention" : "default");
        notice.facts().forEach(fact -> {
            ArrayNode line = blocks.addObject().put("type", "RichTextBlock").putArray("inlines");
            run(line, fact.name() + ": ", true);
            run(line, fact.value(), false);
        });
        if (notice.link() != null) {
            card.putArray("actions")
                    .addObject()
                    .put("type", "Action.OpenUrl")
                    .put("title", "Read and decide")
                    .put("url", notice.link());
        }
        return body;
    }

    private static ObjectNode run(ArrayNode line, String text, boolean bold) {
        return line.addObject().put("type", "TextRun").put("text", text).put("weight", bold ? "bolder" : "default");
    }
}
